"""Accountability and the rights of people over their data.

For: the audit log (append-only, hash-chained per tenant, verifiable, searchable, exported), "Your data" (a map of what
every installed plugin holds about a person, its download, the request to be erased), and the administrators' desk for
such requests with a certificate of what was erased and kept.
Not for: saying what is audited (whoever acts calls `audit.record`), erasing itself (each plugin's privacy provider).
Events: compliance.request_received.v1, compliance.export_ready.v1, compliance.request_closed.v1.
Services: none. Optional neighbours: scheduling.Bookings (upcoming sessions stand in the way of an erasure).
"""
