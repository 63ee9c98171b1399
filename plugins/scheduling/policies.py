"""What calling off, moving and not coming mean, in money and strikes. Pure: the clock is passed in.

A booking carries a copy of its policy's terms, so later changes do not touch it. `weigh` is the one place where
results are computed: pages show it before, services carry out exactly what it says, the simulator plays with it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from kernel import N_, _, ngettext


@dataclass(frozen=True, slots=True)
class Terms:
    """The rules of a policy. Hours count back from the start; 0 is up to the start itself.

    `tiers`: (hours, percent back to the candidate), the longest first; later than all of them gives nothing.
    `cancel_hours`, `move_hours`: until when the candidate may act; `moves`: how often they may move;
    `furthest_days`: how far from the present time. `strike_hours`, `interviewer_strike_hours`: calling off later than
    this is a strike (0: never). `interviewer_move_hours`: until when the interviewer may propose other times.
    `late_minutes`: how long people wait for each other. `absent_percent`, `both_absent_percent`: back to the candidate
    who did not come, or when nobody came. `past_moves`: a session whose time is over may still be moved for a day.
    `move_charges`: who moves to a dearer time pays the difference first; `move_refunds`: a cheaper one gives it back.
    Otherwise the price stays as it was.
    """

    tiers: tuple[tuple[int, int], ...] = ((24, 100), (2, 50))
    cancel_hours: int = 0
    move_hours: int = 4
    moves: int = 3
    furthest_days: int = 60
    strike_hours: int = 0
    interviewer_strike_hours: int = 24
    interviewer_move_hours: int = 2
    late_minutes: int = 15
    absent_percent: int = 0
    both_absent_percent: int = 100
    candidate_no_show_strikes: int = 1
    interviewer_no_show_strikes: int = 2
    past_moves: bool = False
    move_charges: bool = False
    move_refunds: bool = False

    def data(self) -> dict[str, Any]:
        """As stored."""
        return {**asdict(self), "tiers": [list(tier) for tier in self.tiers]}


def terms_of(data: Mapping[str, Any]) -> Terms:
    """The terms of a stored policy or snapshot; what an older one does not say has its default."""
    known = {f.name for f in fields(Terms)} - {"tiers"}
    tiers = tuple((int(hours), int(percent)) for hours, percent in sorted(data.get("tiers", ()), reverse=True))
    return Terms(tiers=tiers, **{name: value for name, value in data.items() if name in known})


#: The ready-made ones: version 1 of each key. A tenant's own versions are in the table, see services/policy.py.
READY: Final[dict[str, tuple[str, Terms]]] = {
    "flexible": (N_("Flexible"), Terms(tiers=((2, 100),), move_hours=1, moves=5, interviewer_strike_hours=12)),
    "moderate": (N_("Moderate"), Terms()),
    "strict": (N_("Strict"), Terms(tiers=((72, 100), (24, 50)), move_hours=24, moves=1, strike_hours=2)),
}
POLICIES: Final = tuple(READY)


def ready(key: str) -> dict[str, Any]:
    """The snapshot of a ready-made policy."""
    key = key if key in READY else "moderate"
    return {"key": key, "version": 1, **READY[key][1].data()}


# --- the one function ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Case:
    """What somebody is about to do, or what the room has seen.

    `act` is cancel, move or no_show; `by` is candidate, interviewer or admin, for a no_show who was missing
    (candidate, interviewer, both). `to` is the new start of a move, `new_price_minor` what that
    costs now. `percent` is an administrator's own refund.
    """

    act: str
    by: str
    price_minor: int
    starts_at: datetime
    at: datetime
    moves: int = 0
    to: datetime | None = None
    percent: int | None = None
    new_price_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """`points` strikes for the candidate or the interviewer, because of `cause`."""

    role: str
    points: int
    cause: str


@dataclass(frozen=True, slots=True)
class Result:
    """What follows. `refused` says why it may not be done, as a code, or ''. `kept_minor` is what is not paid back.

    `until`: when the result becomes another one, None when it stays. `charge_minor`: to be paid before.
    """

    refused: str = ""
    percent: int = 0
    refund_minor: int = 0
    kept_minor: int = 0
    marks: tuple[Mark, ...] = ()
    moves_left: int | None = None
    until: datetime | None = None
    charge_minor: int = 0

    def points(self, role: str) -> int:
        """Strikes for one side."""
        return sum(mark.points for mark in self.marks if mark.role == role)


def weigh(policy: Mapping[str, Any], case: Case) -> Result:
    """What the act leads to under this policy at this moment."""
    terms = terms_of(policy)
    if case.act == "move":
        return _move(terms, case)
    if case.act == "no_show":
        return _no_show(terms, case)
    return _cancel(terms, case)


def seal(result: Result, *facts: object) -> str:
    """A short digest of what was shown, sent back with the answer: another result has another one."""
    said = [result.refused, result.percent, result.refund_minor, result.kept_minor]
    if result.charge_minor:
        said.append(result.charge_minor)
    marks = [[m.role, m.points, m.cause] for m in result.marks]
    text = json.dumps([*said, marks, [str(fact) for fact in facts]])
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def _money(case: Case, percent: int) -> tuple[int, int]:
    share = Decimal(case.price_minor) * percent / 100
    back = int(share.quantize(Decimal(1), ROUND_HALF_UP))
    return back, case.price_minor - back


def _cancel(terms: Terms, case: Case) -> Result:
    notice = case.starts_at - case.at
    marks: list[Mark] = []
    until, refused = None, ""
    if case.by == "candidate":
        percent, until = _tier_at(terms, case)
        if notice < timedelta(hours=terms.cancel_hours):
            refused = "cancel_notice"
        if _late(notice, terms.strike_hours):
            marks.append(Mark("candidate", 1, "late_cancel"))
        elif terms.strike_hours:
            moment = case.starts_at - timedelta(hours=terms.strike_hours)
            until = min(until, moment) if until is not None else moment
    else:
        percent = 100 if case.percent is None else case.percent
        if case.by == "interviewer" and _late(notice, terms.interviewer_strike_hours):
            marks.append(Mark("interviewer", 1, "late_cancel"))
        elif case.by == "interviewer" and terms.interviewer_strike_hours:
            until = case.starts_at - timedelta(hours=terms.interviewer_strike_hours)
    back, kept = _money(case, percent)
    return Result(refused, percent, back, kept, tuple(marks), until=until)


def _late(notice: timedelta, hours: int) -> bool:
    return bool(hours) and notice < timedelta(hours=hours)


def _tier_at(terms: Terms, case: Case) -> tuple[int, datetime | None]:
    """Percent back now, and until when."""
    for hours, percent in terms.tiers:
        moment = case.starts_at - timedelta(hours=hours)
        if case.at <= moment:
            return percent, moment
    return 0, None


def _move(terms: Terms, case: Case) -> Result:
    left = max(0, terms.moves - case.moves)
    result = Result(kept_minor=case.price_minor, moves_left=left, until=case.starts_at)
    notice, refused = case.starts_at - case.at, ""
    if case.by == "candidate":
        over = notice <= timedelta(0) and not (terms.past_moves and notice > timedelta(days=-1))
        if over:
            refused = "over"
        elif case.moves >= terms.moves:
            refused = "moves"
        elif timedelta(0) < notice < timedelta(hours=terms.move_hours):
            refused = "move_notice"
    elif case.by == "interviewer" and notice < timedelta(hours=terms.interviewer_move_hours):
        refused = "propose_notice"
    far = case.to is not None and abs(case.to - case.starts_at) > timedelta(days=terms.furthest_days)
    if far and not refused and case.by != "admin":
        refused = "furthest"
    charge, back = _difference(terms, case)
    return Result(
        refused, refund_minor=back, kept_minor=case.price_minor - back, moves_left=left, until=result.until,
        charge_minor=charge,
    )  # fmt: skip


def _difference(terms: Terms, case: Case) -> tuple[int, int]:
    """What a candidate pays more and gets back for the new time. What was free stays free."""
    if case.by != "candidate" or case.new_price_minor is None or not case.price_minor:
        return 0, 0
    more = case.new_price_minor - case.price_minor
    return max(0, more) if terms.move_charges else 0, max(0, -more) if terms.move_refunds else 0


def _no_show(terms: Terms, case: Case) -> Result:
    if case.by == "candidate":
        percent, marks = terms.absent_percent, [Mark("candidate", terms.candidate_no_show_strikes, "no_show")]
    elif case.by == "interviewer":
        percent, marks = 100, [Mark("interviewer", terms.interviewer_no_show_strikes, "no_show")]
    else:
        percent, marks = terms.both_absent_percent, []
    back, kept = _money(case, percent)
    return Result("", percent, back, kept, tuple(mark for mark in marks if mark.points))


# --- in words -----------------------------------------------------------------------------------------------------


def why(result: Result, policy: Mapping[str, Any]) -> str:
    """Why it may not be done, for people; '' when it may."""
    terms = terms_of(policy)
    if result.refused == "moves":
        return ngettext(
            "This session was already moved %(n)s time, which is the most.",
            "This session was already moved %(n)s times, which is the most.",
            terms.moves,
        ) % {"n": terms.moves}
    if result.refused == "move_notice":
        return ngettext(
            "A session can be moved until %(n)s hour before it starts.",
            "A session can be moved until %(n)s hours before it starts.",
            terms.move_hours,
        ) % {"n": terms.move_hours}
    if result.refused == "cancel_notice":
        return ngettext(
            "This session can be cancelled until %(n)s hour before it starts.",
            "This session can be cancelled until %(n)s hours before it starts.",
            terms.cancel_hours,
        ) % {"n": terms.cancel_hours}
    if result.refused == "propose_notice":
        hours = terms.interviewer_move_hours
        return ngettext(
            "Other times can be proposed until %(n)s hour before the start.",
            "Other times can be proposed until %(n)s hours before the start.",
            hours,
        ) % {"n": hours}
    if result.refused == "furthest":
        return ngettext(
            "A session can be moved by at most %(n)s day. Choose a nearer time.",
            "A session can be moved by at most %(n)s days. Choose a nearer time.",
            terms.furthest_days,
        ) % {"n": terms.furthest_days}
    return _("This session has begun and cannot be moved any more.") if result.refused else ""


def sentences(policy: Mapping[str, Any]) -> list[str]:
    """The refund rule in words, one sentence a tier."""
    said = [_tier(hours, percent) for hours, percent in terms_of(policy).tiers]
    return [*said, _("Nothing is refunded after that.")] if said else [_("Nothing is refunded.")]


def rules(policy: Mapping[str, Any]) -> list[str]:
    """Everything else a candidate should know before paying: moving, coming late, the interviewer's side."""
    terms = terms_of(policy)
    said = [
        ngettext(
            "You can move it once, until %(hours)s hours before.",
            "You can move it up to %(n)s times, until %(hours)s hours before.",
            terms.moves,
        )
        % {"n": terms.moves, "hours": terms.move_hours}
        if terms.moves
        else _("It cannot be moved."),
        _("People wait {n} minutes for each other.").format(n=terms.late_minutes),
        _("If the interviewer cancels or does not come, you get everything back."),
    ]
    return said


def short(policy: Mapping[str, Any]) -> str:
    """The first tier, for beside the price."""
    tiers = terms_of(policy).tiers
    if not tiers:
        return _("Not refundable")
    hours, percent = tiers[0]
    if percent < 100:
        return _tier(hours, percent)
    return ngettext(
        "Free cancellation until %(n)s hour before", "Free cancellation until %(n)s hours before", hours
    ) % {"n": hours}


def _tier(hours: int, percent: int) -> str:
    if percent >= 100:
        return ngettext(
            "Full refund if you cancel at least %(n)s hour before the start.",
            "Full refund if you cancel at least %(n)s hours before the start.",
            hours,
        ) % {"n": hours}
    text = ngettext(
        "%(percent)s %% back if you cancel at least %(n)s hour before the start.",
        "%(percent)s %% back if you cancel at least %(n)s hours before the start.",
        hours,
    )
    return text % {"n": hours, "percent": percent}


def refund_of(booking: Any) -> int:
    """What a cancelled booking gave back, by the percent that was written then."""
    share = Decimal(booking.price_minor) * (booking.refund_percent or 0) / 100
    return int(share.quantize(Decimal(1), ROUND_HALF_UP))
