"""A guest's way from the mail into the room, with scheduling's own links."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from kernel import publish, unit_of_work
from kernel.base.clock import frozen_at
from plugins.scheduling.events import SessionGiven
from plugins.scheduling.invitations import INVITATIONS
from plugins.scheduling.models import Booking
from plugins.scheduling.services import moving
from tests.plugins.mailbox import mails
from tests.plugins.scheduling.conftest import World, day_after, stamp, world

from .conftest import Wire, ticket

__all__ = ["world"]
GUEST = "eve@example.test"


async def test_the_mail_leads_into_the_room_without_an_account(world: World, run_jobs: Any) -> None:
    site = await world.tenant.sign_in("candidate", name="Ada Novak")
    start = day_after(5, 10)
    booking_id = await world.booked(site, stamp(start))
    assert site.account_id is not None
    with world.tenant.scope():
        await Booking.filter(id=booking_id).update(people=[{"email": GUEST, "role": "guest"}])
        async with unit_of_work():
            await publish(SessionGiven(booking_id, site.account_id, GUEST, "", "guest"))
    await run_jobs(world.tenant)
    link = await _mailed(world, "Invitation")
    eve = world.tenant.visitor()
    early = await eve.get(link)
    room = re.search(r'href="(/sit-in/[^"]+)"', early.text)
    assert room is not None
    with frozen_at(start - timedelta(minutes=5)):
        assert "Go in" in (await eve.get(link)).text
        page = await eve.get(room[1])
        assert page.status == 200
        assert GUEST in page.text
        secret = await ticket(eve, room[1], name="Eve")
        wire = Wire(await eve.socket(f"/guest-rooms/{booking_id}/ws?ticket={secret}"))
        assert (await wire.get("welcome"))["role"] == "guest"

    with world.tenant.scope():
        await moving.reschedule(booking_id, site.account_id, start + timedelta(hours=1))
    await run_jobs(world.tenant)
    assert await wire.closed() == 4004, "the time for which they came is none any more"
    answer = await eve.get(room[1])
    assert answer.status == 410
    newer = await _mailed(world, "Changed")
    assert newer != link
    assert (await eve.get(newer)).status == 200

    with world.tenant.scope():
        assert await INVITATIONS.withdraw(booking_id, GUEST)
        assert not await INVITATIONS.withdraw(booking_id, GUEST)
    assert (await eve.get(newer)).status == 404


async def _mailed(world: World, subject: str) -> str:
    """The address in the newest mail to the guest with this subject."""
    found = [mail for mail in await mails(world.tenant) if mail.to == GUEST and mail.subject.startswith(subject)]
    link = re.search(r"https?://\S*/join/[\w-]+", found[0].text)
    assert link is not None
    return link[0]
