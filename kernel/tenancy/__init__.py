"""Floor 4: the tenants, what is on for each of them, and their settings."""
