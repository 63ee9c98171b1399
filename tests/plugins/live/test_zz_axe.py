import asyncio
from datetime import timedelta
from .conftest import *
from .test_room_browser import enter

AXE = open("/tmp/gr/k6/npm/node_modules/axe-core/axe.min.js").read()


async def axe(p, name, bad):
    await p.evaluate(AXE)
    r = await p.evaluate(
        "axe.run(document, {runOnly:['wcag2a','wcag2aa','wcag21a','wcag21aa','wcag22aa','best-practice']})"
    )
    for v in r["violations"]:
        bad.append(
            (name, v["id"], [n["html"][:160] + " :: " + (n.get("failureSummary") or "")[:200] for n in v["nodes"][:4]])
        )


async def test_axe(new_page, pair, bookings, tenant):
    bad = []
    early = bookings.add(pair.booking.candidate_id, pair.booking.interviewer_id, starts_in=timedelta(minutes=27))
    old = bookings.add(pair.booking.candidate_id, pair.booking.interviewer_id, starts_in=timedelta(minutes=-200))
    ai = bookings.add(pair.booking.candidate_id, None, title="AI mock: SQL", minutes=30)
    ai2 = bookings.add(pair.booking.candidate_id, None, title="AI mock: SQL", minutes=30)
    await pair.candidate.post(f"/practice-room/{ai.id}/begin")
    await pair.candidate.post(
        f"/practice-room/{ai.id}/turn",
        {
            "do": "answer",
            "text": "I would look at the plan with explain, since it tells me whether an index is used or not.",
        },
    )
    await pair.candidate.post(f"/practice-room/{ai.id}/turn", {"do": "hint"})
    admin = await tenant.sign_in("admin")
    for dark in (False, True):
        for width in (1280, 390):
            o = dict(width=width, height=900, dark=dark)
            for name, site, path in (
                ("early", pair.candidate, f"/rooms/{early.id}"),
                ("pre", pair.interviewer, pair.room),
                ("closed", pair.candidate, f"/rooms/{old.id}"),
                ("pstart", pair.candidate, f"/practice-room/{ai2.id}"),
                ("proom", pair.candidate, f"/practice-room/{ai.id}"),
                ("bank", admin, "/admin/questions"),
            ):
                p = await new_page(site=site, **o)
                await p.goto(site.origin + path)
                await p.wait_for_timeout(700)
                await axe(p, f"{name} {width} {dark}", bad)
                w = await p.evaluate("document.documentElement.scrollWidth - innerWidth")
                if w > 0:
                    bad.append((name, width, "hscroll", w))
                await p.context.close()
            p = await enter(new_page, pair.interviewer, pair, **o)
            await axe(p, f"room {width} {dark}", bad)
            if not await p.is_visible("[data-note]"):
                await p.click('.live-controls [data-open-panel="notes"]')
                await axe(p, f"notes {width} {dark}", bad)
            await p.click(".live-hangup")
            await axe(p, f"leave {width} {dark}", bad)
            await p.context.close()
    await pair.candidate.post(f"/rooms/{ai.id}/end")
    for dark in (False, True):
        p = await new_page(site=pair.candidate, dark=dark)
        await p.goto(pair.candidate.origin + f"/practice-room/{ai.id}")
        await axe(p, f"report {dark}", bad)
    p = await new_page(site=pair.candidate, width=320)
    await p.goto(pair.candidate.origin + pair.room)
    await p.wait_for_timeout(700)
    print("320 overflow", await p.evaluate("document.documentElement.scrollWidth - innerWidth"))
    await p.screenshot(path="/tmp/gr/live/shots/pre-320.png")
    for b in bad:
        print(b)
    assert not bad
