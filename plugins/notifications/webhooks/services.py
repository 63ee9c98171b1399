"""Use cases of the people who look after webhooks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from kernel import (
    N_,
    Quota,
    audit,
    current_tenant,
    enqueue,
    errors,
    execute,
    get_or_404,
    new_id,
    now,
    outbound,
    room_for,
    sealing,
    setting,
    sql,
    unchanged,
    unit_of_work,
)
from kernel import gettext as _

from ..models import Webhook, WebhookDelivery
from ..settings import MAX_WEBHOOKS
from . import catalogue, signing

JOB, RESUME_JOB = "notifications.send_webhook", "notifications.resume_webhook"
#: Hours for which a replaced secret may go on signing; the second is what is meant unless said.
OVERLAPS: Final = (0, 24, 72, 168)
OVERLAP: Final = 24
#: Deliveries that one request, or one job, sends again.
AT_ONCE: Final = 500


QUOTA: Final = "notifications.webhooks"


async def _used() -> int:
    return await Webhook.all().count()


def limit() -> int:
    """How many webhooks this site may have."""
    found: int = setting(MAX_WEBHOOKS)
    return found


QUOTAS = [Quota(id=QUOTA, label=N_("Webhooks"), limit=MAX_WEBHOOKS, used=_used)]


def place(webhook_id: UUID) -> str:
    """What a sealed secret is bound to."""
    return sealing.row_place("notifications_webhook", webhook_id)


async def create(url: str, description: str, events: Sequence[str]) -> tuple[Webhook, str]:
    """A new webhook and its secret, which is shown this once. Raises Invalid, or the refusal of the quota."""
    await _check(url, events)
    secret = signing.new_secret()
    row = Webhook(url=url, description=description, events=sorted(set(events)), secret=b"")
    row.secret = sealing.seal(secret, place(row.id))
    async with unit_of_work():
        await _address_is_free(url)
        await room_for(QUOTA)
        await row.save(force_create=True)
        await _note("created", row, after={"url": url, "events": row.events})
    return row, secret


async def update(row: Webhook, url: str, description: str, events: Sequence[str]) -> None:
    """Change where to and what about; the secret stays, and so may events that no plugin sends now. Raises Invalid."""
    await _check(url, sorted(set(events) - set(row.events)))
    before = {"url": row.url, "events": row.events}
    async with unit_of_work():
        await _address_is_free(url, but=row.id)
        wanted = sorted(set(events))
        await Webhook.filter(id=row.id).update(url=url, description=description, events=wanted)
        await _note("changed", row, before=before, after={"url": url, "events": wanted})


async def _address_is_free(url: str, but: UUID | None = None) -> None:
    # One at a time, so that two cannot both take the same address.
    await sql("SELECT pg_advisory_xact_lock(hashtextextended($1, 0)) AS locked", f"webhooks:{current_tenant().id}")
    taken = Webhook.filter(url=url)
    if await (taken.exclude(id=but) if but else taken).exists():
        raise errors.Invalid({"url": _("There is a webhook with this address already.")})


async def remove(row: Webhook) -> None:
    """With its record; what waits is not sent."""
    async with unit_of_work():
        await execute(
            "DELETE FROM notifications_webhook_attempt WHERE tenant_id = $1 AND delivery_id IN"
            " (SELECT id FROM notifications_webhook_delivery WHERE tenant_id = $1 AND webhook_id = $2)",
            current_tenant().id,
            row.id,
        )
        await WebhookDelivery.filter(webhook_id=row.id).delete()
        await Webhook.filter(id=row.id).delete()
        await _note("removed", row, before={"url": row.url})


async def rotate(row: Webhook, hours: int = OVERLAP) -> str:
    """A new secret, shown this once; the old one signs beside it for so many hours. Raises Invalid for odd ones."""
    if hours not in OVERLAPS:
        raise errors.Invalid({"hours": _("Choose one of the offered times.")})
    secret = signing.new_secret()
    async with unit_of_work():
        locked = await Webhook.filter(id=row.id).select_for_update().get()
        await Webhook.filter(id=row.id).update(
            secret=sealing.seal(secret, place(row.id)),
            old_secret=locked.secret if hours else None,
            old_until=now() + timedelta(hours=hours) if hours else None,
        )
        await _note("secret_replaced", row, after={"old_one_counts_for_hours": hours})
    return secret


async def pause(row: Webhook) -> None:
    """Events go on being noted and wait."""
    async with unit_of_work():
        if await Webhook.filter(id=row.id, state="active").update(state="paused"):
            await _note("paused", row)


async def resume(row: Webhook) -> int:
    """Send again, what waited first; also after we gave the address up. Returns how many go out."""
    async with unit_of_work():
        changed = (
            await Webhook.filter(id=row.id)
            .exclude(state="active")
            .update(state="active", reason="", failures=0, failing_since=None, rest_until=None)
        )
        if not changed:
            return 0
        await _note("resumed", row)
        await enqueue(RESUME_JOB, {"webhook_id": str(row.id), "after": ""})
        return await WebhookDelivery.filter(webhook_id=row.id, state="waiting").count()


async def queue_waiting(webhook_id: str, after: str) -> None:
    """The job behind `resume`: queue what waits, some at a time, oldest first; ids ascend with time."""
    hook = await unchanged(Webhook, webhook_id, state="active")
    waiting = WebhookDelivery.filter(webhook_id=hook.id, state="waiting")
    if after:
        waiting = waiting.filter(id__gt=UUID(after))
    async with unit_of_work():
        found = await waiting.order_by("id").limit(AT_ONCE)
        for one in found:
            await queue(one.id, one.cycle, one.attempts, f"resumed:{new_id()}")
        if len(found) == AT_ONCE:
            await enqueue(RESUME_JOB, {"webhook_id": webhook_id, "after": str(found[-1].id)})


async def send_test(row: Webhook, event: str) -> WebhookDelivery:
    """A made-up event of that name, now. Raises Invalid for a name there is not."""
    if event not in catalogue.names():
        raise errors.Invalid({"event": _("There is no such event.")})
    if row.state != "active":
        raise errors.Conflict(_("This webhook is not active."))
    async with unit_of_work():
        made = await WebhookDelivery.create(webhook_id=row.id, event_id=new_id(), event=event, test=True)
        await queue(made.id, 0, 0)
    return made


async def replay(row: WebhookDelivery) -> None:
    """Send one again that is over, whatever came of it. Raises Conflict while it waits or its webhook rests."""
    async with unit_of_work():
        hook = await get_or_404(Webhook, row.webhook_id)
        if hook.state != "active":
            raise errors.Conflict(_("This webhook is not active."))
        if not await _again([row.id]):
            raise errors.Conflict(_("This delivery is under way."))
        await _note("delivery_replayed", hook, after={"delivery": str(row.id)})


async def replay_failed(row: Webhook, since: datetime) -> int:
    """Send everything again that failed since then, at most AT_ONCE; returns how many."""
    if row.state != "active":
        raise errors.Conflict(_("This webhook is not active."))
    async with unit_of_work():
        failed = WebhookDelivery.filter(webhook_id=row.id, state="failed", created_at__gte=since)
        found = await failed.order_by("created_at", "id").limit(AT_ONCE)
        count = await _again([one.id for one in found])
        await _note("failed_replayed", row, after={"since": since.isoformat(), "count": count})
    return count


async def _again(ids: list[UUID]) -> int:
    rows = await sql(
        "UPDATE notifications_webhook_delivery SET state = 'waiting', attempts = 0, cycle = cycle + 1, next_at = NULL,"
        " held_until = NULL, ended_at = NULL WHERE tenant_id = $1 AND id = ANY($2::uuid[]) AND state <> 'waiting'"
        " RETURNING id, cycle",
        current_tenant().id,
        ids,
    )
    for one in rows:
        await queue(one.id, one.cycle, 0)
    return len(rows)


async def queue(
    delivery_id: UUID, cycle: int, attempts: int, mark: str = "", *, run_at: datetime | None = None
) -> None:
    """One job per attempt; asked for twice, it is queued once."""
    key = f"{JOB}:{delivery_id}:{cycle}:{attempts}:{mark}"
    await enqueue(JOB, {"delivery_id": str(delivery_id)}, run_at=run_at, key=key)


async def _check(url: str, events: Sequence[str]) -> None:
    try:
        await outbound.check(url)
    except outbound.OutboundRefused as exc:
        raise errors.Invalid({"url": exc.detail}) from exc
    except outbound.OutboundFailed as exc:
        raise errors.Invalid({"url": exc.detail}) from exc
    if unknown := sorted(set(events) - set(catalogue.names())):
        raise errors.Invalid({"events": _("There is no event called {name}.").format(name=unknown[0])})


async def _note(what: str, row: Webhook, **more: Any) -> None:
    await audit.record(f"notifications.webhook_{what}", subject="webhook", subject_id=str(row.id), **more)
