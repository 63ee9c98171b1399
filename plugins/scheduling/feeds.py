"""What a private calendar feed shows: the sessions of one person, nobody else's address, nothing that was written."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from kernel import _, absolute_url, accounts, current_tenant, current_zone, now, speaking, sql

from . import ics
from .models import Booking
from .queries import BOOKINGS

#: How far back and ahead it goes.
BACK: Final = timedelta(days=60)
AHEAD: Final = timedelta(days=366)


async def feed(account_id: UUID) -> bytes:
    """The feed's file; the same bytes as long as nothing in it changed."""
    card = (await accounts.accounts_by_ids([account_id]))[account_id]
    at = now()
    rows = await sql(
        "SELECT id FROM scheduling_booking WHERE tenant_id = $1"
        " AND (candidate_id = $2 OR interviewer_id = $2 OR second_id = $2)"
        " AND status IN ('accepted', 'in_progress', 'completed') AND ends_at > $3 AND starts_at < $4",
        current_tenant().id, account_id, at - BACK, at + AHEAD,
    )  # fmt: skip
    ids = [row.id for row in rows]
    bookings = {row.id: row async for row in Booking.filter(id__in=ids)}
    infos = sorted((await BOOKINGS.many(ids)).values(), key=lambda info: (info.starts_at, info.id))
    entries = []
    with speaking(card.locale, card.zone or current_zone()):
        for info in infos:
            row, link = bookings[info.id], absolute_url("scheduling.booking", id=str(info.id))
            partner = info.interviewer_name if account_id == info.candidate_id else info.candidate_name
            summary = _("{title} with {partner}").format(title=info.type_title, partner=partner or _("your partner"))
            entry = ics.Entry(
                uid=row.ical_uid, sequence=row.ical_sequence, starts_at=info.starts_at, ends_at=info.ends_at,
                summary=info.type_title if info.kind == "ai" else summary,
                description=_("Join, move or cancel the session on its page: {link}").format(link=link), url=link,
                organizer=("", ""), attendee=("", ""),
            )  # fmt: skip
            entries.append((entry, row.updated_at))
        return ics.write_feed(_("{name}: sessions").format(name=current_tenant().name), entries)
