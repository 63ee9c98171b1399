"""The interviewer would like something else: other times, or a colleague in their place. The candidate decides."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from tortoise.exceptions import IntegrityError

from kernel import _, enqueue, errors, now, publish, unit_of_work

from ..availability import Question, ask
from ..events import ChangeProposed, ProposalAnswered
from ..models import Booking, InterviewType, Proposal
from ..refusals import NotBookable
from ..states import Status
from .cancelling import cancel
from .core import locked, moved_on
from .moving import reassign, reschedule, substitutes, why_not_moved

MOST_TIMES: Final = 3
#: How long a candidate has to decide, and how soon before the start at the latest.
_DECIDE: Final = timedelta(days=2)
_BEFORE: Final = timedelta(hours=1)


async def propose_times(booking_id: UUID, starts: Sequence[datetime], note: str, by_id: UUID, role: str) -> Proposal:
    """Offer the candidate up to three other times; each must be bookable now. Replaces an earlier proposal."""
    starts = sorted(set(starts))
    if not starts:
        raise errors.Invalid({"start": _("Choose at least one other time.")})
    if len(starts) > MOST_TIMES:
        raise errors.Invalid({"start": _("Choose at most {n} times.").format(n=MOST_TIMES)})
    booking = await Booking.get(id=booking_id)
    if problem := why_not_moved(booking, now(), role):
        raise errors.Conflict(problem)
    kind = await InterviewType.get(id=booking.type_id)
    kind.duration_minutes = round((booking.ends_at - booking.starts_at).total_seconds() / 60)
    for host in (booking.interviewer_id, booking.second_id):
        if host is not None:
            free = await ask(Question(kind, host, booking.candidate_id, booking.id))
            for start in starts:
                if reason := free.refusal(start):
                    raise NotBookable(reason, free.nearest(start))
    times = [start.astimezone(UTC).isoformat() for start in starts]
    return await _open(Proposal(booking_id=booking_id, kind="move", times=times, note=note, by_id=by_id, role=role))


async def propose_substitute(booking_id: UUID, colleague_id: UUID, note: str, by_id: UUID, role: str) -> Proposal:
    """Ask the candidate whether a colleague may hold the session: same time, same price."""
    booking = await Booking.get(id=booking_id)
    if colleague_id not in {card.account_id for card in await substitutes(booking, limit=1000)}:
        raise errors.Invalid({"substitute": _("This colleague is not free at the time of the session any more.")})
    return await _open(
        Proposal(
            booking_id=booking_id, kind="substitute", substitute_id=colleague_id, note=note, by_id=by_id, role=role
        )
    )


async def _open(proposal: Proposal) -> Proposal:
    at = now()
    try:
        async with unit_of_work():
            booking = await locked(proposal.booking_id)  # type: ignore[attr-defined]
            if booking.status != Status.ACCEPTED or booking.starts_at <= at:
                raise errors.Conflict(moved_on())
            await Proposal.filter(booking_id=booking.id, state="open").update(state="withdrawn")
            proposal.sequence = booking.ical_sequence
            proposal.expires_at = max(min(at + _DECIDE, booking.starts_at - _BEFORE), at + timedelta(minutes=15))
            proposal.note = proposal.note[:500]
            await proposal.save(force_create=True)
            await enqueue(
                "scheduling.proposal_lapse", {"proposal_id": str(proposal.id)}, run_at=proposal.expires_at,
                key=f"scheduling.proposal:{proposal.id}",
            )  # fmt: skip
            await publish(
                ChangeProposed(
                    proposal.id, booking.id, booking.candidate_id, booking.interviewer_id, proposal.kind,
                    proposal.note, proposal.substitute_id, booking.starts_at, proposal.expires_at,
                )
            )  # fmt: skip
    except IntegrityError:
        raise errors.Conflict(_("Another proposal was made at this moment. Look at the session again.")) from None
    return proposal


async def open_proposal(booking_id: UUID) -> Proposal | None:
    """What the candidate is asked at the moment."""
    return await Proposal.filter(booking_id=booking_id, state="open", expires_at__gt=now()).first()


async def _usable(proposal_id: UUID) -> tuple[Proposal, Booking]:
    proposal = await Proposal.filter(id=proposal_id).first()
    if proposal is None:
        raise errors.NotFound()
    booking = await Booking.get(id=proposal.booking_id)  # type: ignore[attr-defined]
    if proposal.state != "open" or proposal.expires_at <= now() or proposal.sequence != booking.ical_sequence:
        raise errors.Conflict(_("This proposal is not open any more. Look at the session again."))
    return proposal, booking


async def _again(proposal_id: UUID, candidate_id: UUID, answer: str) -> Booking | None:
    """The candidate's booking when this was answered just so already: a second click."""
    done = await Proposal.filter(id=proposal_id, state=answer).prefetch_related("booking").first()
    return done.booking if done is not None and done.booking.candidate_id == candidate_id else None


