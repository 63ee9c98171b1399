"""Kinds of messages that this plugin has people sent."""

from __future__ import annotations

from uuid import UUID

from kernel import N_, Happened, Notice, NotificationType, absolute_url, accounts

from .models import Application


async def _submitted(happened: Happened) -> list[Notice]:
    """To the applicant: it arrived. Once per hand-in."""
    return [
        Notice(
            key=f"users.received:{happened.id}",
            account_id=UUID(happened.data["account_id"]),
            subject=N_("Your application has arrived"),
            body=N_("Thank you. We look at it and tell you here and by email what comes next."),
            action_label=N_("See your application"),
            action_url=absolute_url("users.apply"),
        )
    ]


async def _waiting(happened: Happened) -> list[Notice]:
    """To everybody who reviews: there is something to decide."""
    application = await Application.get_or_none(id=happened.data["application_id"])
    if application is None or application.state != "submitted":
        return []
    applicant = (await accounts.accounts_by_ids([application.account_id])).get(application.account_id)
    if applicant is None:
        return []
    found = {card.id for role in ("admin", "owner") for card in await accounts.accounts_with_role(role)}
    return [
        Notice(
            key=f"users.waiting:{happened.id}:{account_id}",
            account_id=account_id,
            subject=N_("{name} wants to be an interviewer"),
            body=N_("{name} has sent an application. Have a look and decide."),
            params={"name": applicant.name},
            action_label=N_("Review application"),
            action_url=absolute_url("users.application", id=application.id),
        )
        for account_id in sorted(found - {application.account_id})
    ]


_DECIDED = {
    "approved": (
        N_("You are an interviewer now"),
        N_(
            "Welcome aboard. Look over your public profile, publish it, and set your weekly hours: then people can"
            " book you."
        ),
        N_("Open your interviewer profile"),
    ),
    "changes_requested": (
        N_("Your application needs a few changes"),
        N_("Before we decide, we ask you for this:\n\n{reason}"),
        N_("Change your application"),
    ),
    "rejected": (
        N_("About your application"),
        N_("We decided not to take your application further. The reason:\n\n{reason}"),
        N_("See your application"),
    ),
}  # fmt: skip


async def _decided(happened: Happened) -> list[Notice]:
    subject, body, label = _DECIDED[happened.data["decision"]]
    approved = happened.data["decision"] == "approved"
    return [
        Notice(
            key=f"users.decided:{happened.id}",
            account_id=UUID(happened.data["account_id"]),
            subject=subject,
            body=body,
            params={"reason": happened.data["reason"]},
            action_label=label,
            action_url=absolute_url("users.interviewer" if approved else "users.apply"),
        )
    ]


async def _password_changed(happened: Happened) -> list[Notice]:
    return [
        Notice(
            key=f"users.password:{happened.id}",
            account_id=UUID(happened.data["account_id"]),
            subject=N_("Your password was changed"),
            body=N_("The password of your account was changed, and you were signed out everywhere else.\n\nIf it was"
                    " not you, set a new password right away."),
            action_label=N_("Set a new password"),
            action_url=absolute_url("users.forgot_password"),
        )
    ]  # fmt: skip


async def _new_device(happened: Happened) -> list[Notice]:
    if not happened.data.get("new_device"):
        return []
    return [
        Notice(
            key=f"users.device:{happened.id}",
            account_id=UUID(happened.data["account_id"]),
            subject=N_("New sign-in to your account"),
            body=N_("Somebody signed in to your account: {device}, {when}.\n\nIf it was not you, sign that browser out"
                    " and change your password."),
            params={"device": str(happened.data.get("device", "")), "when": happened.occurred_at},
            action_label=N_("See where you are signed in"),
            action_url=absolute_url("kernel.security"),
        )
    ]  # fmt: skip


#: Mails with links are handed over by services directly: a secret has no place in an event.
TYPES = [
    NotificationType(
        id="users.verify_email", label=N_("Confirm your email address"), channels=("email",), critical=True
    ),
    NotificationType(
        id="users.account_exists", label=N_("Sign-up with your address"), channels=("email",), critical=True
    ),
    NotificationType(
        id="users.reset_password", label=N_("Link for a new password"), channels=("email",), critical=True
    ),
    NotificationType(
        id="users.password_changed", label=N_("Password changed"), event="kernel.password_changed.v1",
        compose=_password_changed, critical=True,
    ),
    NotificationType(
        id="users.new_device", label=N_("Sign-in from a new device"), event="kernel.sign_in_succeeded.v1",
        compose=_new_device,
    ),
    NotificationType(
        id="users.application_received", label=N_("Your application has arrived"),
        event="users.application_submitted.v1", compose=_submitted,
    ),
    NotificationType(
        id="users.application_waiting", label=N_("Applications to decide"), event="users.application_submitted.v1",
        compose=_waiting,
    ),
    NotificationType(
        id="users.application_decided", label=N_("Decision on your application"),
        event="users.application_decided.v1", compose=_decided,
    ),
]  # fmt: skip
