"""Two real browsers in one room: sound and pictures flow, and go on after what usually breaks them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from weakref import WeakKeyDictionary

import aiohttp
import pytest
from playwright.async_api import Page, WebSocket

from kernel import set_settings
from kernel.testing.people import Site
from tests.e2e.pages import scrolls_sideways, violations

from .conftest import FakeBookings, Pair, sit_in

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

MakePage = Callable[..., Awaitable[Page]]

#: Per line of all connections together: what has been received, decoded, or heard. `people`: from how many a picture.
STATS = """async () => {
  const { mesh } = document.querySelector('live-room');
  const out = { frames: 0, audio: 0, bytes: 0, screen: 0, people: 0 };
  for (const id of mesh?.ids ?? []) {
    for (const s of (await mesh.get(id).pc?.getStats())?.values() ?? []) {
      if (s.type !== 'inbound-rtp') continue;
      out.bytes += s.bytesReceived;
      if (s.kind === 'video' && s.mid === '2') out.screen += s.framesDecoded ?? 0;
      else if (s.kind === 'video') {
        out.frames += s.framesDecoded ?? 0;
        out.people += s.framesDecoded > 0 ? 1 : 0;
      } else out.audio += s.totalAudioEnergy ?? 0;
    }
  }
  return out;
}"""
#: The connection with the only other person.
PEER = "(({mesh}) => mesh.get(mesh.ids[0]))(document.querySelector('live-room'))"
#: How many different colours the remote picture has; 1 is a blank one.
COLOURS = """() => {
  const video = document.querySelector('[data-remote-main]');
  const canvas = document.createElement('canvas');
  canvas.width = 64; canvas.height = 36;
  const pen = canvas.getContext('2d');
  pen.drawImage(video, 0, 0, 64, 36);
  return new Set(new Uint32Array(pen.getImageData(0, 0, 64, 36).data.buffer)).size;
}"""


class Frames:
    """Every WebSocket frame that reached a page."""

    def __init__(self, page: Page) -> None:
        self.texts: list[str] = []
        page.on("websocket", self._listen)

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framereceived", lambda data: self.texts.append(str(data)))


#: What came over the wire, by page.
HEARD: WeakKeyDictionary[Page, Frames] = WeakKeyDictionary()


async def enter(
    new_page: MakePage, site: Site, pair: Pair, *, room: str = "", sends: bool = True, **options: Any
) -> Page:
    """Through the device check into the room."""
    page = await new_page(site=site, **options)
    HEARD[page] = Frames(page)
    await page.goto(site.origin + (room or pair.room))
    if sends:
        await page.wait_for_selector('[data-check="cam"][data-tone="ok"]')
    await page.click("[data-join]")
    await page.wait_for_selector('[data-view="room"]:not([hidden])')
    return page


async def stats(page: Page) -> dict[str, float]:
    return dict(await page.evaluate(STATS))


async def flows(page: Page, what: str = "frames", within: float = 20) -> None:
    """Waits until more of `what` arrives than before."""
    before = (await stats(page))[what]
    async with asyncio.timeout(within):
        while True:
            await asyncio.sleep(0.25)
            now = (await stats(page))[what]
            if now < before:
                before = now  # a new connection counts from nothing
            if now > before + (5 if what in ("frames", "screen") else 0):
                return


async def until(page: Page, expression: str, within: float = 15) -> None:
    """Playwright's own waiting would evaluate a string in the page, which its policy forbids."""
    async with asyncio.timeout(within):
        while not await page.evaluate(expression):
            await asyncio.sleep(0.1)


async def until_people(page: Page, count: int) -> None:
    """Waits until pictures of so many others have been decoded."""
    async with asyncio.timeout(20):
        while (await stats(page))["people"] < count:
            await asyncio.sleep(0.25)


async def both(pair: Pair, new_page: MakePage) -> tuple[Page, Page]:
    ada = await enter(new_page, pair.candidate, pair)
    tom = await enter(new_page, pair.interviewer, pair)
    await asyncio.gather(flows(ada), flows(tom))
    return ada, tom


