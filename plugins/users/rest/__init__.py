"""JSON twins of the pages: the same services, for programs."""
