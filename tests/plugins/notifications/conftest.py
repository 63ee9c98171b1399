"""A real mail server that answers as a test wants, and short ways to deliver notices."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from ipaddress import ip_network
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port
from aiosmtpd.controller import Controller

from kernel import Notice, NoticeSink, services, unit_of_work
from kernel.app import Greenroom
from kernel.testing.people import TenantKit

from .hooks import Receiver

TEST = "notifications.test"

Deliver = Callable[..., Awaitable[None]]


def notice(key: str = "k", /, **given: Any) -> Notice:
    """A notice with what a test does not care about filled in."""
    return Notice(**{"key": key, "subject": "Hello {name}", "body": "Dear {name}.", "params": {"name": "Ada"}} | given)


@pytest.fixture
def deliver() -> Deliver:
    """`await deliver(tenant, notice(...), ...)`: hand notices to the sink, committed."""

    async def run(tenant: TenantKit, *notices: Notice, type_id: str = TEST) -> None:
        with tenant.scope():
            sink = services.need(NoticeSink)
            async with unit_of_work():
                await sink.deliver(type_id, list(notices))

    return run


@dataclass
class Inbox:
    """What arrived at the mail server.

    `at_rcpt` and `at_data` are answers other than yes; `hang_up` gives none, `slow` gives it so many seconds late.
    """

    messages: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    at_rcpt: str = ""
    at_data: str = ""
    hang_up: bool = False
    slow: float = 0.0

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if self.at_rcpt:
            return self.at_rcpt
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.at_data:
            return self.at_data
        parsed = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        self.messages.append(parsed)
        self.recipients += envelope.rcpt_tos
        self.senders.append(envelope.mail_from)
        await asyncio.sleep(self.slow)
        if self.hang_up:
            server.transport.abort()
        return "250 OK"


@pytest.fixture
def smtp(greenroom: Greenroom) -> Iterator[Inbox]:
    """Mail goes to a real server on this machine."""
    inbox = Inbox()
    port = unused_port()
    controller = Controller(inbox, hostname="127.0.0.1", port=port, ready_timeout=10)
    controller.start()
    before = greenroom.runtime.config
    greenroom.runtime.config = replace(before, smtp_url=f"smtp://127.0.0.1:{port}")
    yield inbox
    greenroom.runtime.config = before
    controller.stop()


@pytest.fixture
async def receiver(greenroom: Greenroom) -> AsyncIterator[Receiver]:
    """A real server on this machine that takes webhooks."""
    box, app = Receiver(), web.Application()
    app.router.add_post("/hook", box.take)
    server = TestServer(app)
    await server.start_server()
    box.url = str(server.make_url("/hook"))
    before = greenroom.runtime.config
    greenroom.runtime.config = replace(before, outbound_allow=(ip_network("127.0.0.0/8"),))
    yield box
    greenroom.runtime.config = before
    await server.close()


@pytest.fixture
def no_server(greenroom: Greenroom) -> Iterator[None]:
    """As in production without a mail server."""
    before = greenroom.runtime.config
    greenroom.runtime.config = replace(before, mode="production")
    yield
    greenroom.runtime.config = before