async def test_sound_picture_chat_timer_and_notes(pair: Pair, new_page: MakePage) -> None:
    ada, tom = await both(pair, new_page)
    await asyncio.gather(flows(ada, "audio"), flows(tom, "audio"))
    for page in (ada, tom):
        await page.wait_for_selector('[data-remote][data-picture="camera"]')
        assert await page.evaluate(COLOURS) > 10, "the remote picture is not blank"

    await ada.fill("#chat-text", "see https://example.test/a?b=1 <b>& more</b>")
    await ada.press("#chat-text", "Enter")
    line = tom.locator(".live-msg.theirs p")
    assert await line.inner_text() == "see https://example.test/a?b=1 <b>& more</b>"
    assert await line.locator("a").get_attribute("rel") == "noopener noreferrer nofollow ugc"
    assert await line.locator("b").count() == 0

    await tom.click("[data-timer-toggle]")
    await ada.wait_for_selector(".live-clock.running")
    assert (await ada.inner_text(".live-clock")).startswith("59:") or (await ada.inner_text(".live-clock")) == "60:00"
    assert await ada.locator("[data-timer-toggle]").count() == 0

    await tom.click('.live-side [data-open-panel="notes"]')
    await tom.fill("[data-note]", "strong on trade-offs, vague on indexes")
    await tom.wait_for_selector('[data-note-words]:has-text("Saved at")')
    await ada.fill("#chat-text", "after the note")
    await ada.press("#chat-text", "Enter")
    await tom.wait_for_selector("[data-unread]:not([hidden])")
    frames = "\n".join(HEARD[ada].texts)
    assert "welcome" in frames, "the wire was listened to"
    assert "vague on indexes" not in frames
    assert '"note' not in frames
    assert "vague on indexes" not in await ada.content()

    await tom.click('.live-controls [aria-haspopup="dialog"].live-hangup')
    await tom.click("dialog button[type=submit]")
    for page in (ada, tom):
        await page.wait_for_selector("text=Session ended")


async def test_reload_lost_socket_and_glare_recover(pair: Pair, new_page: MakePage) -> None:
    ada, tom = await both(pair, new_page)
    await ada.fill("#chat-text", "before the reload")
    await ada.press("#chat-text", "Enter")
    await tom.wait_for_selector(".live-msg.theirs")

    await ada.reload()
    await ada.wait_for_selector('[data-view="room"]:not([hidden])')  # no device check in the middle of a session
    await asyncio.gather(flows(ada), flows(tom))
    assert await ada.locator(".live-msg.mine").count() == 1, "history is there for who comes back"

    await tom.reload()
    await tom.wait_for_selector('[data-view="room"]:not([hidden])')
    await asyncio.gather(flows(ada), flows(tom))

    epoch = await ada.evaluate(PEER + ".epoch")
    before = (await stats(ada))["frames"]
    await ada.evaluate("document.querySelector('live-room').link.drop()")
    await ada.wait_for_selector('[data-link][data-tone="bad"]')
    await ada.wait_for_selector('[data-link][data-tone="ok"]')
    assert await ada.evaluate(PEER + ".epoch") == epoch, "resumed, nothing renegotiated"
    assert (await stats(ada))["frames"] > before, "media never stopped"

    for _n in range(3):  # both repair at once
        await asyncio.gather(*(p.evaluate(PEER + ".restart()") for p in (ada, tom)))
        await asyncio.sleep(0.3)
    await asyncio.gather(flows(ada), flows(tom))
    for page in (ada, tom):
        assert await page.evaluate(PEER + ".pc.signalingState") == "stable"

    await ada.evaluate(
        "{ const { link, mesh } = document.querySelector('live-room'); const [to] = mesh.ids;"
        " link.send({ t: 'rebuild', to, epoch: mesh.get(to).epoch }) }"
    )
    await until(ada, PEER + f".epoch > {epoch}")
    await asyncio.gather(flows(ada), flows(tom))


async def test_a_third_person_and_a_second_tab(pair: Pair, new_page: MakePage) -> None:
    ada, tom = await both(pair, new_page)
    eve = await pair.tenant.sign_in("candidate")
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await eve.socket(f"{pair.room}/ws?ticket=x")
    assert caught.value.status == 404
    page = await new_page(site=eve, tolerate=("404",))
    answer = await page.goto(eve.origin + pair.room)
    assert answer is not None
    assert answer.status == 404

    second = await new_page(site=pair.candidate)
    await second.goto(pair.candidate.origin + pair.room)
    await second.wait_for_selector("[data-elsewhere]:not([hidden])")
    assert await second.inner_text("[data-join]") == "Move here", "it does not take over without being asked"
    await second.wait_for_selector('[data-check="cam"][data-tone="ok"]')
    await flows(ada)
    await second.click("[data-join]")
    await ada.wait_for_selector("text=You joined from another tab")
    await asyncio.gather(flows(second), flows(tom))
    await ada.click("[data-over-act]")
    await ada.wait_for_selector('[data-view="room"]:not([hidden])')
    await second.wait_for_selector("text=You joined from another tab")
    await asyncio.gather(flows(ada), flows(tom))


