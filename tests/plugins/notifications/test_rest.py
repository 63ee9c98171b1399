"""The JSON twins."""

from __future__ import annotations

from uuid import uuid4

from kernel.testing.people import TenantKit
from plugins.notifications.models import Message

from .conftest import TEST, Deliver, notice

LIST = "/api/v1/notifications"


async def test_strangers_get_nothing(tenant: TenantKit) -> None:
    site = tenant.visitor()
    assert (await site.get(LIST)).status == 401
    assert (await site.post(f"{LIST}/read", json={})).status in (401, 403)


async def test_odd_input_is_refused_with_the_field(tenant: TenantKit) -> None:
    site = await tenant.sign_in()
    assert (await site.get(f"{LIST}?limit=0")).status == 422
    assert (await site.post(f"{LIST}/read", json={"ids": ["x"]})).status == 422
    assert (await site.post(f"{LIST}/read", json={"read": False})).status == 422
    assert (await site.post(f"{LIST}/read", json={"all": True})).status == 422


async def test_messages_are_listed_and_marked(tenant: TenantKit, deliver: Deliver) -> None:
    site, other = await tenant.sign_in(), await tenant.sign_in()
    await deliver(
        tenant,
        notice("1", account_id=site.account_id, action_url="/home", action_label="Go"),
        notice("2", account_id=site.account_id),
        notice("x", account_id=other.account_id),
    )
    found = (await site.get(LIST)).json()
    assert len(found["items"]) == 2
    assert (await site.get(f"{LIST}/unread")).json() == {"unread": 2}
    first = found["items"][1]
    assert (first["subject"], first["text"], first["action_url"], first["type"]) == (
        "Hello Ada", "Dear Ada.", "/home", TEST,
    )  # fmt: skip
    with tenant.scope():
        foreign = await Message.get(account_id=other.account_id)
    for strange in (foreign.id, uuid4()):
        assert (await site.post(f"{LIST}/read", json={"ids": [str(strange)]})).status == 404
    assert (await site.post(f"{LIST}/read", json={"ids": [first["id"]]})).json() == {"unread": 1}
    assert len((await site.get(f"{LIST}?show=unread")).json()["items"]) == 1
    assert (await site.post(f"{LIST}/read", json={"ids": [first["id"]], "read": False})).json() == {"unread": 2}
    assert (await site.post(f"{LIST}/read", json={})).json() == {"unread": 0}
    assert (await other.get(f"{LIST}/unread")).json() == {"unread": 1}


async def test_preferences_are_read_and_written(tenant: TenantKit) -> None:
    site = await tenant.sign_in()
    path = f"{LIST}/preferences"
    before = {(p["type"], p["channel"]): p for p in (await site.get(path)).json()["preferences"]}
    assert before[TEST, "email"]["wanted"]
    assert before["notifications.address_refused", "inapp"]["locked"]
    sent = [
        {"type": TEST, "channel": "email", "wanted": False},
        {"type": "notifications.address_refused", "channel": "inapp", "wanted": False},
    ]
    answer = await site.post(path, json={"preferences": sent}, method="PUT")
    after = {(p["type"], p["channel"]): p["wanted"] for p in answer.json()["preferences"]}
    assert not after[TEST, "email"]
    assert after[TEST, "inapp"]
    assert after["notifications.address_refused", "inapp"]
