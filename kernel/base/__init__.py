"""Floor 1: plain data and pure helpers. Imports nothing else of the kernel."""