async def test_a_panel_and_an_observer_in_one_room(pair: Pair, bookings: FakeBookings, new_page: MakePage) -> None:
    wen = await pair.tenant.sign_in("interviewer", name="Wen Li")
    pair.booking = bookings.change(pair.booking.id, second_id=wen.account_id, second_name="Wen Li")
    ada, tom = await both(pair, new_page)
    third = await enter(new_page, wen, pair)
    await asyncio.gather(*(until_people(page, 2) for page in (ada, tom, third)))
    await asyncio.gather(flows(ada), flows(tom), flows(third))
    assert await ada.locator("[data-remote]").count() == 2

    await third.reload()
    await third.wait_for_selector('[data-view="room"]:not([hidden])')
    await asyncio.gather(*(until_people(page, 2) for page in (ada, tom, third)))
    await third.close()
    await until(ada, "document.querySelectorAll('[data-remote]').length === 1")
    await flows(ada)

    link = bookings.invitations.invite(pair.booking, "eve@example.test", "observer")
    eve = await enter(new_page, pair.tenant.visitor(), pair, room=link, sends=False)
    await until_people(eve, 2)
    await asyncio.gather(flows(eve), flows(eve, "audio"))
    assert await ada.locator("[data-remote]").count() == 1, "an observer is listed, not shown"
    assert await ada.inner_text("[data-people-count]") == "3"
    assert await eve.evaluate("document.querySelector('live-room').devices.tracks.cam") is None
    assert await violations(eve) == []
    await tom.click("[popovertarget=live-people]")
    assert await violations(tom) == []
    await tom.click("text=Remove")
    await tom.click("text=Remove for good?")
    await eve.wait_for_selector("text=You cannot join now")


async def test_the_waiting_room_and_a_browser_without_media(
    pair: Pair, bookings: FakeBookings, new_page: MakePage
) -> None:
    with pair.tenant.scope():
        await set_settings({"live.lobby": "host"})
    tom = await enter(new_page, pair.interviewer, pair)
    ada = await new_page(site=pair.candidate)
    await ada.goto(pair.candidate.origin + pair.room)
    await ada.wait_for_selector('[data-check="cam"][data-tone="ok"]')
    await ada.click("[data-join]")
    await ada.wait_for_selector("text=You are in the waiting room")
    assert await violations(ada) == []
    await tom.wait_for_selector("text=Ada Novak is waiting to come in")
    assert await violations(tom) == []
    await tom.click("[data-door] button")
    await asyncio.gather(flows(ada), flows(tom))
    await ada.close()

    old = await new_page(site=pair.candidate)
    await old.add_init_script("delete globalThis.RTCPeerConnection")
    await old.goto(pair.candidate.origin + pair.room)
    await old.wait_for_selector("text=can not send sound and pictures in real time")
    await old.click("[data-join-text]")
    await old.fill("#chat-text", "only in writing")
    await old.press("#chat-text", "Enter")
    await tom.wait_for_selector("text=only in writing")

    ancient = await new_page(site=pair.candidate)
    await ancient.route("**/js/room.js", lambda route: route.fulfill(body="", content_type="text/javascript"))
    await ancient.goto(pair.candidate.origin + pair.room)
    await ancient.wait_for_selector("text=This browser cannot open the room")


async def test_screen_camera_and_microphone_switch_without_renegotiation(pair: Pair, new_page: MakePage) -> None:
    ada, tom = await both(pair, new_page)
    controls = ".live-controls "
    await ada.click(controls + "[data-cam-toggle]")
    await tom.wait_for_selector("text=Ada Novak’s camera is off")
    await ada.click(controls + "[data-mic-toggle]")
    await tom.wait_for_selector("[data-remote-muted]:not([hidden])")
    assert await ada.evaluate("document.querySelector('live-room').devices.tracks.cam") is None, "its light is out"

    await ada.click(controls + "[data-share]")
    await tom.wait_for_selector('[data-remote][data-picture="screen"]')
    await flows(tom, "screen")
    await ada.click(controls + "[data-cam-toggle]")
    await tom.wait_for_selector("[data-remote-small]:not([hidden])")
    await asyncio.gather(flows(tom), flows(tom, "screen"))
    await ada.click(controls + "[data-share]")
    await tom.wait_for_selector('[data-remote][data-picture="camera"]')

    lines = PEER + ".pc.getTransceivers().length"
    assert await ada.evaluate(lines) == await tom.evaluate(lines) == 3
    assert await ada.evaluate(PEER + ".epoch") == 2


