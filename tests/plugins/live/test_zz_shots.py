import asyncio
from datetime import timedelta
from .conftest import *
from .test_room_browser import enter, both, flows

D = "/tmp/gr/live/shots/"


async def shot(p, n):
    await p.wait_for_timeout(300)
    await p.screenshot(path=D + n + ".png")


async def test_shots(new_page, pair, bookings):
    import os

    os.makedirs(D, exist_ok=True)
    p = await new_page(site=pair.candidate)
    await p.goto(pair.candidate.origin + pair.room)
    await p.wait_for_selector('[data-check="net"][data-tone="ok"]')
    await shot(p, "pre-desk-light")
    p = await new_page(site=pair.candidate, width=390, height=844, dark=True)
    await p.goto(pair.candidate.origin + pair.room)
    await p.wait_for_selector('[data-check="net"][data-tone="ok"]')
    await shot(p, "pre-mob-dark")
    await p.screenshot(path=D + "pre-mob-dark-full.png", full_page=True)
    early = bookings.add(pair.booking.candidate_id, pair.booking.interviewer_id, starts_in=timedelta(minutes=27))
    p = await new_page(site=pair.candidate, dark=True)
    await p.add_init_script(
        "navigator.mediaDevices.getUserMedia = async (w) => { throw new DOMException('', w.video ? 'NotFoundError':'NotAllowedError') }"
    )
    await p.goto(pair.candidate.origin + f"/rooms/{early.id}")
    await p.wait_for_selector('[data-check="net"][data-tone="ok"]')
    await shot(p, "pre-early-dark")
    tom = await enter(new_page, pair.interviewer, pair)
    await shot(tom, "room-waiting")
    ada = await enter(new_page, pair.candidate, pair, width=390, height=844, dark=True)
    await asyncio.gather(flows(ada), flows(tom))
    await ada.wait_for_selector('[data-remote][data-picture="camera"]')
    await tom.click("[data-timer-toggle]")
    await shot(ada, "room-mob-dark")
    for who, t in (
        (ada, "Hi, can you hear me well?"),
        (tom, "Loud and clear. Here is the prompt: design a seat booking.\nTake five minutes to ask questions."),
        (ada, "Thanks! How many concerts a day?"),
        (tom, "Say 200, with up to 20,000 seats. See https://example.test/brief"),
    ):
        if who is ada and not await ada.is_visible("#chat-text"):
            await ada.click('.live-controls [data-open-panel="chat"]')
        await who.fill("#chat-text", t)
        await who.press("#chat-text", "Enter")
        await asyncio.sleep(0.3)
    await shot(ada, "room-mob-dark-chat")
    await shot(tom, "room-desk-light")
    await tom.emulate_media(color_scheme="dark")
    await shot(tom, "room-desk-dark")
    await tom.emulate_media(color_scheme="light")
    await tom.click('.live-side [data-open-panel="notes"]')
    await tom.fill("[data-note]", "Asks about scale first. Good.\nWatch: how does he guard the final write?")
    await asyncio.sleep(1.6)
    await shot(tom, "room-desk-notes")
    await tom.click('[popovertarget="live-devices"]')
    await shot(tom, "room-devices")
    await tom.keyboard.press("Escape")
    await ada.click("[data-close-panel]")
    await ada.click(".live-controls [data-cam-toggle]")
    await ada.click(".live-controls [data-mic-toggle]")
    await asyncio.sleep(0.5)
    await shot(tom, "room-camoff")
    await tom.click(".live-controls [data-share]")
    await asyncio.sleep(1.5)
    await shot(ada, "room-mob-screen")
    await shot(tom, "room-sharing")
    await tom.click(".live-hangup")
    await shot(tom, "room-leave")
    await tom.click("dialog button[type=submit]")
    await tom.wait_for_selector("text=Session ended")
    await shot(tom, "ended")


async def test_shots_practice(new_page, pair, bookings, tenant):
    b = bookings.add(pair.booking.candidate_id, None, title="AI mock: SQL", minutes=30)
    p = await new_page(site=pair.candidate)
    url = f"{pair.candidate.origin}/practice-room/{b.id}"
    await p.goto(url)
    await shot(p, "prac-start")
    await p.click("text=Start practice")
    await p.wait_for_selector(".live-msg.is-question")
    await asyncio.sleep(0.5)
    await p.fill(
        "#answer-text",
        "I would look at the plan with explain, since it tells me whether an index is used or whether the table is scanned from end to end.",
    )
    await p.press("#answer-text", "Control+Enter")
    await p.wait_for_selector(".live-msg.is-follow_up")
    await p.click("[data-do=hint]")
    await p.wait_for_selector(".live-msg.is-hint")
    await shot(p, "prac-room")
    m = await new_page(site=pair.candidate, width=390, height=844, dark=True)
    await m.goto(url)
    await shot(m, "prac-mob-dark")
    await m.click("[data-do=next]")
    await asyncio.sleep(0.5)
    await shot(m, "prac-mob-dark-next")
    await m.click("text=End session")
    await m.click("dialog button[type=submit]")
    await m.wait_for_selector("text=Not a grade")
    await m.screenshot(path=D + "report-mob-dark.png", full_page=True)
    await p.goto(url)
    await p.screenshot(path=D + "report-desk.png", full_page=True)
    admin = await tenant.sign_in("admin")
    p = await new_page(site=admin)
    await p.goto(admin.origin + "/admin/questions")
    await shot(p, "bank")
    r = await new_page(site=pair.candidate)
    r.context.set_default_timeout(9000)
    pair.candidate.set_cookie("locale", "ar")
    from kernel.auth.models import Account

    with tenant.scope():
        await Account.filter(id=pair.candidate.account_id).update(locale="ar")
    ar = await new_page(site=pair.candidate)
    await ar.goto(pair.candidate.origin + pair.room)
    await asyncio.sleep(1.5)
    await shot(ar, "pre-rtl")
    await ar.click("[data-join]")
    await asyncio.sleep(1)
    await shot(ar, "room-rtl")
    await ar.goto(url)
    await ar.screenshot(path=D + "report-rtl.png", full_page=True)
