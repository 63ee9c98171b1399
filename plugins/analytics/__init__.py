"""Usage analytics: how a tenant is doing, from what the other plugins announce.

For: a daily rollup of events (bookings, sessions, money, ratings, sign-ups), the dashboard over it, its CSV, and a
recount that gives the same figures again.
Not for: books and invoices (payments: the ledger is what counts for accounting), the audit trail (compliance).
Other plugins are known by the names of their events only, so any of them may be off or absent.
Services: none. Events: none of its own.
Listens to: scheduling.booking_confirmed.v1, scheduling.booking_cancelled.v1, scheduling.booking_completed.v1,
payments.payment_succeeded.v1, payments.payment_refunded.v1, feedback.review_submitted.v1, users.signed_up.v1,
live.session_ended.v1.
Rooms beyond the usual: counting.py (an event's increments), figures.py (from counts to figures), dashboard.py
(figures as a page shows them), catalogue.py (what each figure means), words.py and csvs.py.
"""
