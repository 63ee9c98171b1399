"""HTML handlers: parse, call a service, draw."""
