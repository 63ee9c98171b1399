"""Requesters, agents and tickets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from kernel.base.ids import new_id
from kernel.testing.people import Answer, Site, TenantKit
from plugins.helpdesk.models import Ticket

SECRET = "Zitronenfalter is what only agents may read"


@dataclass(slots=True)
class Desk:
    """A tenant with somebody who asks and somebody who answers."""

    kit: TenantKit
    ada: Site
    maya: Site

    async def ask(self, site: Site | None = None, **fields: Any) -> int:
        """A new ticket; its number."""
        answer = await self.send(site, **fields)
        assert answer.status == 303, answer.text[:3000]
        return int(answer.location.rpartition("/")[2])

    async def send(self, site: Site | None = None, **fields: Any) -> Answer:
        values = {"subject": "No sound at all", "category": "technical", "body": "I hear **nothing**.", **fields}
        return await (site or self.ada).post("/help/new", {"_key": new_id().hex, **values})

    async def row(self, number: int) -> Ticket:
        with self.kit.scope():
            return await Ticket.get(number=number)

    async def write(self, number: int, body: str, site: Site | None = None, **fields: Any) -> Answer:
        """What an agent sends from the page of the ticket, as it is now unless `version` says otherwise."""
        if "version" not in fields:
            fields["version"] = str((await self.row(number)).version)
        values = {"kind": "reply", "body": body, "then": "pending", "_key": new_id().hex, **fields}
        return await (site or self.maya).post(f"/desk/{number}/reply", values)

    async def set(self, number: int, what: str, value: str, version: int | None = None) -> Answer:
        version = version or (await self.row(number)).version
        name = {"assign": "assignee"}.get(what, what)
        return await self.maya.post(f"/desk/{number}/{what}", {name: value, "version": str(version)})

    async def reply(self, number: int, body: str, site: Site | None = None) -> Answer:
        return await (site or self.ada).post(f"/help/{number}/reply", {"body": body, "_key": new_id().hex})


@pytest.fixture
async def desk(tenant: TenantKit) -> Desk:
    ada = await tenant.sign_in("candidate", name="Ada Novak", email="ada@example.test")
    maya = await tenant.sign_in("agent", name="Maya Osei", email="maya@example.test")
    return Desk(tenant, ada, maya)
