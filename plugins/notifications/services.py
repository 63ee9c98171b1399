"""The NoticeSink: what other plugins tell becomes messages in the app and e-mails in the outbox."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from kernel import (
    Notice,
    NotificationType,
    absolute_url,
    accounts,
    after_commit,
    bus,
    current_snapshot,
    current_tenant,
    enqueue,
    get_logger,
    in_unit_of_work,
    new_id,
    now,
    speaking,
    sql,
    tenant_key,
)

from . import letter, links, preferences, texts
from .models import EMAIL, INAPP, SUPPRESSED, Attachment, Email

log = get_logger(__name__)

SEND_JOB = "notifications.send_email"
#: Bytes of all attachments of one notice.
MOST_ATTACHED = 5 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who gets a notice. `id` is the account's id, or the address of somebody without one."""

    id: str
    account_id: UUID | None
    address: str
    name: str
    locale: str
    zone: str
    state: str


class Sink:
    """Fulfils kernel.NoticeSink."""

    async def deliver(self, type_id: str, notices: list[Notice]) -> None:
        """Queue `notices` for their recipients; joins the open unit of work. The same key is delivered once.

        Raises LookupError for a type that no effective plugin declares.
        """
        if not in_unit_of_work():
            raise RuntimeError("notices are delivered within unit_of_work(), together with what they tell about")
        kind = preferences.find_type(type_id)
        if kind is None:
            raise LookupError(f"no effective plugin declares the notification type {type_id!r}")
        people = await recipients(notices)
        choices = await preferences.choices_of((who.id for who in people.values()), type_id)
        for position, notice in enumerate(notices):
            who = people.get(position)
            if who is None:
                continue
            places = notice.channels or (INAPP, EMAIL)
            if INAPP in places and who.account_id is not None and preferences.wants(kind, who.id, INAPP, choices):
                await _tell(kind, notice, who.account_id)
            if EMAIL not in places:
                continue
            wanted = preferences.wants(kind, who.id, EMAIL, choices)
            if wanted or EMAIL in kind.channels:
                await _mail(kind, notice, who, wanted=wanted)


async def recipients(notices: Sequence[Notice]) -> dict[int, Recipient]:
    """Recipients by position in `notices`; those whose account is gone are missing."""
    cards = await accounts.accounts_by_ids(n.account_id for n in notices if n.account_id)
    snapshot = current_snapshot()
    found: dict[int, Recipient] = {}
    for position, notice in enumerate(notices):
        if bool(notice.account_id) == bool(notice.email):
            raise ValueError(f"notice {notice.key!r} needs either account_id or email")
        if notice.account_id:
            card = cards.get(notice.account_id)
            if card is None or card.state == "erased":
                continue
            locale = card.locale if card.locale in snapshot.locales else snapshot.locale
            found[position] = Recipient(str(card.id), card.id, card.email, card.name, locale, card.zone, card.state)
        else:
            address = accounts.normalise_email(notice.email or "")
            found[position] = Recipient(address, None, address, "", snapshot.locale, snapshot.zone, "active")
    return found


def unique_key(key: str) -> str:
    """`key` as the column holds it."""
    return key if 0 < len(key) <= 200 else hashlib.sha256(key.encode()).hexdigest()


# --- in the app ---------------------------------------------------------------------------------------------------


async def _tell(kind: NotificationType, notice: Notice, account_id: UUID) -> None:
    made = await sql(
        "INSERT INTO notifications_message (id, tenant_id, account_id, type_id, key, subject, body, params,"
        " action_label, action_url, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9, $10, $11)"
        " ON CONFLICT (tenant_id, account_id, key) DO NOTHING RETURNING id",
        new_id(),
        current_tenant().id,
        account_id,
        kind.id,
        unique_key(notice.key),
        notice.subject,
        notice.body,
        json.dumps(texts.to_json(notice.params)),
        notice.action_label,
        notice.action_url,
        now(),
    )
    if made:
        changed(account_id)


def channel(account_id: UUID) -> str:
    """The bus channel that tells a person's open pages that something changed."""
    return tenant_key("notifications", str(account_id))


def changed(account_id: UUID) -> None:
    """Once the transaction is through: let open pages look again."""
    name = channel(account_id)

    async def ring() -> None:
        await bus().publish(name, "changed")

    after_commit(ring)


# --- by e-mail ----------------------------------------------------------------------------------------------------


async def _mail(kind: NotificationType, notice: Notice, who: Recipient, *, wanted: bool) -> None:
    """Write the mail into the outbox. One that is not wanted is noted, so that one can tell why it did not come."""
    row = Email(
        account_id=who.account_id,
        recipient=who.id,
        type_id=kind.id,
        key=unique_key(notice.key),
        address=who.address,
        name=who.name,
        locale=who.locale,
        subject="",
        message_id=f"<{new_id()}@{current_snapshot().hosts[0]}>",
    )
    with speaking(who.locale, who.zone):
        words = texts.render(notice.subject, notice.body, notice.action_label, notice.params)
        row.subject = words.subject
        if wanted:
            footer = await _footer(kind, who)
            row.unsubscribe_url = footer.unsubscribe_url
            row.text = letter.text_part(words, notice.action_url, footer)
            row.html = letter.html_part(words, notice.action_url, footer)
        else:
            row.state, row.reason = SUPPRESSED, "not_wanted"
    if await _insert(row) and wanted:
        await _attach(row.id, notice)
        await enqueue(SEND_JOB, {"email_id": str(row.id)}, key=f"{SEND_JOB}:{row.id}")


async def _footer(kind: NotificationType, who: Recipient) -> letter.Footer:
    known = who.account_id is not None
    why = letter.why(kind.label, critical=kind.critical, known=known)
    if kind.critical:
        return letter.Footer(why)
    token = links.sign(await links.key(), who.id, kind.id)
    return letter.Footer(
        why,
        absolute_url("notifications.preferences") if known else "",
        absolute_url("notifications.unsubscribe", token=token),
    )


async def _insert(row: Email) -> bool:
    """False when a mail with this key went to this recipient before."""
    made = await sql(
        "INSERT INTO notifications_email (id, tenant_id, account_id, recipient, type_id, key, address, name, locale,"
        " subject, text, html, unsubscribe_url, message_id, state, reason, detail, attempts, via, created_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, '', 0, '', $17)"
        " ON CONFLICT (tenant_id, recipient, key) DO NOTHING RETURNING id",
        row.id, current_tenant().id, row.account_id, row.recipient, row.type_id, row.key, row.address, row.name,
        row.locale, row.subject, row.text, row.html, row.unsubscribe_url, row.message_id, row.state, row.reason, now(),
    )  # fmt: skip
    return bool(made)


_NAME = re.compile(r"[^\w.() -]+")


async def _attach(email_id: UUID, notice: Notice) -> None:
    if sum(len(data) for _name, _type, data in notice.attachments) > MOST_ATTACHED:
        raise ValueError(f"the attachments of notice {notice.key!r} are bigger than {MOST_ATTACHED} bytes")
    for position, (name, content_type, data) in enumerate(notice.attachments):
        await Attachment.create(
            email_id=email_id,
            position=position,
            name=_NAME.sub("_", name)[-200:] or "file",
            content_type=texts.one_line(content_type)[:200],
            data=data,
        )
