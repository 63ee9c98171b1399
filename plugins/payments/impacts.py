"""What switching payments off would touch: money on its way in and out. Refunds go on to their end."""

from __future__ import annotations

from kernel import SwitchImpact, current_tenant, ngettext, sql_one

from .states import OPEN


async def on_its_way() -> list[str]:
    """Payments that people are about to make, and refunds that have not arrived."""
    row = await sql_one(
        "SELECT (SELECT count(*) FROM payments_payment WHERE tenant_id = $1 AND state = ANY($2)) AS open,"
        " (SELECT count(*) FROM payments_refund WHERE tenant_id = $1 AND state = 'created') AS refunds",
        current_tenant().id, sorted(OPEN),
    )  # fmt: skip
    found = []
    if row is not None and row.open:
        words = ngettext("%(num)s payment is under way", "%(num)s payments are under way", row.open)
        found.append(words % {"num": row.open})
    if row is not None and row.refunds:
        words = ngettext("%(num)s refund still arrives", "%(num)s refunds still arrive", row.refunds)
        found.append(words % {"num": row.refunds})
    return found


IMPACTS = [SwitchImpact(name="payments.on_its_way", tell=on_its_way)]
