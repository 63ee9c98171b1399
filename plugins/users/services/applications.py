"""Applications of people who want to be interviewers: written, sent in, decided."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from kernel import (
    accounts,
    audit,
    compare_and_set,
    current_actor,
    errors,
    format_date,
    now,
    publish,
    setting,
    unit_of_work,
)
from kernel import gettext as _

from .. import events, forms, states
from ..models import Application, ApplicationStep
from ..states import APPROVED, CHANGES, DRAFT, EDITABLE, REJECTED, SUBMITTED, WITHDRAWN
from . import interviewers

ROLE = "interviewer"
_LONGEST = 4000


class AlreadyDecided(errors.Conflict):
    """Another reviewer was faster; `application` is as they left it."""

    def __init__(self, application: Application) -> None:
        super().__init__(_("Somebody else has decided in the meantime."))
        self.application = application


async def application_of(account_id: UUID) -> Application | None:
    return await Application.get_or_none(account_id=account_id)


async def is_interviewer(account_id: UUID) -> bool:
    return ROLE in await accounts.roles_of(account_id)


def may_apply_from(row: Application | None) -> datetime | None:
    """The instant from which somebody who was rejected may apply again; None when nothing has to be waited for."""
    if row is None or row.state != REJECTED or row.decided_at is None:
        return None
    opens = row.decided_at + timedelta(days=setting("users.reapply_days"))
    return opens if opens > now() else None


async def begin(account_id: UUID) -> Application:
    """The open draft of an account, made or reopened if need be.

    Raises Conflict for an interviewer, for an application under review, and before the waiting time is over.
    """
    if await is_interviewer(account_id):
        raise errors.Conflict(_("You are an interviewer already."))
    async with unit_of_work():
        await Application.bulk_create([Application(account_id=account_id)], ignore_conflicts=True)
        row = await _locked(account_id)
        if row.state in EDITABLE:
            return row
        if opens := may_apply_from(row):
            raise errors.Conflict(_("You can apply again from {date}.").format(date=format_date(opens)))
        if not states.allowed(row.state, DRAFT):
            raise errors.Conflict(_("Your application is being reviewed. Withdraw it to change it."))
        await _move(row, DRAFT, "", decided_by=None, decided_at=None)
    return row


async def _locked(account_id: UUID) -> Application:
    row = await Application.filter(account_id=account_id).select_for_update().first()
    if row is None:
        raise errors.NotFound()
    return row


async def save_answers(account_id: UUID, stage: str, answers: Mapping[str, Any]) -> Application:
    """Keep one stage of the draft as typed, complete or not: it can be resumed anywhere. Raises as `begin`."""
    kept = {
        name: [str(v)[:40] for v in answers.get(name, ())][:40]
        if name in forms.LISTS
        else str(answers.get(name, ""))[:_LONGEST]
        for name in forms.STAGES[stage].model_fields
    }
    async with unit_of_work():
        row = await begin(account_id)
        await compare_and_set(row, answers={**row.answers, **kept})
    return row


def incomplete(row: Application) -> list[str]:
    """Stages whose answers are missing or not acceptable."""
    return [stage for stage in forms.STAGES if forms.check_stage(stage, row.answers) is None]


async def submit(account_id: UUID, version: int) -> Application:
    """Hand the application in. Raises Invalid naming the first incomplete stage, Conflict for another version."""
    async with unit_of_work():
        row = await _locked(account_id)
        if row.state == SUBMITTED:
            return row  # sent twice: done once
        if row.version != version or not states.allowed(row.state, SUBMITTED):
            raise errors.Conflict(_("Your application has changed in the meantime. Look at it again."))
        if left := incomplete(row):
            raise errors.Invalid({left[0]: _("Complete every step first.")})
        again = row.state == CHANGES
        await _move(row, SUBMITTED, "", submitted_at=now())
        await publish(events.ApplicationSubmitted(application_id=row.id, account_id=account_id, again=again))
    return row


async def withdraw(account_id: UUID, version: int) -> Application:
    """Take the application back; it can be sent again at any time."""
    async with unit_of_work():
        row = await _locked(account_id)
        if row.state == WITHDRAWN:
            return row
        if row.version != version or not states.allowed(row.state, WITHDRAWN):
            raise errors.Conflict(_("Your application has changed in the meantime. Look at it again."))
        await _move(row, WITHDRAWN, "")
    return row


async def decide(application_id: UUID, decision: str, reason: str, version: int) -> Application:
    """Approve, reject, or ask for changes. Raises AlreadyDecided when the application moved on since `version`,
    Invalid without a reason, Forbidden for one's own application.

    An approval makes the interviewer profile and gives the role in the same transaction.
    """
    actor = current_actor()
    reason = reason.strip()
    if decision != APPROVED and len(reason) < 10:
        raise errors.Invalid({"reason": _("Tell the applicant why, in a sentence at least.")})
    async with unit_of_work():
        row = await Application.filter(id=application_id).select_for_update().first()
        if row is None or row.state == DRAFT:
            raise errors.NotFound()
        if actor is not None and actor.id == row.account_id:
            raise errors.Forbidden(_("Somebody else has to decide on your own application."))
        if row.version != version or decision not in states.DECISIONS or not states.allowed(row.state, decision):
            raise AlreadyDecided(row)
        before = row.state
        await _move(row, decision, reason, decided_by=actor.id if actor else None, decided_at=now())
        if decision == APPROVED:
            await _welcome(row)
        await audit.record(
            "users.application_decided", subject="application", subject_id=str(row.id),
            before={"state": before}, after={"state": decision}, reason=reason,
        )  # fmt: skip
        await publish(
            events.ApplicationDecided(
                application_id=row.id, account_id=row.account_id, decision=decision, reason=reason
            )
        )
    return row


async def _welcome(row: Application) -> None:
    """Everything that an approval brings. The profile is published by its owner, who has seen it then."""
    about, skills, rate = (forms.check_stage(stage, row.answers) for stage in forms.STAGES)
    if not (
        isinstance(about, forms.AboutStage)
        and isinstance(skills, forms.ExperienceStage)
        and isinstance(rate, forms.RateStage)
    ):
        raise errors.Invalid(
            {"decision": _("An answer no longer fits the settings, the rate for example. Ask for changes.")}
        )
    await interviewers.make(
        row.account_id,
        headline=about.headline,
        bio=about.bio,
        company=about.company,
        years=about.years,
        skills=skills.skills,
        languages=skills.languages,
        rate_minor=rate.rate,
    )
    await accounts.grant(row.account_id, ROLE, by_rule=True)
    await publish(events.InterviewerApproved(account_id=row.account_id))


async def _move(row: Application, after: str, reason: str, **changes: Any) -> None:
    """One transition, written down with its actor and reason."""
    actor, before = current_actor(), row.state
    await compare_and_set(row, state=after, reason=reason or ("" if after == DRAFT else row.reason), **changes)
    await ApplicationStep.create(
        application_id=row.id, before=before, after=after, actor_id=actor.id if actor else None, reason=reason
    )
