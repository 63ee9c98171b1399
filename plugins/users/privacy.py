"""What this plugin holds about a person: export and erasure."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from kernel import N_, PrivacyProvider

from .models import Application, ApplicationStep, InterviewerProfile, Profile
from .services import people


async def export(account_id: UUID) -> dict[str, Any]:
    """Profile, application with its history, interviewer profile; ready for JSON."""
    found: dict[str, Any] = {}
    if profile := await Profile.get_or_none(account_id=account_id):
        found["profile"] = {
            "headline": profile.headline,
            "about": profile.bio,
            "pronouns": profile.pronouns,
            "links": profile.links,
            "target roles": profile.target_roles,
            "shown to others": profile.visible,
            "picture": profile.picture_id is not None,
        }
    if application := await Application.get_or_none(account_id=account_id):
        steps = await ApplicationStep.filter(application_id=application.id).order_by("at")
        found["application"] = {
            "state": application.state,
            "answers": application.answers,
            "history": [{"at": s.at.isoformat(), "state": s.after, "reason": s.reason} for s in steps],
        }
    if interviewer := await InterviewerProfile.get_or_none(account_id=account_id):
        found["interviewer profile"] = {
            "address": interviewer.slug,
            "headline": interviewer.headline,
            "about": interviewer.bio,
            "company": interviewer.company,
            "years of experience": interviewer.years,
            "skills": interviewer.skills,
            "languages": interviewer.languages,
            "hourly rate in minor units": interviewer.rate_minor,
            "currency": interviewer.currency,
            "published": interviewer.published,
            "taking new bookings": interviewer.accepting,
        }
    return found


PROVIDER = PrivacyProvider(
    title=N_("Profile and application"),
    models=("Profile", "Application", "ApplicationStep", "InterviewerProfile"),
    export=export,
    erase=people.erase,
)
