from kernel import Notice, NoticeSink, services, unit_of_work

from ..mailbox import mails


async def test_smoke(tenant, run_jobs):
    me = await tenant.account()
    with tenant.scope():
        sink = services.get(NoticeSink)
        async with unit_of_work():
            await sink.deliver("notifications.test", [Notice(key="a", account_id=me, subject="Hello {x}", body="Dear {x}\n\n- a\n- b", params={"x": "**You** <b>"}, action_url="/home", action_label="Go", attachments=(("a.ics", "text/calendar", b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n"),))])
    await run_jobs(tenant)
    got = await mails(tenant)
    print(got)
    assert got[0].state == "sent"
