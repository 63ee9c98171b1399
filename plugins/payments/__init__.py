"""Payments: taking money for what other plugins sell, giving it back, and a ledger that always balances.

For: hosted checkout (a sandbox provider is built in), receipts, refunds, the payee's earnings with hold and release,
double-entry bookkeeping. Not for: prices and policies (whoever sells decides them), payouts to bank accounts,
subscriptions, invoices with tax law.

Publishes: payments.payment_succeeded.v1, payments.payment_failed.v1, payments.payment_expired.v1,
payments.payment_refunded.v1, payments.earnings_released.v1.
Serves: payments.Checkout. Listens (by name) to scheduling.booking_cancelled.v1, scheduling.booking_expired.v1,
scheduling.booking_completed.v1.
"""
