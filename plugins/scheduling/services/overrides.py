"""What only administrators do to one booking: say what became of it, and send its confirmation again."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from kernel import _, audit, errors, now, publish, unit_of_work

from .. import policies
from ..events import ConfirmationAsked
from ..models import Booking
from ..policies import Result
from ..states import Outcome, Status
from . import changes
from .cancelling import OutcomeChanged, Outlook
from .core import locked


def mark_outlook(booking: Booking, outcome: str) -> Outlook:
    """What saying that it went like this leads to, by the booking's policy."""
    result = changes.no_show(booking, Outcome(outcome)) or Result(kept_minor=booking.price_minor)
    return Outlook(result, policies.seal(result, booking.id, outcome, booking.status, booking.version))


def why_not_marked(booking: Booking, at: datetime) -> str:
    """Why nothing can be said about how it went, for people; '' when it can."""
    if booking.status == Status.COMPLETED:
        return _("What became of this session was written down already, and money and strikes followed from it.")
    if booking.status not in (Status.ACCEPTED, Status.IN_PROGRESS):
        return _("This session never took place.")
    if booking.starts_at > at:
        return _("This session has not begun yet.")
    return ""


async def mark(booking_id: UUID, outcome: str, evidence: str, *, seen: str = "") -> Booking:
    """Say that it took place, or who did not come; refund and strikes follow by the policy. Again: nothing.

    `evidence` is how the administrator knows. Raises OutcomeChanged when it leads to something else than was shown.
    """
    if len(evidence.strip()) < 3:
        raise errors.Invalid({"reason": _("Say how you know")})
    async with unit_of_work():
        booking = await locked(booking_id)
        if booking.status == Status.COMPLETED and booking.outcome == outcome:
            return booking
        if problem := why_not_marked(booking, now()):
            raise errors.Conflict(problem)
        found = mark_outlook(booking, outcome)
        if seen and seen != found.seal:
            raise OutcomeChanged(found)
        await changes.finish(booking.id, outcome, role="admin", reason=evidence.strip())
        await audit.record(
            "scheduling.booking_marked", subject="booking", subject_id=str(booking.id), reason=evidence,
            after={"outcome": outcome, "refund_percent": found.result.percent},
        )  # fmt: skip
    return await Booking.get(id=booking_id)


async def resend(booking_id: UUID) -> None:
    """Send both people the confirmation with its calendar file once more. Conflict when there is nothing to confirm."""
    async with unit_of_work():
        booking = await locked(booking_id)
        if booking.status != Status.ACCEPTED or booking.kind != "human" or booking.ends_at <= now():
            raise errors.Conflict(_("Only a session that is booked and not over has a confirmation."))
        await publish(ConfirmationAsked(booking.id, booking.ical_sequence))
        await audit.record("scheduling.confirmation_resent", subject="booking", subject_id=str(booking.id))
