"""Fixtures of the users plugin: an outbox instead of mail, ready answers, a picture."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import Any

import pytest
from PIL import Image

from kernel import Notice, NoticeSink, services
from kernel.testing.people import Site, TenantKit

BIO = "I have interviewed backend engineers for ten years and like to talk about **trade-offs** more than trivia."
MOTIVATION = "I want to give people the honest notes that I never got when I was looking for work."


@dataclass
class Outbox:
    """Takes the place of whoever delivers notices."""

    sent: list[tuple[str, Notice]] = field(default_factory=list)

    async def deliver(self, type_id: str, notices: list[Notice]) -> None:
        self.sent += [(type_id, notice) for notice in notices]

    def types(self) -> list[str]:
        return [type_id for type_id, _notice in self.sent]

    def last(self, type_id: str) -> Notice:
        return [notice for sent, notice in self.sent if sent == type_id][-1]


@pytest.fixture
def outbox(monkeypatch: pytest.MonkeyPatch) -> Outbox:
    box, real = Outbox(), services.get

    def get(wanted: Any) -> Any:
        return box if wanted is NoticeSink else real(wanted)

    monkeypatch.setattr(services, "get", get)
    return box


@pytest.fixture
def no_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    real = services.get
    monkeypatch.setattr(services, "get", lambda wanted: None if wanted is NoticeSink else real(wanted))


def png(width: int = 300, height: int = 200) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), "#336699").save(out, "PNG")
    return out.getvalue()


ABOUT = {"headline": "Staff engineer, storage", "company": "Northwind", "years": "11", "bio": BIO, "act": "next"}
EXPERIENCE = {"skills": "System design, Go, go", "languages": ["en", "de"], "links": "example.com/me", "act": "next"}
RATE = {"rate": "95,50", "motivation": MOTIVATION, "act": "next"}


async def fill_in(site: Site) -> None:
    """Start an application and answer every step."""
    assert (await site.post("/apply")).location == "/apply/step/about"
    for step, answers in (("about", ABOUT), ("experience", EXPERIENCE), ("rate", RATE)):
        answer = await site.post(f"/apply/step/{step}", list(_pairs(answers)))
        assert answer.status == 303, answer.text


def _pairs(values: dict[str, Any]) -> Any:
    for name, value in values.items():
        for one in value if isinstance(value, list) else [value]:
            yield name, one


async def apply_whole(site: Site) -> None:
    """Answer every step and send the application."""
    await fill_in(site)
    version = (await site.get("/apply/step/review")).fields()["version"]
    answer = await site.post("/apply/submit", {"version": version, "agree": "1"})
    assert answer.status == 303, answer.text


async def applied(tenant: TenantKit, **person: str) -> Site:
    """A signed-in candidate whose application waits for a decision."""
    site = await tenant.sign_in("candidate", **person)
    await apply_whole(site)
    return site
