"""Outgoing webhooks: every event of the tenant, signed, to addresses of its own choosing; retried and recorded."""
