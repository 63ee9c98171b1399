"""Rows about money. Written by services only; the ledger's are never changed, which PostgreSQL sees to itself.

Amounts are integer minor units. A ledger line is a debit when positive and a credit when negative.
"""

from __future__ import annotations

from tortoise import fields

from kernel import TenantModel, Timestamped, VersionedModel, now


class Payment(Timestamped, VersionedModel, TenantModel):
    """One attempt of a payer to pay for one thing. For one reference only one is open or paid (a unique index).

    `refunded_minor` includes refunds under way. The shares are fixed when the money arrives: `payee_minor`,
    `commission_minor` (without its tax), `tax_minor`; what is left over by rounding has an account of its own.
    `commission_percent` and `tax_percent` are those of the moment when the payment was asked for. `adds_to_kind` and
    `adds_to_id`: the reference whose price this payment raised.
    """

    reference_kind = fields.CharField(max_length=40)
    reference_id = fields.UUIDField()
    adds_to_kind = fields.CharField(max_length=40, default="", db_default="")
    adds_to_id = fields.UUIDField(null=True)
    payer_id = fields.UUIDField()
    payee_id = fields.UUIDField(null=True)
    amount_minor = fields.BigIntField()
    refunded_minor = fields.BigIntField(default=0)
    currency = fields.CharField(max_length=3)
    description = fields.CharField(max_length=200)
    state = fields.CharField(max_length=20, default="created")
    reason = fields.CharField(max_length=60, default="")
    gateway = fields.CharField(max_length=30)
    gateway_ref = fields.CharField(max_length=120, default="")
    checkout_url = fields.CharField(max_length=1000, default="")
    method = fields.CharField(max_length=40, default="")
    commission_percent = fields.IntField()
    tax_percent = fields.IntField()
    payee_minor = fields.BigIntField(default=0)
    commission_minor = fields.BigIntField(default=0)
    tax_minor = fields.BigIntField(default=0)
    receipt_no = fields.IntField(null=True)
    return_url = fields.CharField(max_length=500)
    cancel_url = fields.CharField(max_length=500)
    expires_at = fields.DatetimeField()
    paid_at = fields.DatetimeField(null=True)
    release_at = fields.DatetimeField(null=True)
    released_at = fields.DatetimeField(null=True)
    release_why = fields.CharField(max_length=40, default="")

    class Meta:
        table = "payments_payment"
        unique_together = (("tenant_id", "receipt_no"),)
        indexes = (
            ("tenant_id", "reference_kind", "reference_id"),
            ("tenant_id", "adds_to_id"),
            ("tenant_id", "payer_id", "created_at"),
            ("tenant_id", "payee_id", "paid_at"),
            ("tenant_id", "state", "created_at"),
        )
        personal = ("payer_id", "payee_id", "description")


class PaymentStep(TenantModel):
    """One transition of a payment: who, when, why. Never changed."""

    payment_id = fields.UUIDField()
    before = fields.CharField(max_length=20)
    after = fields.CharField(max_length=20)
    actor_id = fields.UUIDField(null=True)
    reason = fields.CharField(max_length=200, default="")
    at = fields.DatetimeField(default=now)

    class Meta:
        table = "payments_step"
        indexes = (("tenant_id", "payment_id"),)
        personal = ("actor_id",)


class Refund(VersionedModel, TenantModel):
    """Money on its way back, or there. `key` says which fact it answers: the same fact refunds once.

    `bearer` is `shared` (payee and house give back their shares) or `house` (goodwill, the payee keeps everything).
    """

    payment: fields.ForeignKeyRelation[Payment] = fields.ForeignKeyField(
        "payments.Payment", related_name="refunds", on_delete=fields.RESTRICT
    )
    key = fields.CharField(max_length=120)
    amount_minor = fields.BigIntField()
    currency = fields.CharField(max_length=3)
    bearer = fields.CharField(max_length=10, default="shared")
    reason = fields.CharField(max_length=300)
    state = fields.CharField(max_length=12, default="created")
    gateway_ref = fields.CharField(max_length=120, default="")
    refund_no = fields.IntField(null=True)
    actor_id = fields.UUIDField(null=True)
    created_at = fields.DatetimeField(default=now)
    done_at = fields.DatetimeField(null=True)

    class Meta:
        table = "payments_refund"
        unique_together = (("tenant_id", "payment_id", "key"), ("tenant_id", "refund_no"))
        indexes = (("tenant_id", "state"),)
        personal = ("reason", "actor_id")


class Series(TenantModel):
    """The last number given in a series without gaps; counted on in the transaction that uses it."""

    name = fields.CharField(max_length=20)
    number = fields.IntField(default=0)

    class Meta:
        table = "payments_series"
        unique_together = (("tenant_id", "name"),)


class LedgerEntry(TenantModel):
    """One fact in the books, with two lines or more that sum to zero. `key` is unique: a fact is booked once."""

    key = fields.CharField(max_length=120)
    kind = fields.CharField(max_length=20)
    payment: fields.ForeignKeyRelation[Payment] = fields.ForeignKeyField(
        "payments.Payment", related_name="entries", on_delete=fields.RESTRICT
    )
    line_count = fields.IntField()
    actor_id = fields.UUIDField(null=True)
    at = fields.DatetimeField(default=now)

    class Meta:
        table = "payments_ledger_entry"
        unique_together = (("tenant_id", "key"),)
        indexes = (("tenant_id", "at"), ("tenant_id", "payment_id"))
        personal = ("actor_id",)


class LedgerLine(TenantModel):
    """An amount on an account of the books; `owner_id` is the payee on the accounts that are kept per payee."""

    entry: fields.ForeignKeyRelation[LedgerEntry] = fields.ForeignKeyField(
        "payments.LedgerEntry", related_name="lines", on_delete=fields.RESTRICT
    )
    account = fields.CharField(max_length=40)
    owner_id = fields.UUIDField(null=True)
    amount_minor = fields.BigIntField()
    currency = fields.CharField(max_length=3)

    class Meta:
        table = "payments_ledger_line"
        indexes = (("tenant_id", "entry_id"), ("tenant_id", "owner_id", "account"), ("tenant_id", "account"))
        personal = ("owner_id",)


class SandboxCharge(TenantModel):
    """What the built-in provider knows of a payment: the other side of the counter, for settling the unknown."""

    payment_id = fields.UUIDField()
    outcome = fields.CharField(max_length=20)
    card = fields.CharField(max_length=20)
    settles_at = fields.DatetimeField(null=True)

    class Meta:
        table = "payments_sandbox_charge"
        unique_together = (("tenant_id", "payment_id"),)
