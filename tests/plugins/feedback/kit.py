"""A finished session between two people, and what each of them sends."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from kernel import accounts, new_id, now, sql_one, unit_of_work
from kernel.testing.people import Answer, Site, TenantKit
from plugins.feedback.models import Exchange, Review, Scorecard
from plugins.live.events import SessionEnded
from plugins.scheduling.models import Booking, InterviewType

CRITERIA = ("problem_solving", "communication", "technical_depth", "structure", "collaboration")
#: Far from those that scheduling hands out; nobody else is in these calendars.
_calendars = itertools.count(10**9)
EVIDENCE = "Compared two approaches and named the limits of both."


async def booked(
    tenant: TenantKit,
    candidate: UUID,
    interviewer: UUID | None,
    *,
    title: str = "System design",
    status: str = "completed",
    outcome: str | None = "completed",
    ago: timedelta = timedelta(hours=2),
) -> UUID:
    """A booking as scheduling stores it; by default one whose session took place."""
    starts = now() - ago
    with tenant.scope():
        kind = "human" if interviewer else "ai"
        type_ = await InterviewType.filter(kind=kind).first()
        if type_ is None:
            type_ = await InterviewType.create(slug=f"t-{kind}", title=title, kind=kind, currency="EUR")
        booking = await Booking.create(
            id=new_id(), type_id=type_.id, interviewer_id=interviewer, candidate_id=candidate, starts_at=starts,
            ends_at=starts + timedelta(hours=1), status=status, outcome=outcome, kind=kind, title=title,
            candidate_zone="Europe/Berlin", currency="EUR", ical_uid=f"{new_id()}@test", candidate_no=next(_calendars),
            from_minute=0, to_minute=60, guard_from=0, guard_to=60,
        )  # fmt: skip
    return UUID(str(booking.id))


async def end_session(tenant: TenantKit, booking_id: UUID, candidate: UUID, interviewer: UUID | None) -> None:
    """What the room publishes when a session is over."""
    from kernel import publish

    with tenant.scope():
        async with unit_of_work():
            await publish(
                SessionEnded(
                    booking_id=booking_id, candidate_id=candidate, interviewer_id=interviewer,
                    kind="human" if interviewer else "ai", seconds=3300, ended_by=interviewer, cause="ended",
                )
            )  # fmt: skip


@dataclass
class Duo:
    """Two people after their session."""

    tenant: TenantKit
    candidate: Site
    interviewer: Site
    booking_id: UUID
    run: Any

    @property
    def path(self) -> str:
        return f"/feedback/{self.booking_id}"

    async def jobs(self, **options: Any) -> int:
        count: int = await self.run(self.tenant, **options)
        return count

    async def exchange(self) -> Exchange:
        with self.tenant.scope():
            return await Exchange.get(booking_id=self.booking_id)

    async def card(self) -> Scorecard | None:
        with self.tenant.scope():
            return await Scorecard.filter(booking_id=self.booking_id).first()

    async def review(self) -> Review | None:
        with self.tenant.scope():
            return await Review.filter(booking_id=self.booking_id).first()

    async def send_card(self, **changes: Any) -> Answer:
        return await self.interviewer.post(f"{self.path}/scorecard", card_form(**changes))

    async def send_review(self, **changes: Any) -> Answer:
        return await self.candidate.post(f"{self.path}/review", review_form(**changes))

    async def both(self) -> None:
        assert (await self.send_card()).status == 303
        assert (await self.send_review()).status == 303

    async def events(self, name: str) -> int:
        with self.tenant.scope():
            row = await sql_one(
                "SELECT count(*)::int AS n FROM kernel_event WHERE tenant_id = $1 AND name = $2"
                " AND data->>'booking_id' = $3",
                self.tenant.ref.id, name, str(self.booking_id),
            )  # fmt: skip
        assert row is not None
        return int(row.n)


def card_form(**changes: Any) -> dict[str, str]:
    """A complete scorecard; `score_x=None` leaves a field out."""
    form: dict[str, Any] = {"version": 0, "rubric": "general@1"}
    for id in CRITERIA:
        form |= {f"score_{id}": 4, f"evidence_{id}": EVIDENCE}
    form |= {
        "strengths": "Thinks aloud and checks that we mean the same thing.",
        "improvements": "Leave ten minutes for what can go wrong.",
        "next_step": "Design a rate limiter in 25 minutes.",
        "signal": "ready",
    }
    return {k: str(v) for k, v in (form | changes).items() if v is not None}


def review_form(**changes: Any) -> dict[str, str]:
    form: dict[str, Any] = {
        "version": 0, "realism": 5, "clarity": 4, "usefulness": 5,
        "text": "Hard follow-up questions in the right places.", "private_note": "",
    }  # fmt: skip
    return {k: str(v) for k, v in (form | changes).items() if v is not None}


async def rename(tenant: TenantKit, account_id: UUID, name: str) -> None:
    with tenant.scope():
        await accounts.update_account(account_id, name=name)


def in_days(days: float) -> datetime:
    return now() + timedelta(days=days)
