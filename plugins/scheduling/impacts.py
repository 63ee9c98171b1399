"""What switching scheduling off would touch: sessions that people have agreed on, and times that wait for them."""

from __future__ import annotations

from kernel import SwitchImpact, current_tenant, format_datetime, ngettext, now, sql_one

from .states import Status


async def upcoming() -> list[str]:
    """Booked sessions ahead and the next one's time, questions without an answer, times held at this moment."""
    at = now()
    row = await sql_one(
        "SELECT count(*) FILTER (WHERE status = $2 AND starts_at > $5) AS booked,"
        " min(starts_at) FILTER (WHERE status = $2 AND starts_at > $5) AS next,"
        " count(*) FILTER (WHERE status = ANY($3) AND starts_at > $5) AS asked,"
        " count(*) FILTER (WHERE status = $4 AND hold_until > $5) AS held"
        " FROM scheduling_booking WHERE tenant_id = $1",
        current_tenant().id, Status.ACCEPTED, [Status.REQUESTED, Status.PENDING], Status.HELD, at,
    )  # fmt: skip
    if row is None:
        return []
    found = []
    if row.booked:
        words = ngettext(
            "%(num)s upcoming session, on %(next)s", "%(num)s upcoming sessions, the next on %(next)s", row.booked
        )
        found.append(words % {"num": row.booked, "next": format_datetime(row.next)})
    if row.asked:
        words = ngettext("%(num)s request waits for an answer", "%(num)s requests wait for an answer", row.asked)
        found.append(words % {"num": row.asked})
    if row.held:
        found.append(
            ngettext("%(num)s person is about to book", "%(num)s people are about to book", row.held)
            % {"num": row.held}
        )
    return found


IMPACTS = [SwitchImpact(name="scheduling.upcoming", tell=upcoming)]
