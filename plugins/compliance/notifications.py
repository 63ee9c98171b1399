"""Messages about data requests."""

from __future__ import annotations

from kernel import N_, Happened, Notice, NotificationType, accounts, url

from . import states
from .models import DataRequest


async def _ready(happened: Happened) -> list[Notice]:
    row = await DataRequest.get_or_none(id=happened.data["request_id"])
    if row is None or row.file_id is None:
        return []
    body = N_("The copy of your data is ready. You can download it until {until}, after signing in.")
    if happened.data["partial"]:
        body = N_(
            "The copy of your data is ready, except for a part that could not be read. You can download it until"
            " {until}, after signing in, and ask for another one later."
        )
    return [
        Notice(
            key=f"compliance.export_ready:{row.id}",
            account_id=row.account_id,
            subject=N_("Your data is ready"),
            body=body,
            params={"until": row.expires_at},
            action_label=N_("Download your data"),
            action_url=url("compliance.privacy"),
        )
    ]


async def _received(happened: Happened) -> list[Notice]:
    """The person knows that it arrived; whoever administers knows that there is something to do."""
    row = await DataRequest.get_or_none(id=happened.data["request_id"])
    if row is None or row.state != states.REQUESTED:
        return []
    notices = [
        Notice(
            key=f"compliance.received:{row.id}:person",
            account_id=row.account_id,
            subject=N_("We received your request to be erased"),
            body=N_(
                "We will answer by {due}. When it is done you can no longer sign in, and this is the last message"
                " about it. You can withdraw the request until then."
            ),
            params={"due": row.due_at},
            action_label=N_("Open your data"),
            action_url=url("compliance.privacy"),
        )
    ]
    people = {card.id for role in ("owner", "admin") for card in await accounts.accounts_with_role(role)}
    notices += [
        Notice(
            key=f"compliance.received:{row.id}:{person}",
            account_id=person,
            subject=N_("Somebody asks to be erased"),
            body=N_("There is a new request to erase a person's data. The law wants it answered by {due}."),
            params={"due": row.due_at},
            action_label=N_("Open the request"),
            action_url=url("compliance.request", id=row.id),
        )
        for person in people - {row.account_id}
    ]
    return notices


async def _closed(happened: Happened) -> list[Notice]:
    row = await DataRequest.get_or_none(id=happened.data["request_id"])
    if row is None or happened.data["state"] != states.DECLINED:
        return []
    return [
        Notice(
            key=f"compliance.closed:{row.id}",
            account_id=row.account_id,
            subject=N_("Your request to be erased was declined"),
            body=N_("Your data stays for now. The reason:\n\n{reason}\n\nYou can answer or ask again at any time."),
            params={"reason": row.reason},
            action_label=N_("Open your data"),
            action_url=url("compliance.privacy"),
        )
    ]


TYPES = [
    NotificationType(
        id="compliance.export_ready", label=N_("A copy of your data is ready"),
        event="compliance.export_ready.v1", compose=_ready, critical=True,
    ),
    NotificationType(
        id="compliance.request_received", label=N_("A request about personal data"),
        event="compliance.request_received.v1", compose=_received, critical=True,
    ),
    NotificationType(
        id="compliance.request_closed", label=N_("A decision on your request"),
        event="compliance.request_closed.v1", compose=_closed, critical=True,
    ),
]  # fmt: skip
