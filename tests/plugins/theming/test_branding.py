"""The look of a tenant: refused when it cannot be read, live with the next page when it is saved."""

from __future__ import annotations

import asyncio
import io
import re
from typing import Any

import aiohttp
import pytest
from PIL import Image

from kernel import set_setting, setting
from kernel.base.errors import Invalid
from kernel.testing.people import Answer, Site, TenantKit
from plugins.theming import palette
from plugins.theming.palette import Finding

LOOK = {"name": "Fern & Co", "tagline": "In peace", "color": "#0f766e", "radius": "14", "font": "serif", "do": "save"}


def sheet_of(answer: Answer) -> str:
    found = re.search(r'href="(/theme/[0-9a-f]{12}\.css)"', answer.text)
    assert found is not None, "the page names no theme"
    return found[1]


def picture(kind: str = "PNG", size: tuple[int, int] = (400, 100)) -> bytes:
    out = io.BytesIO()
    Image.new("RGBA" if kind != "JPEG" else "RGB", size, (20, 120, 90)).save(out, kind, pnginfo=None)
    return out.getvalue()


async def send_logo(site: Site, data: bytes, name: str = "logo.png", kind: str = "image/png") -> Answer:
    form = aiohttp.FormData()
    form.add_field("logo", data, filename=name, content_type=kind)
    return await site.post("/admin/branding/logo", form)


# --- refusals ------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"color": "red"}, "Choose a colour such as #4f46e5."),
        ({"color": "#12345"}, "Choose a colour such as #4f46e5."),
        ({"color": '#fff"}body{'}, "Choose a colour such as #4f46e5."),
        ({"radius": "17"}, "Enter a number"),
        ({"radius": "-1"}, "Enter a number"),
        ({"font": "comic"}, "Choose one of the options"),
        ({"name": "x" * 61}, "Use at most 60 characters."),
        ({"tagline": "x" * 161}, "Use at most 160 characters."),
    ],
)
async def test_a_bad_value_is_refused_and_the_form_kept(tenant: TenantKit, changed: dict[str, str], words: str) -> None:
    admin = await tenant.sign_in("admin")
    before = sheet_of(await admin.get("/admin/branding"))
    answer = await admin.post("/admin/branding", LOOK | changed)
    assert answer.status == 422
    assert words in answer.text
    assert "In peace" in answer.text or "tagline" in changed
    assert sheet_of(await admin.get("/admin/branding")) == before


async def test_a_palette_that_fails_its_audit_is_not_saved(tenant: TenantKit, monkeypatch: pytest.MonkeyPatch) -> None:
    admin = await tenant.sign_in("admin")
    monkeypatch.setattr(palette, "audit", lambda brand: [Finding("light", "text", "bg", 2.0, 4.5)])
    answer = await admin.post("/admin/branding", LOOK)
    assert answer.status == 422
    assert "some texts could not be read" in answer.text
    with tenant.scope():
        assert setting("theming.brand_color") == "#4f46e5"
        with pytest.raises(Invalid):
            await set_setting("theming.brand_color", "#0f766e")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "SVG files can carry scripts"),
        (b"<?xml version='1.0'?><svg/>", "SVG files can carry scripts"),
        (b"GIF89a broken", "damaged"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "damaged"),
        (b"MZ\x90 program", "not a picture"),
    ],
)
async def test_what_is_no_sound_picture_does_not_become_the_logo(tenant: TenantKit, data: bytes, words: str) -> None:
    admin = await tenant.sign_in("admin")
    answer = await send_logo(admin, data)
    assert answer.status == 422
    assert words in answer.text
    with tenant.scope():
        assert setting("theming.logo") == ""


async def test_an_empty_logo_form_says_so(tenant: TenantKit) -> None:
    admin = await tenant.sign_in("admin")
    answer = await admin.post("/admin/branding/logo", {})
    assert answer.status == 422
    assert "Choose a picture." in answer.text


async def test_only_those_with_the_right_change_the_look(tenant: TenantKit) -> None:
    member = await tenant.sign_in("candidate")
    assert (await member.get("/admin/branding")).status == 403
    assert (await member.post("/admin/branding", LOOK)).status == 403
    assert (await member.get("/theme/preview.css?color=%23123456&radius=3&font=inter")).status == 403
    assert (await tenant.visitor().get("/admin/branding")).location.startswith("/sign-in")


async def test_a_preview_of_nonsense_is_refused(tenant: TenantKit) -> None:
    admin = await tenant.sign_in("admin")
    for query in ("", "color=%23zzzzzz", "color=%23123456&radius=99", "color=%23123456&font=comic", "radius=x"):
        assert (await admin.get(f"/theme/preview.css?{query}")).status == 400
    answer = await admin.get("/admin/branding/preview?color=nonsense&radius=abc&font=x")
    assert answer.status == 200
    assert "shows the look that is saved" in answer.text


# --- what it does ------------------------------------------------------------


async def test_a_saved_look_is_live_with_the_next_page_for_everybody(
    tenant: TenantKit, other_tenant: TenantKit
) -> None:
    admin, visitor, stranger = await tenant.sign_in("admin"), tenant.visitor(), other_tenant.visitor()
    old = await visitor.get("/")
    foreign = sheet_of(await stranger.get("/"))
    assert (await admin.post("/admin/branding", LOOK)).status == 303
    new = await visitor.get("/")
    assert sheet_of(new) != sheet_of(old)
    assert "Fern &amp; Co" in new.text
    assert "In peace" in new.text
    assert '<meta name="theme-color" content="#0f766e">' in new.text
    sheet = await visitor.get(sheet_of(new))
    assert sheet.headers["Content-Type"].startswith("text/css")
    assert sheet.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "--radius: 14px" in sheet.text
    assert "#0f766e" in sheet.text
    # The other tenant keeps its own, and no sheet of ours is shown to it under our hash.
    assert sheet_of(await stranger.get("/")) == foreign
    assert "#0f766e" not in (await stranger.get(sheet_of(new))).text


