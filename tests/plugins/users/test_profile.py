"""One's own profile and picture, and what others see of it."""

from __future__ import annotations

import io

import aiohttp
import pytest
from PIL import Image

from kernel import accounts, new_id

from .conftest import png

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def form(**changes: object) -> list[tuple[str, str]]:
    values: dict[str, object] = {
        "name": "Ida Berg", "pronouns": "she/her", "headline": "Backend engineer", "bio": "I **like** queues.",
        "target_roles": "Staff engineer, Staff Engineer, Lead", "links": "example.com/ida",
        "visible": ["headline", "bio"],
    }  # fmt: skip
    values |= changes
    return [(k, str(v)) for k, vs in values.items() for v in (vs if isinstance(vs, list) else [vs])]


def picture(data: bytes, name: str = "me.png", kind: str = "image/png") -> aiohttp.FormData:
    body = aiohttp.FormData()
    body.add_field("picture", data, filename=name, content_type=kind)
    return body


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": ""}, "Enter your name"),
        ({"links": "javascript:alert(1)"}, "Write web addresses"),
        ({"bio": "write to ida@example.test"}, "Leave out email addresses"),
        ({"headline": "call +49 170 1234567"}, "Leave out email addresses"),
        ({"headline": "x" * 121}, "at most 120"),
        ({"links": "\n".join(f"https://example.com/{n}" for n in range(9))}, "at most 8"),
    ],
)
async def test_refused_values_are_kept_and_explained(tenant, changes, words) -> None:
    site = await tenant.sign_in("candidate")
    answer = await site.post("/profile", form(**changes))
    assert answer.status == 422
    assert words in answer.text
    assert 'value="she/her"' in answer.text
    assert 'value="she/her"' not in (await site.get("/profile")).text


async def test_profile_is_saved_and_others_see_only_what_is_ticked(tenant) -> None:
    site = await tenant.sign_in("candidate")
    assert (await site.post("/profile", form())).location == "/profile"
    own = await site.get("/profile")
    assert 'value="Staff engineer, Lead"' in own.text
    assert "https://example.com/ida" in own.text
    other = await tenant.sign_in("candidate")
    seen = await other.get(f"/people/{site.account_id}")
    assert "Backend engineer" in seen.text
    assert "<strong>like</strong>" in seen.text
    assert "she/her" not in seen.text
    assert "example.com/ida" not in seen.text
    assert "Staff engineer" not in seen.text
    assert (await tenant.visitor().get(f"/people/{site.account_id}")).status == 303


async def test_script_in_a_profile_is_dead_text(tenant) -> None:
    site = await tenant.sign_in("candidate")
    evil = "<script>alert(1)</script> [x](javascript:alert(1))"
    assert (await site.post("/profile", form(bio=evil, headline="<b>bold</b>"))).status == 303
    for path in ("/profile", f"/people/{site.account_id}"):
        text = (await site.get(path)).text
        assert "<script>alert" not in text
        assert "<b>bold" not in text
        assert 'href="javascript' not in text


async def test_preview_draws_without_saving(tenant) -> None:
    site = await tenant.sign_in("candidate")
    answer = await site.post("/profile", form(preview="1"))
    assert answer.status == 200
    assert "<strong>like</strong>" in answer.text
    assert "Backend engineer" not in (await site.get("/profile")).text


async def test_language_and_zone_are_checked_and_count_at_once(tenant) -> None:
    site = await tenant.sign_in("candidate")
    assert (await site.post("/profile/place", {"locale": "xx", "zone": "Europe/Berlin"})).status == 422
    assert (await site.post("/profile/place", {"locale": "de", "zone": "Mars/Base"})).status == 422
    assert (await site.post("/profile/place", {"locale": "de", "zone": "Asia/Tokyo"})).status == 303
    page = await site.get("/profile")
    assert '<html lang="de"' in page.text
    assert 'data-zone="Asia/Tokyo"' in page.text


