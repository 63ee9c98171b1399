"""What booking asks of the database: so many statements, however long the calendar is."""

from __future__ import annotations

from kernel.testing.people import TenantKit
from kernel.testing.watching import Counted, counting_queries

from .conftest import World

API = "/api/v1/scheduling/bookings"


async def test_a_booking_costs_few_statements_and_not_more_with_a_full_calendar(
    world: World, tenant: TenantKit
) -> None:
    site = await tenant.sign_in("candidate")
    starts = await world.starts(site)
    costs = []
    for n in range(6):
        with counting_queries() as hold:
            held = await site.post(
                API, json={"interviewer": world.slug, "type": world.kind.slug, "start": starts[n * 4]}
            )
        assert held.status == 201, held.text
        with counting_queries() as confirm:
            done = await site.post(f"{API}/{held.json()['id']}/confirm", json={"goal": "x"})
        assert (done.status, done.json()["status"]) == (200, "accepted"), done.text
        costs.append((len(hold), len(confirm)))
    # The first ones read what is kept in memory afterwards. How many reminders lie ahead depends on the start.
    assert {cost for cost, _confirm in costs[1:]} == {costs[1][0]}
    assert costs[-1][0] <= 15, said(hold)
    assert max(cost for _hold, cost in costs[1:]) <= 20, said(confirm)


def said(counted: Counted) -> str:
    return "\n".join(statement[:200] for statement in counted.statements)
