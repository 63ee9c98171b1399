"""What this plugin holds about a person."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from kernel import N_, PrivacyProvider, accounts, unit_of_work

from . import texts
from .models import Attachment, Email, Message, Preference, Refusal, WebhookAttempt


async def export(account_id: UUID) -> dict[str, Any]:
    """Messages as they read now, the record of e-mails, and the choices. Mails themselves may hold working links."""
    messages = []
    for row in await Message.filter(account_id=account_id).order_by("created_at"):
        words = texts.render(row.subject, row.body, row.action_label, texts.from_json(row.params))
        messages.append(
            {
                "at": row.created_at.isoformat(),
                "read": row.read_at.isoformat() if row.read_at else None,
                "subject": words.subject,
                "text": words.text,
            }
        )
    emails = [
        {"at": e.created_at.isoformat(), "to": e.address, "subject": e.subject, "state": e.state, "why": e.reason}
        for e in await Email.filter(account_id=account_id).order_by("created_at")
    ]
    chosen = [
        {"type": p.type_id, "channel": p.channel, "wanted": p.wanted, "at": p.changed_at.isoformat()}
        for p in await Preference.filter(recipient=str(account_id)).order_by("type_id", "channel")
    ]
    return {"messages": messages, "emails": emails, "preferences": chosen}


async def erase(account_id: UUID) -> list[str]:
    """Nothing has to be kept."""
    async with unit_of_work():
        mine = await Email.filter(account_id=account_id)
        addresses = {row.address for row in mine}
        card = (await accounts.accounts_by_ids([account_id])).get(account_id)
        if card is not None:
            addresses.add(card.email)
        await Attachment.filter(email_id__in=[row.id for row in mine]).delete()
        await Email.filter(account_id=account_id).delete()
        await Email.filter(recipient__in=addresses).delete()
        await Message.filter(account_id=account_id).delete()
        await Preference.filter(recipient__in=[str(account_id), *addresses]).delete()
        await Refusal.filter(address__in=addresses).delete()
        # What receivers of webhooks answered may repeat what an event said of the person.
        for word in (str(account_id), *addresses):
            await WebhookAttempt.filter(response__icontains=word).update(response="")
    return []


PRIVACY = PrivacyProvider(
    title=N_("Notifications"),
    models=("Message", "Email", "Attachment", "Preference", "Refusal", "WebhookAttempt"),
    export=export,
    erase=erase,
)