async def accept(
    proposal_id: UUID, candidate_id: UUID, start: datetime | None = None, actor_id: UUID | None = None
) -> Booking:
    """The candidate agrees: to a time, or to the colleague. Nothing is counted against them. Again: nothing."""
    chosen = start.astimezone(UTC).isoformat() if start is not None else ""
    known = await _again(proposal_id, candidate_id, "accepted")
    if known is not None and chosen in ("", known.starts_at.astimezone(UTC).isoformat()):
        return known
    proposal, booking = await _usable(proposal_id)
    if booking.candidate_id != candidate_id:
        raise errors.NotFound()
    # Both close the proposal in the transaction that acts on it, so that of two clicks one wins.
    if proposal.kind == "substitute" and proposal.substitute_id is not None:
        done = await reassign(
            booking.id, proposal.substitute_id, role="interviewer", reason=proposal.note, actor_id=actor_id,
            sequence=proposal.sequence,
        )  # fmt: skip
    else:
        if chosen not in proposal.times:
            raise errors.Invalid({"start": _("Choose one of the proposed times.")})
        done = await reschedule(
            booking.id, candidate_id, datetime.fromisoformat(chosen), role="interviewer", reason=proposal.note,
            actor_id=actor_id,
        )  # fmt: skip
    await _answered(proposal, done, "accepted")
    return done


async def decline(proposal_id: UUID, candidate_id: UUID, *, refund: bool, actor_id: UUID | None = None) -> Booking:
    """The candidate keeps the session as it is, or takes all the money back instead (never less than that)."""
    known = await _again(proposal_id, candidate_id, "declined")
    if known is not None and refund == (known.status == Status.CANCELLED):
        return known
    proposal, booking = await _usable(proposal_id)
    if booking.candidate_id != candidate_id:
        raise errors.NotFound()
    if refund:
        booking = await cancel(
            booking.id, "interviewer", proposal.note or _("The time did not suit any more."), actor_id=actor_id
        )
    await _answered(proposal, booking, "declined")
    return booking


async def withdraw(proposal_id: UUID, by_id: UUID) -> None:
    """Whoever proposed takes it back. Again: nothing."""
    done = await Proposal.filter(id=proposal_id, state="withdrawn").prefetch_related("booking").first()
    if done is not None and by_id in (done.booking.interviewer_id, done.by_id):
        return
    proposal, booking = await _usable(proposal_id)
    if by_id not in (booking.interviewer_id, proposal.by_id):
        raise errors.NotFound()
    await _answered(proposal, booking, "withdrawn")


async def lapse(proposal_id: UUID) -> None:
    """Nobody answered in time: the session stands as it is."""
    proposal = await Proposal.filter(id=proposal_id).first()
    if proposal is None or proposal.expires_at > now():
        return
    await _answered(proposal, await Booking.get(id=proposal.booking_id), "lapsed")  # type: ignore[attr-defined]


async def _answered(proposal: Proposal, booking: Booking, answer: str) -> None:
    async with unit_of_work():
        # "lapsed" is what moving, reassigning and cancelling leave behind when they acted on it just now.
        acted = ("open", "lapsed") if answer in ("accepted", "declined") else ("open",)
        if await Proposal.filter(id=proposal.id, state__in=acted).update(state=answer):
            await publish(
                ProposalAnswered(
                    proposal.id, booking.id, booking.candidate_id, booking.interviewer_id, proposal.kind, answer
                )
            )  # fmt: skip
