"""What is held about a person, for their export and their erasure."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from kernel import N_, PrivacyProvider, _, now, unit_of_work

from . import intake
from .models import (
    Ask,
    Booking,
    BookingChange,
    BulkRun,
    Busy,
    Calendar,
    DateOverride,
    Feed,
    FreeMonth,
    LinkKey,
    Offer,
    OtherCalendar,
    PaidMove,
    Policy,
    Preparation,
    Proposal,
    Pulse,
    Reminder,
    Schedule,
    Strike,
    TimeOff,
    Travel,
    Waiting,
    Window,
)
from .services import changes, preparation
from .states import LIVE, PASSING

#: Messages planned, the private feed, calendars read from elsewhere.
_AROUND = (Reminder, Feed, OtherCalendar)


async def export(account_id: UUID) -> dict[str, Any]:
    """Bookings of both sides, hours, days off, offers."""
    mine = await Booking.filter(candidate_id=account_id).order_by("starts_at")
    given = await Booking.filter(interviewer_id=account_id).order_by("starts_at")
    schedules = await Schedule.filter(account_id=account_id)
    overrides = await DateOverride.filter(schedule_id__in=[s.id for s in schedules]).order_by("date")
    away = await TimeOff.filter(account_id=account_id).order_by("starts_at")
    return {
        _("Sessions as candidate"): [{**_facts(b), "intake": b.intake, "reason": b.cancel_reason} for b in mine],
        _("Sessions as interviewer"): [_facts(b) for b in given],
        _("Strikes"): [
            {"cause": s.cause, "points": s.points, "at": s.at.isoformat(), "until": s.expires_at.isoformat()}
            for s in await Strike.filter(account_id=account_id).order_by("at")
        ],
        _("Waiting lists"): [
            {"type": str(w.type_id), "since": w.at.isoformat(), "state": w.state}
            for w in await Waiting.filter(account_id=account_id).order_by("at")
        ],
        _("Requests to you"): [
            {"at": a.at.isoformat(), "state": a.state}
            for a in await Ask.filter(interviewer_id=account_id).order_by("at")
        ],
        _("Proposals"): [
            {"at": p.at.isoformat(), "kind": p.kind, "note": p.note, "times": p.times, "state": p.state}
            for p in await Proposal.filter(by_id=account_id).order_by("at")
        ],
        _("Hours"): [{"zone": s.zone, "weekly": s.weekly} for s in schedules],
        _("Special days"): [{"date": o.date.isoformat(), "ranges": o.ranges} for o in overrides],
        _("Time off"): [{"from": t.starts_at.isoformat(), "to": t.ends_at.isoformat(), "note": t.note} for t in away],
        _("Travel"): [
            {"from": t.starts_on.isoformat(), "to": t.ends_on.isoformat(), "zone": t.zone, "note": t.note}
            for t in await Travel.filter(account_id=account_id)
        ],
        _("Busy times of other calendars"): [
            {"source": b.source, "from": b.starts_at.isoformat(), "to": b.ends_at.isoformat()}
            for b in await Busy.filter(account_id=account_id)
        ],
        _("Calendars elsewhere"): [
            {"name": c.name, "provider": c.provider, "since": c.created_at.isoformat()}
            for c in await OtherCalendar.filter(account_id=account_id)
        ],
        _("Preparation"): [
            {"session": str(p.booking_id), "item": p.item, "at": p.at.isoformat(), "minutes": p.minutes}
            for p in await Preparation.filter(account_id=account_id)
        ],
        _("When you could"): [
            {"date": w.date.isoformat(), "zone": w.zone, "ranges": w.ranges}
            for w in await Window.filter(account_id=account_id)
        ],
    }


def _facts(booking: Booking) -> dict[str, Any]:
    return {
        "id": str(booking.id), "title": booking.title, "starts_at": booking.starts_at.isoformat(),
        "ends_at": booking.ends_at.isoformat(), "status": booking.status, "outcome": booking.outcome,
        "price_minor": booking.price_minor, "currency": booking.currency,
    }  # fmt: skip


async def erase(account_id: UUID) -> list[str]:
    """Upcoming sessions are called off, own words and hours removed; the bare bookings stay."""
    for side, role in (("candidate_id", "candidate"), ("interviewer_id", "interviewer")):
        for booking in await Booking.filter(**{side: account_id}, status__in=LIVE, ends_at__gt=now()):
            if booking.status in PASSING or booking.starts_at > now():
                await changes.cancel(booking.id, role, "")
    for row in await Booking.filter(candidate_id=account_id).only("id", "tenant_id", "intake"):
        await intake.forget(row.intake)
    await preparation.forget(account_id)
    async with unit_of_work():
        await Booking.filter(candidate_id=account_id).update(
            intake={}, candidate_zone="UTC", alias="", people=[], claim_email=""
        )
        await Booking.filter(booked_by=account_id).update(booked_by=None, claim_email="")
        await Policy.filter(actor_id=account_id).update(actor_id=None)
        await PaidMove.filter(actor_id=account_id).update(actor_id=None)
        await BulkRun.filter(actor_id=account_id).update(actor_id=None, reason="")
        await Strike.filter(waived_by=account_id).update(waived_by=None)
        await Proposal.filter(by_id=account_id).update(by_id=None, note="")
        await Booking.filter(candidate_id=account_id, cancelled_by="candidate").update(cancel_reason="")
        await Booking.filter(interviewer_id=account_id, cancelled_by="interviewer").update(cancel_reason="")
        await BookingChange.filter(actor_id=account_id).update(actor_id=None, reason="")
        schedules = await Schedule.filter(account_id=account_id).values_list("id", flat=True)
        await DateOverride.filter(schedule_id__in=list(schedules)).delete()
        await Ask.filter(interviewer_id=account_id).delete()
        for model in (Waiting, Strike, Schedule, TimeOff, Offer, Travel, Busy, Window, FreeMonth, Pulse, *_AROUND):
            await model.filter(account_id=account_id).delete()
    kept = await Booking.filter(candidate_id=account_id).count()
    kept += await Booking.filter(interviewer_id=account_id).count()
    return [_("Bookings without personal words: the other person and the accounts need them.")] if kept else []


PRIVACY = [
    PrivacyProvider(
        title=N_("Sessions and availability"),
        models=(
            Booking.__name__, BookingChange.__name__, Calendar.__name__, Schedule.__name__, DateOverride.__name__,
            TimeOff.__name__, Offer.__name__, Ask.__name__, Policy.__name__, Proposal.__name__, Strike.__name__,
            Waiting.__name__, Travel.__name__, Busy.__name__, Window.__name__, FreeMonth.__name__, Pulse.__name__,
            Reminder.__name__, Preparation.__name__, LinkKey.__name__, Feed.__name__, OtherCalendar.__name__,
            BulkRun.__name__, PaidMove.__name__,
        ),
        export=export,
        erase=erase,
    )
]  # fmt: skip
