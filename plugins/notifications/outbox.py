"""Sending what is in the outbox: one attempt per job, never twice, and an answer for every way it can end.

Before a mail server is spoken to the row is claimed (`sending`) and committed. Until the content goes over, a broken
line gives the row back; after that an answer that never came leaves it as failed, for a person to decide: it may
have arrived.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from kernel import (
    accounts,
    current_snapshot,
    current_tenant,
    enqueue,
    errors,
    execute,
    get_logger,
    get_or_404,
    mail_server,
    new_id,
    now,
    setting,
    sql,
    unit_of_work,
)

from . import letter, mime, notifications, preferences
from .models import EMAIL, FAILED, QUEUED, SENDING, SENT, SUPPRESSED, Attachment, Email, Refusal
from .services import SEND_JOB, Sink
from .settings import REPLY_TO, SENDER
from .smtp import Outcome, Server, send

log = get_logger(__name__)

MAILBOX: Final = "mailbox:"
#: Pauses after the first, second … temporary refusal. Grey-listing ends within minutes, an outage within a day.
PAUSES: Final = (1, 5, 15, 60, 180, 360, 720)


async def send_email(email_id: str) -> None:
    """The job: one attempt to send one mail. Does nothing when it is sent, sending or given up already."""
    key = UUID(email_id)
    server = mail_server()
    if server is None:
        await _settle(key, FAILED, "no_server", before=QUEUED)
        return
    row = await _claim(key)
    if row is None:
        await _find_lost(key)
        return
    reason = await _reason_not_to(row)
    if reason:
        await _settle(key, SUPPRESSED, reason)
    elif server == MAILBOX:
        await _settle(key, SENT, "", via="mailbox")
    else:
        await _attempt(row, Server.parse(server))


async def _claim(email_id: UUID) -> Email | None:
    """Take a queued mail for ourselves; committed before anybody outside hears of it."""
    taken = await sql(
        "UPDATE notifications_email SET state = 'sending', attempts = attempts + 1, next_at = NULL"
        " WHERE tenant_id = $1 AND id = $2 AND state = 'queued' RETURNING id",
        current_tenant().id,
        email_id,
    )
    return await Email.get_or_none(id=email_id) if taken else None


async def _find_lost(email_id: UUID) -> None:
    """A mail that is `sending` although its only job begins anew: the process ended in the middle of it."""
    if await _settle(email_id, FAILED, "uncertain", before=SENDING):
        log.warning("it is not known whether e-mail %s went out; it is not sent again by itself", email_id)


async def _reason_not_to(row: Email) -> str:
    """Look again right before sending: much can have changed since the mail was queued."""
    kind = preferences.find_type(row.type_id)
    critical = kind is not None and kind.critical
    if row.account_id is not None:
        card = (await accounts.accounts_by_ids([row.account_id])).get(row.account_id)
        if card is None or card.state == "erased":
            return "account_gone"
        if card.state == "locked" and not critical:
            return "account_locked"
    if kind is not None and not critical:
        choices = await preferences.choices_of([row.recipient], row.type_id)
        if not preferences.wants(kind, row.recipient, EMAIL, choices):
            return "not_wanted"
    if not critical and await Refusal.exists(address=row.address):
        return "refused_before"
    return ""


async def _attempt(row: Email, server: Server) -> None:
    sender = setting(SENDER) or f"no-reply@{current_snapshot().hosts[0]}"
    files = await Attachment.filter(email_id=row.id).order_by("position")
    look = letter.brand()
    message = mime.build(row, files, sender=sender, sender_name=look.name, reply_to=setting(REPLY_TO))
    gone = False

    def over() -> None:
        nonlocal gone
        gone = True

    outcome = None
    try:
        outcome = await send(server, sender, row.address, message, over)
    finally:
        if outcome is None and not gone:
            # Cancelled or broken before the content went over: nobody has it. Later than that the row stays
            # `sending`, and whoever runs this job next leaves it to a person.
            await _give_back(row.id)
    match outcome.kind:
        case "sent":
            await _sent(row)
        case "later":
            await _later(row, outcome)
        case "refused":
            await _refused(row, outcome)
        case "failed":
            await _settle(row.id, FAILED, outcome.reason, detail=outcome.detail)


async def _give_back(email_id: UUID) -> None:
    await execute(
        "UPDATE notifications_email SET state = 'queued' WHERE tenant_id = $1 AND id = $2 AND state = 'sending'",
        current_tenant().id,
        email_id,
    )


async def _sent(row: Email) -> None:
    """Delivered to the server: what it said stays with the recipient, not with us."""
    async with unit_of_work():
        await _settle(row.id, SENT, "", via="smtp")
        await Email.filter(id=row.id).update(text="", html="", unsubscribe_url="")
        await Attachment.filter(email_id=row.id).delete()
        await Refusal.filter(address=row.address).delete()


async def _later(row: Email, outcome: Outcome) -> None:
    """Try again after a pause that grows, or give up."""
    if row.attempts > len(PAUSES):
        await _settle(row.id, FAILED, outcome.reason, detail=outcome.detail)
        return
    at = now() + timedelta(minutes=PAUSES[row.attempts - 1])
    async with unit_of_work():
        await _settle(row.id, QUEUED, outcome.reason, detail=outcome.detail, next_at=at)
        # Not under the key of the job in hand, which still lives.
        await enqueue(SEND_JOB, {"email_id": str(row.id)}, run_at=at, key=f"{SEND_JOB}:{row.id}:{row.attempts}")


async def _refused(row: Email, outcome: Outcome) -> None:
    """The address does not take mail: remembered, so that nobody keeps knocking."""
    async with unit_of_work():
        await _settle(row.id, SUPPRESSED, outcome.reason, detail=outcome.detail)
        await sql(
            "INSERT INTO notifications_refusal (id, tenant_id, address, detail, created_at) VALUES ($1, $2, $3, $4, $5)"
            " ON CONFLICT (tenant_id, address) DO UPDATE SET detail = EXCLUDED.detail RETURNING id",
            new_id(),
            current_tenant().id,
            row.address,
            outcome.detail,
            now(),
        )
        if row.account_id is not None:
            told = notifications.refused_notice(row.account_id, row.id, address=row.address)
            await Sink().deliver(notifications.REFUSED, [told])


async def _settle(
    email_id: UUID,
    state: str,
    reason: str,
    *,
    before: str = SENDING,
    detail: str = "",
    via: str = "",
    next_at: datetime | None = None,
) -> bool:
    """Write down how it went. False: the row moved on meanwhile."""
    found = await sql(
        "UPDATE notifications_email SET state = $3, reason = $4, detail = $5, via = $6, next_at = $7,"
        " sent_at = coalesce($8, sent_at)"
        " WHERE tenant_id = $1 AND id = $2 AND state = $9 RETURNING id",
        current_tenant().id,
        email_id,
        state,
        reason,
        detail[:2000],
        via,
        next_at,
        now() if state == SENT else None,
        before,
    )
    return bool(found)


async def retry(email_id: str | UUID) -> None:
    """Send a failed or refused mail again, because somebody says so. Raises Conflict for one in another state."""
    async with unit_of_work():
        row = await get_or_404(Email.filter().select_for_update(), email_id)
        if not may_retry(row):
            raise errors.Conflict()
        await Refusal.filter(address=row.address).delete()
        await Email.filter(id=row.id).update(state=QUEUED, reason="", detail="", next_at=None, attempts=0)
        await enqueue(SEND_JOB, {"email_id": str(row.id)}, key=f"{SEND_JOB}:{row.id}:again:{new_id()}")


def may_retry(row: Email) -> bool:
    """Only what was to be sent: one that its recipient did not want has no content."""
    return bool(row.html) and (row.state == FAILED or (row.state == SUPPRESSED and row.reason.startswith("refused")))
