"""What people do with their messages."""

from __future__ import annotations

from uuid import UUID

from kernel import absolute_url, accounts, current_tenant, get_or_404, local_path, new_id, now, sql, unit_of_work

from . import notifications
from .models import Message, Refusal
from .services import Sink, changed


async def mark(account_id: UUID, message_id: UUID | str, *, read: bool = True) -> Message:
    """Mark one of the account's own messages; NotFound for anybody else's. Idempotent."""
    async with unit_of_work():
        row = await get_or_404(Message, message_id, account_id=account_id)
        if (row.read_at is not None) != read:
            row.read_at = now() if read else None
            await row.save(update_fields=["read_at"])
            changed(account_id)
    return row


async def mark_all(account_id: UUID) -> int:
    """Mark everything as read; returns how many were not."""
    async with unit_of_work():
        found = await sql(
            "UPDATE notifications_message SET read_at = $3 WHERE tenant_id = $1 AND account_id = $2"
            " AND read_at IS NULL RETURNING id",
            current_tenant().id,
            account_id,
            now(),
        )
        if found:
            changed(account_id)
    return len(found)


def destination(action_url: str) -> str:
    """Where a message leads: a path of this site or an https address; "" for anything else."""
    own = absolute_url("/").rstrip("/")
    if action_url.startswith(own + "/"):
        action_url = action_url.removeprefix(own)
    return action_url if action_url.startswith("https://") else local_path(action_url, "")


async def send_test(account_id: UUID) -> None:
    """A message to oneself, by all channels that one wants."""
    card = (await accounts.accounts_by_ids([account_id]))[account_id]
    async with unit_of_work():
        notice = notifications.test_notice(account_id, str(new_id()), name=card.name)
        await Sink().deliver(notifications.TEST, [notice])


async def refused(account_id: UUID) -> Refusal | None:
    """The refusal of the account's present address, if its mail server turned us away."""
    card = (await accounts.accounts_by_ids([account_id])).get(account_id)
    return await Refusal.get_or_none(address=card.email) if card else None


async def try_address_again(account_id: UUID) -> None:
    """The person says that their mailbox works again."""
    row = await refused(account_id)
    if row is not None:
        await row.delete()
