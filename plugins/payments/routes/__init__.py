"""HTML pages: parse, call a service, draw."""

from __future__ import annotations

from kernel import SIGNED_IN, Route

from ..permissions import LEDGER, MANAGE
from . import admin, checkout, ledger, mine

ROUTES = [
    Route(method="GET", path="/checkout/{id}", handler=checkout.show, name="payments.checkout", permission=SIGNED_IN),
    Route(method="POST", path="/checkout/{id}", handler=checkout.pay, name="payments.pay", permission=SIGNED_IN,
          idempotent=True, rate="60/60"),
    Route(method="GET", path="/checkout/{id}/confirm", handler=checkout.show_bank, name="payments.bank",
          permission=SIGNED_IN),
    Route(method="POST", path="/checkout/{id}/confirm", handler=checkout.answer_bank, name="payments.bank_post",
          permission=SIGNED_IN, idempotent=True, rate="60/60",
          no_twin="plays the bank's own page, where the payer proves who they are"),
    Route(method="POST", path="/checkout/{id}/cancel", handler=checkout.cancel, name="payments.cancel",
          permission=SIGNED_IN, idempotent=True, rate="60/60"),
    Route(method="GET", path="/payments", handler=mine.payments, name="payments.mine", permission=SIGNED_IN),
    Route(method="GET", path="/payments/{id}", handler=mine.receipt, name="payments.receipt", permission=SIGNED_IN),
    Route(method="GET", path="/earnings", handler=mine.earned, name="payments.earnings", permission=SIGNED_IN),
    Route(method="GET", path="/admin/payments", handler=admin.show_list, name="payments.admin", permission=MANAGE),
    Route(method="GET", path="/admin/payments.csv", handler=admin.as_csv, name="payments.admin_csv",
          permission=MANAGE, rate="20/60"),
    Route(method="GET", path="/admin/payments/{id}", handler=admin.show_one, name="payments.admin_one",
          permission=MANAGE),
    Route(method="GET", path="/admin/payments/{id}/refund", handler=admin.refund_form, name="payments.refund",
          permission=MANAGE),
    Route(method="POST", path="/admin/payments/{id}/refund", handler=admin.refund, name="payments.refund_post",
          permission=MANAGE, idempotent=True),
    Route(method="GET", path="/admin/ledger", handler=ledger.show, name="payments.ledger", permission=LEDGER),
    Route(method="GET", path="/admin/ledger.csv", handler=ledger.as_csv, name="payments.ledger_csv",
          permission=LEDGER, rate="20/60"),
]  # fmt: skip
