"""JSON twins do what the pages do: people, rubrics, wording, requests about personal data."""

from __future__ import annotations

import base64
import io

from PIL import Image

from kernel.testing.people import TenantKit

V1 = "/api/v1"


def _picture() -> str:
    out = io.BytesIO()
    Image.new("RGB", (300, 200), "teal").save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()


async def test_people_are_locked_unlocked_and_given_roles(tenant: TenantKit) -> None:
    admin, person = await tenant.sign_in("admin"), await tenant.sign_in()
    one = f"{V1}/users/people/{person.account_id}"
    assert (await admin.post(f"{one}/lock", json={})).status == 422
    locked = await admin.post(f"{one}/lock", json={"reason": "abuse of the chat"})
    assert (locked.status, locked.json()["state"]) == (200, "locked")
    assert (await person.get(f"{V1}/me")).status == 401
    assert (await admin.post(f"{one}/unlock")).json()["state"] == "active"
    assert "candidate" in (await admin.post(f"{one}/give", json={"role": "candidate"})).json()["roles"]
    assert "candidate" not in (await admin.post(f"{one}/take", json={"role": "candidate"})).json()["roles"]
    own = f"{V1}/users/people/{admin.account_id}/lock"
    assert (await admin.post(own, json={"reason": "just trying"})).status == 422
    again = await tenant.sign_in(account_id=person.account_id)
    assert (await again.post(f"{one}/lock", json={"reason": "just trying"})).status == 403


async def test_place_and_picture(tenant: TenantKit) -> None:
    site = await tenant.sign_in()
    place = {"locale": "de", "zone": "Asia/Tokyo"}
    saved = (await site.post(f"{V1}/users/place", json=place, method="PUT")).json()
    assert (saved["locale"], saved["zone"]) == ("de", "Asia/Tokyo")
    picture = f"{V1}/users/profile/picture"
    set_ = await site.post(picture, json={"content": _picture()}, method="PUT")
    assert (set_.status, bool(set_.json()["picture_url"])) == (200, True)
    for bad in ("!!!", base64.b64encode(b"no picture").decode()):
        assert (await site.post(picture, json={"content": bad}, method="PUT")).status == 422
    assert (await site.post(picture, method="DELETE")).json()["picture_url"] is None


async def test_rubrics(tenant: TenantKit) -> None:
    admin = await tenant.sign_in("admin")
    criterion = {"id": "depth", "label": "Depth", "anchors": ["a", "b", "c", "d", "e"]}
    body = {"title": "Backend depth", "criteria": [criterion]}
    made = await admin.post(f"{V1}/rubrics", json=body)
    assert made.status == 201
    rubric = made.json()
    one = f"{V1}/rubrics/{rubric['id']}"
    doubled = {**body, "criteria": [criterion, criterion]}
    assert (await admin.post(f"{V1}/rubrics", json=doubled)).status == 422
    change = {**body, "title": "Backend breadth", "version": rubric["version"]}
    changed = await admin.post(one, json=change, method="PUT")
    assert (changed.status, changed.json()["title"]) == (200, "Backend breadth")
    assert (await admin.post(one, json=change, method="PUT")).status == 409
    off = {"version": changed.json()["version"], "active": False}
    assert (await admin.post(f"{one}/active", json=off, method="PUT")).json()["active"] is False


async def test_wording_and_logo(tenant: TenantKit) -> None:
    admin = await tenant.sign_in("admin")
    base = f"{V1}/theming"
    words = {"title": "Lost?", "body": "Go back **home**."}
    assert (await admin.post(f"{base}/texts/404/en", json=words, method="PUT")).json()["own"] is True
    assert "Lost?" in (await admin.get("/nothing-here")).text
    assert (await admin.post(f"{base}/texts/404/en", method="DELETE")).json()["own"] is False
    assert "Lost?" not in (await admin.get("/nothing-here")).text
    assert (await admin.post(f"{base}/texts/404/xx", json=words, method="PUT")).status == 404
    languages = {"default": "en", "offered": ["en", "de"]}
    assert (await admin.post(f"{base}/languages", json=languages, method="PUT")).status == 200
    assert (await admin.get(f"{base}/languages")).json() == languages
    assert (await admin.post(f"{base}/look/logo", json={"content": _picture()}, method="PUT")).status == 200
    assert (await admin.post(f"{base}/look/logo", method="DELETE")).status == 200


async def test_requests_about_personal_data(tenant: TenantKit) -> None:
    admin, person = await tenant.sign_in("admin"), await tenant.sign_in(email="zoe@example.test")
    base = f"{V1}/compliance/desk"
    made = await admin.post(base, json={"email": "zoe@example.test", "kind": "erasure", "note": "by letter"})
    assert made.status == 201
    row = made.json()
    assert [r["id"] for r in (await admin.get(base)).json()["items"]] == [row["id"]]
    short = {"version": row["version"], "reason": "no"}
    assert (await admin.post(f"{base}/{row['id']}/decline", json=short)).status == 422
    withdrawn = f"{V1}/compliance/erasure/{row['id']}/withdraw"
    assert (await admin.post(withdrawn, json={"version": row["version"]})).status == 404  # somebody else's
    taken = await person.post(withdrawn, json={"version": row["version"]})
    assert (taken.status, taken.json()["state"]) == (200, "cancelled")
    assert (await person.get(base)).status == 403
