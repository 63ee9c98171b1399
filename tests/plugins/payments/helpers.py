"""Making payments in tests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from kernel import now, sql
from kernel.base.ids import new_id
from kernel.testing.people import Answer, Site, TenantKit
from plugins.payments import bookkeeping, services
from plugins.payments.api import CheckoutRequest
from plugins.payments.models import Payment

#: Something that no other plugin knows, so that nobody else reacts to its payments.
KIND = "order"


@dataclass(slots=True)
class Deal:
    """A payment that waits to be paid, and whoever is concerned."""

    kit: TenantKit
    payer: Site
    payee_id: UUID | None
    reference_id: UUID
    id: UUID

    @property
    def path(self) -> str:
        return f"/checkout/{self.id}"

    async def row(self) -> Payment:
        with self.kit.scope():
            return await Payment.get(id=self.id)

    async def send(self, card: str = "approve", *, key: str = "", site: Site | None = None) -> Answer:
        """Press Pay, as a form with a key of its own does."""
        return await (site or self.payer).post(self.path, {"card": card, "_key": key or new_id().hex})

    async def paid(self) -> Payment:
        answer = await self.send()
        assert answer.status == 303, answer.text[:500]
        return await self.row()


def request(reference_id: UUID, payer: UUID, payee: UUID | None, **changes: Any) -> CheckoutRequest:
    values: dict[str, Any] = {
        "reference_kind": KIND,
        "reference_id": reference_id,
        "payer_id": payer,
        "payee_id": payee,
        "amount_minor": 6000,
        "currency": "EUR",
        "description": "System design mock interview",
        "return_url": f"/bookings/{reference_id}",
        "cancel_url": f"/book/hold/{reference_id}",
        "expires_at": now() + timedelta(minutes=15),
        **changes,
    }
    return CheckoutRequest(**values)


async def begin(kit: TenantKit, *, payee: bool = True, payer: Site | None = None, **changes: Any) -> Deal:
    """A checkout that was just opened."""
    payer = payer or await kit.sign_in("candidate")
    payee_id = await kit.account("interviewer") if payee else None
    assert payer.account_id is not None
    reference_id = changes.pop("reference_id", new_id())
    with kit.scope():
        session = await services.start(request(reference_id, payer.account_id, payee_id, **changes))
    return Deal(kit, payer, payee_id, reference_id, session.id)


async def balances(kit: TenantKit) -> dict[str, int]:
    """The books in one currency, by account; fails when they do not add up."""
    with kit.scope():
        proof = await bookkeeping.proof()
        assert proof.sound, proof
        return {b.account: b.minor for b in await bookkeeping.balances()}


async def count(kit: TenantKit, table: str, **where: Any) -> int:
    with kit.scope():
        names = list(where)
        clause = "".join(f" AND {name} = ${i + 2}" for i, name in enumerate(names))
        row = await sql(f"SELECT count(*) AS n FROM {table} WHERE tenant_id = $1{clause}", kit.ref.id, *where.values())
        return int(row[0].n)


async def published(kit: TenantKit, name: str) -> list[dict[str, Any]]:
    """Data of the events of one name."""
    from kernel import published_events

    with kit.scope():
        return [dict(event.data) async for event in published_events(name)]
