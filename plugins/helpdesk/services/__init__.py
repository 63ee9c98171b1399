"""Use cases: the only writers of tickets."""