async def test_an_old_sheet_is_answered_with_todays_colours_and_not_kept(tenant: TenantKit) -> None:
    visitor = tenant.visitor()
    answer = await visitor.get("/theme/0123456789ab.css")
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert (await visitor.get("/theme/xyz.css")).status == 404
    assert (await visitor.get("/theme/../theme.css")).status == 404


async def test_the_preview_draws_both_modes_without_saving(tenant: TenantKit) -> None:
    admin = await tenant.sign_in("admin")
    answer = await admin.post("/admin/branding", LOOK | {"color": "#ffc400", "do": "preview"})
    assert answer.status == 200
    assert 'data-theme="light"' in answer.text
    assert 'data-theme="dark"' in answer.text
    assert "Buttons carry dark words" in answer.text
    css = re.search(r'href="(/theme/preview\.css[^"]+)"', answer.text)
    assert css is not None
    sheet = await admin.get(css[1].replace("&amp;", "&"))
    assert "@layer plugins" in sheet.text
    assert "#ffc400" in sheet.text
    assert ":root" not in sheet.text
    with tenant.scope():
        assert setting("theming.brand_color") == "#4f46e5"


async def test_a_colour_that_had_to_give_way_is_told(tenant: TenantKit) -> None:
    admin = await tenant.sign_in("admin")
    answer = await admin.get("/admin/branding/preview?color=%2310b981&radius=8&font=inter")
    assert "White words on #10b981 could not be read" in answer.text
    assert "Everything can be read with this colour" in answer.text


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
async def test_a_logo_is_redrawn_and_shown_whole(tenant: TenantKit, other_tenant: TenantKit, kind: str) -> None:
    admin = await tenant.sign_in("admin")
    assert (await send_logo(admin, picture(kind))).status == 303
    page = await tenant.visitor().get("/")
    path = re.search(r'src="(/theme/logo/[^"]+\.webp)"', page.text)
    assert path is not None
    answer = await tenant.visitor().get(path[1])
    assert answer.headers["Content-Type"] == "image/webp"
    assert "immutable" in answer.headers["Cache-Control"]
    shown = Image.open(io.BytesIO(answer.body))
    assert (shown.format, shown.size) == ("WEBP", (400, 100))
    assert (await other_tenant.visitor().get(path[1])).status == 404


async def test_a_new_logo_replaces_the_old_file(tenant: TenantKit) -> None:
    admin = await tenant.sign_in("admin")
    await send_logo(admin, picture())
    with tenant.scope():
        first = setting("theming.logo")
    await send_logo(admin, picture(size=(900, 900)))
    with tenant.scope():
        second = setting("theming.logo")
    assert first != second
    assert (await admin.get(f"/theme/logo/{first}.webp")).status == 404
    wide = Image.open(io.BytesIO((await admin.get(f"/theme/logo/{second}.webp")).body))
    assert wide.size == (160, 160)
    assert (await admin.post("/admin/branding/logo/remove")).status == 303
    assert (await admin.get(f"/theme/logo/{second}.webp")).status == 404


async def test_reset_brings_back_the_standard_look(tenant: TenantKit) -> None:
    admin = await tenant.sign_in("admin")
    before = sheet_of(await admin.get("/home"))
    await admin.post("/admin/branding", LOOK)
    await send_logo(admin, picture())
    assert (await admin.post("/admin/branding/reset")).status == 303
    page = await admin.get("/home")
    assert sheet_of(page) == before
    assert "/theme/logo/" not in page.text
    assert "Fern" not in page.text


async def test_the_look_is_not_asked_again_on_the_general_settings_page(tenant: TenantKit) -> None:
    admin = await tenant.sign_in("admin")
    assert "theming." not in (await admin.get("/admin/settings")).text


async def test_json_does_the_same_as_the_page(tenant: TenantKit) -> None:
    admin = await tenant.sign_in("admin")
    body: dict[str, Any] = {"name": "N", "tagline": "", "color": "#0f766e", "radius": 3, "font": "system"}
    answer = await admin.post("/api/v1/theming/look", json=body, method="PUT")
    assert answer.json() == body
    assert (await admin.get("/api/v1/theming/look")).json() == body
    refused = await admin.post("/api/v1/theming/look", json=body | {"color": "blue"}, method="PUT")
    assert refused.status == 422
    assert "color" in [e["field"] for e in refused.json()["errors"]]


async def test_two_tenants_at_once_do_not_mix(tenant: TenantKit, other_tenant: TenantKit) -> None:
    one, two = await tenant.sign_in("admin"), await other_tenant.sign_in("admin")
    await one.post("/admin/branding", LOOK)
    await two.post("/admin/branding", LOOK | {"name": "Amber", "color": "#ffc400"})
    pages = await asyncio.gather(*(site.get("/home") for site in (one, two) * 10))
    for number, page in enumerate(pages):
        mine, theirs = ("Fern", "Amber") if number % 2 == 0 else ("Amber", "Fern")
        assert mine in page.text
        assert theirs not in page.text


async def test_without_the_plugin_the_kernels_own_look_shows(tenant: TenantKit) -> None:
    owner = await tenant.sign_in("owner")
    await owner.post("/admin/branding", LOOK)
    assert (await owner.post("/admin/plugins/theming", {"on": "0", "reason": "test"})).status == 303
    page = await owner.get("/home")
    assert "theme-default.css" in page.text
    assert "/theme/" not in page.text
    assert (await owner.get("/admin/branding")).status == 404
