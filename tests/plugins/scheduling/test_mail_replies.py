"""Where answers to mails about sessions go, and how one is rid of those one need not have."""

from __future__ import annotations

from typing import Any

from kernel import set_setting, unit_of_work
from tests.plugins.notifications.conftest import Inbox, smtp

from .conftest import World

__all__ = ["smtp"]


async def test_answers_go_to_the_tenants_address_or_to_none(world: World, smtp: Inbox, run_jobs: Any) -> None:
    site = await world.tenant.sign_in("candidate")
    await world.booked(site)
    await run_jobs(world.tenant)
    first = [m for m in smtp.messages if "reply-to" in {name.lower() for name in m}]
    assert len(smtp.messages) >= 2
    assert first == []  # from no-reply@...: there is nobody to answer
    assert all(m["From"].addresses[0].username == "no-reply" for m in smtp.messages)
    with world.tenant.scope():
        async with unit_of_work():
            await set_setting("notifications.reply_to", "help@acme.example")
    smtp.messages.clear()
    await world.booked(site)
    await run_jobs(world.tenant)
    assert len(smtp.messages) >= 2
    assert {m["Reply-To"] for m in smtp.messages} == {"help@acme.example"}
    for message in smtp.messages:
        # People answer the house, never each other's private address.
        assert str(message["From"]).count("@") == 1
