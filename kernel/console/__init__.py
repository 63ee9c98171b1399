"""The kernel's own pages: front door, sign-in, plugin switchboard, settings, roles, jobs, health."""
