"""At a tenant's own door: whoever has no right to a thing cannot tell it from a missing one.

Its name comes before those of the files that write over this tenant's texts.
"""

from __future__ import annotations

import pytest

from .ear import Ear
from .matrix import Principal, Walk, summary
from .world import Pair, asks_of, astray, locked, rows_of, with_token

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.usefixtures("unhurried")]

#: Routes where a member of the same tenant may learn about others, and why.
SHARED: dict[str, str] = {
    "users.person": "members see each other's public profile",
    "scheduling.any_hold": "interview types are offered to everybody, on public pages",
    "scheduling.api_practice": "the same",
    "scheduling.api_now": "the same",
    "scheduling.api_proposals": "the same",
}


async def test_nobody_without_rights_learns_what_exists(pair: Pair, ear: Ear) -> None:
    """At tenant A's own door: visitors, locked people, members without rights, and tenant B's keys."""
    kit, theirs, routes = pair.ours, pair.theirs, pair.routes()
    owner, abroad = await pair.everybody(kit), await pair.everybody(theirs)
    foreign = await with_token(theirs, abroad, "a token of B at A's door")
    foreign.site = kit.visitor()
    rows = await rows_of(kit)
    assert routes.keys() >= SHARED.keys()
    walks = [
        Walk(who, rows, ear, may=lambda name: routes[name][1].public or name in SHARED, looking=False, a_table=4)
        for who in (
            Principal("a member of A without rights", await kit.sign_in(), terse=True),
            Principal("another interviewer of A", await kit.sign_in("interviewer", "candidate"), terse=True),
            Principal("a visitor of A", kit.visitor()),
            await locked(kit, "A"),
            astray("B's owner with B's session at A's door", kit, abroad),
            foreign,
            await with_token(kit, owner, "a token of A without the scope", weak=True),
        )
    ]
    for walk in walks:
        await walk.over(asks_of(pair))
    assert summary(walks) == ""
