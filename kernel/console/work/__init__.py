"""Pages and JSON about work in the background: jobs, events, and parts that fail."""