async def test_picture_is_remade_square_small_and_without_metadata(tenant) -> None:
    site = await tenant.sign_in("candidate")
    url = f"/people/{site.account_id}/picture"
    assert (await site.get(url)).status == 404
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    Image.new("RGB", (640, 400), "#993322").save(out, "JPEG", exif=exif)
    assert (await site.post("/profile/picture", picture(out.getvalue(), "me.svg", "image/svg+xml"))).status == 303
    for path, edge in ((url, 256), (f"{url}?size=64", 64)):
        answer = await site.get(path)
        assert (answer.status, answer.headers["Content-Type"]) == (200, "image/webp")
        assert b"taken at home" not in answer.body
        made = Image.open(io.BytesIO(answer.body))
        assert (made.size, made.format) == ((edge, edge), "WEBP")
    page = await site.get("/profile")
    assert f'src="{url}?v=' in page.text
    assert (await site.post("/profile/picture/remove")).status == 303
    assert (await site.get(url)).status == 404
    assert 'class="avatar xl" aria-hidden="true"' in (await site.get("/profile")).text


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (SVG, "not a picture we can read"),
        (b"GIF89a" + b"\0" * 20, "damaged"),
        (b"\x89PNG\r\n\x1a\n<?php echo 1 ?>", "damaged"),
        (b"\xff\xd8\xff" + b"x" * (8 * 1024 * 1024 + 10), "too large"),
    ],
)
async def test_what_is_no_picture_is_refused(tenant, data, words) -> None:
    site = await tenant.sign_in("candidate")
    answer = await site.post("/profile/picture", picture(data))
    assert answer.status == 422
    assert words in answer.text
    assert (await site.get(f"/people/{site.account_id}/picture")).status == 404


async def test_an_empty_or_huge_upload_is_told(tenant) -> None:
    site = await tenant.sign_in("candidate")
    assert "Choose a picture first" in (await site.post("/profile/picture", {})).text
    assert (await site.post("/profile/picture", picture(b"\xff\xd8\xff" + b"x" * (10 * 1024 * 1024)))).status == 413


async def test_pictures_follow_the_owner_s_choice(tenant, other_tenant) -> None:
    site = await tenant.sign_in("candidate")
    url = f"/people/{site.account_id}/picture"
    await site.post("/profile/picture", picture(png()))
    other = await tenant.sign_in("candidate")
    assert (await other.get(url)).status == 200
    assert (await tenant.visitor().get(url)).status == 404
    await site.post("/profile", form(visible=["bio"]))
    assert (await other.get(url)).status == 404
    assert (await site.get(url)).status == 200
    assert (await (await tenant.sign_in("admin")).get(url)).status == 200
    stranger = await other_tenant.sign_in("admin")
    assert (await stranger.get(url)).status == 404
    assert (await stranger.get(f"/people/{site.account_id}")).status == 404


async def test_ids_that_are_none(tenant) -> None:
    site = await tenant.sign_in("candidate")
    for bad in ("x", "0", "%F0%9F%98%80", str(new_id()), "../../etc"):
        assert (await site.get(f"/people/{bad}")).status == 404
        assert (await site.get(f"/people/{bad}/picture")).status == 404


async def test_account_menu_leads_to_the_profile(tenant) -> None:
    site = await tenant.sign_in("candidate")
    home = await site.get("/home")
    assert 'href="/profile"' in home.text
    assert 'href="/interviewer/profile"' not in home.text
    interviewer = await tenant.sign_in("interviewer")
    assert 'href="/interviewer/profile"' in (await interviewer.get("/home")).text
    owner = await tenant.sign_in("owner")
    assert 'href="/interviewer/profile"' not in (await owner.get("/home")).text
    assert (await owner.get("/interviewer/profile")).status == 404


async def test_names_survive_odd_input(tenant) -> None:
    site = await tenant.sign_in("candidate")
    assert (await site.post("/profile", form(name="  Íñigo \u202e  Ó'Neill‍ "))).status == 303
    with tenant.scope():
        assert (await accounts.account(site.account_id)).name == "Íñigo Ó'Neill"


async def test_top_bar_shows_the_own_picture_to_its_owner_alone(tenant) -> None:
    site = await tenant.sign_in("candidate")
    assert (await site.get("/account/picture")).status == 404
    assert "/account/picture" not in (await site.get("/home")).text
    await site.post("/profile/picture", picture(png()))
    assert 'src="/account/picture?v=' in (await site.get("/home")).text
    assert (await site.get("/account/picture")).headers["Content-Type"] == "image/webp"
    other = await tenant.sign_in("candidate")
    assert (await other.get("/account/picture")).status == 404
    assert (await tenant.visitor().get("/account/picture")).status == 303