async def test_joining_needs_neither_camera_nor_microphone(
    pair: Pair, bookings: FakeBookings, new_page: MakePage
) -> None:
    tom = await enter(new_page, pair.interviewer, pair)
    ada = await new_page(site=pair.candidate)
    await ada.add_init_script(
        "navigator.mediaDevices.getUserMedia = async (wish) => {"
        " throw new DOMException('', wish.video ? 'NotFoundError' : 'NotReadableError'); };"
    )
    await ada.goto(pair.candidate.origin + pair.room)
    await ada.wait_for_selector("text=No camera was found. You can join with sound only.")
    await ada.wait_for_selector("text=Another program is using the microphone.")
    await ada.click("[data-join]")
    await ada.wait_for_selector('[data-view="room"]:not([hidden])')
    await flows(ada)
    await tom.wait_for_selector("text=Ada Novak’s camera is off")
    await ada.fill("#chat-text", "I can see and hear you")
    await ada.press("#chat-text", "Enter")
    await tom.wait_for_selector(".live-msg.theirs")
    link = bookings.invitations.invite(pair.booking, "eve@example.test")
    guest = await sit_in(pair.tenant.visitor(), link, pair.booking, "Tomás Ferreira")
    await guest.send(t="chat", cid="whoisit1", text="I am the interviewer")
    await ada.wait_for_selector("text=Tomás Ferreira (Guest)")


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])
async def test_pages_are_accessible(
    pair: Pair, bookings: FakeBookings, new_page: MakePage, width: int, dark: bool
) -> None:
    options = {"width": width, "dark": dark}
    page = await new_page(site=pair.interviewer, **options)
    await page.goto(pair.interviewer.origin + pair.room)
    await page.wait_for_selector('[data-check="net"][data-tone]:not([data-tone=""])')
    assert await violations(page) == []
    assert not await scrolls_sideways(page)
    await page.click("[data-join]")
    await page.wait_for_selector('[data-view="room"]:not([hidden])')
    assert await violations(page) == []
    await page.click('.live-controls [data-open-panel="notes"]')
    assert await violations(page) == []
    await page.click(".live-hangup")
    assert await violations(page) == []

    booking = bookings.add(pair.booking.candidate_id, None, title="AI mock: SQL", minutes=30)
    page = await new_page(site=pair.candidate, **options)
    await page.goto(f"{pair.candidate.origin}/practice-room/{booking.id}")
    assert await violations(page) == []
    await page.click("text=Start practice")
    await page.click('[data-do="hint"]')
    await page.wait_for_selector(".live-msg.is-hint")
    assert await violations(page) == []
    assert not await scrolls_sideways(page)


async def test_errors_of_devices_have_different_help(pair: Pair, new_page: MakePage) -> None:
    said = set()
    for name in ("NotAllowedError", "NotFoundError", "NotReadableError", "OverconstrainedError", "WeirdError"):
        page = await new_page(site=pair.candidate)
        await page.add_init_script(
            f"navigator.mediaDevices.getUserMedia = async () => {{ throw new DOMException('', '{name}'); }};"
        )
        await page.goto(pair.candidate.origin + pair.room)
        help_text = page.locator('[data-check="mic"] [data-help]')
        await help_text.wait_for()
        said.add(await help_text.inner_text())
        assert await page.locator("[data-join]").is_enabled()
    assert len(said) == 5


async def test_the_practice_room_in_a_browser(pair: Pair, bookings: FakeBookings, new_page: MakePage) -> None:
    booking = bookings.add(pair.booking.candidate_id, None, title="AI mock: SQL", minutes=30)
    page = await new_page(site=pair.candidate)
    await page.goto(f"{pair.candidate.origin}/practice-room/{booking.id}")
    await page.click("text=Start practice")
    await page.wait_for_selector(".live-msg.is-question")
    await page.wait_for_selector(".live-clock.running")
    await until(page, "document.querySelector('live-practice').link.up")
    await page.fill(
        "#answer-text", "I would look at the plan with explain, since it tells me whether an index is used or not."
    )
    await page.press("#answer-text", "Control+Enter")
    await page.wait_for_selector(".live-msg.is-follow_up")
    await page.click('[data-do="hint"]')
    await page.wait_for_selector(".live-msg.is-hint")
    await page.reload()
    assert await page.locator(".live-msg").count() == 5
    await page.click("text=End session")
    await page.click("dialog button[type=submit]")
    await page.wait_for_selector("text=Not a grade")
