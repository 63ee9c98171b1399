"""The life of a session as pure functions: no clock, no database, no network."""
