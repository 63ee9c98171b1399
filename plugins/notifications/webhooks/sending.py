"""From an event to the answers of the addresses that want it: at least once, and every attempt recorded."""

from __future__ import annotations

import json
import random
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from kernel import (
    Happened,
    NoticeSink,
    accounts,
    current_tenant,
    execute,
    get_logger,
    happened,
    new_id,
    now,
    outbound,
    sealing,
    services,
    sql,
    unit_of_work,
)
from kernel import gettext as _

from .. import notifications
from ..models import Webhook, WebhookAttempt, WebhookDelivery
from . import catalogue, signing
from .services import place, queue

log = get_logger(__name__)
_dice: Final = random.SystemRandom()

#: Pauses after each failure, in seconds: three days in all, as Standard Webhooks advises.
PAUSES: Final = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
#: Failures in a row after which people are told, and the address is left to rest.
TOLERATED: Final = 5
_REST: Final = (30, 60, 120, 300)
_TIMEOUT: Final = 10.0
_HELD: Final = timedelta(seconds=30)
_EXCERPT: Final = 2000


async def wanted(event: str) -> bool:
    """Does any webhook of the tenant hear it? Read each time: another process may have made one just now."""
    found = await sql(
        "SELECT 1 AS n FROM notifications_webhook WHERE tenant_id = $1 AND state <> 'disabled'"
        " AND (events @> to_jsonb($2::text) OR ($3 AND events = '[]'::jsonb)) LIMIT 1",
        current_tenant().id, event, not catalogue.by_name_only(event),
    )  # fmt: skip
    return bool(found)


async def relay(event: Happened) -> None:
    """Note the event for every address that wants it. Again is harmless."""
    async with unit_of_work():
        for hook in await Webhook.filter(state__in=("active", "paused")):
            if not catalogue.hears(hook.events, event.name):
                continue
            made = await sql(
                "INSERT INTO notifications_webhook_delivery"
                " (id, tenant_id, webhook_id, event_id, event, test, state, attempts, cycle, created_at)"
                " VALUES ($1, $2, $3, $4, $5, false, 'waiting', 0, 0, $6)"
                " ON CONFLICT (tenant_id, webhook_id, event_id) DO NOTHING RETURNING id",
                new_id(), current_tenant().id, hook.id, event.id, event.name, now(),
            )  # fmt: skip
            if made and hook.state == "active":
                await queue(made[0].id, 0, 0)


async def send(delivery_id: str) -> None:
    """The job: one attempt. A delivery that is over, paused or gone is left as it is."""
    row = await WebhookDelivery.get_or_none(id=UUID(delivery_id))
    hook = await Webhook.get_or_none(id=row.webhook_id) if row is not None else None
    if row is None or hook is None or row.state != "waiting" or hook.state == "paused":
        return
    if hook.state == "disabled":
        await WebhookDelivery.filter(id=row.id, state="waiting").update(state="failed", ended_at=now(), next_at=None)
        return
    if not await _may_try(hook, row) or not await _claim(row):
        return
    sent = await body(row)
    if sent is None:
        async with unit_of_work():
            lost = _("The event is not kept any more, so there is nothing to send.")
            await WebhookAttempt.create(delivery_id=row.id, duration_ms=0, error=lost)
            await WebhookDelivery.filter(id=row.id).update(state="failed", ended_at=now(), held_until=None)
        return
    await _settle(hook, row, await _request(hook, row, sent))


async def _may_try(hook: Webhook, row: WebhookDelivery) -> bool:
    """After failures in a row one delivery tries at a time, the others wait; waiting is no attempt."""
    if hook.failures < TOLERATED:
        return True
    taken = await sql(
        "UPDATE notifications_webhook SET rest_until = $3 WHERE tenant_id = $1 AND id = $2"
        " AND (rest_until IS NULL OR rest_until <= $4) RETURNING id",
        current_tenant().id,
        hook.id,
        now() + _HELD,
        now(),
    )
    if not taken:
        await hook.refresh_from_db()
        at = max(hook.rest_until or now(), now()) + timedelta(seconds=_dice.uniform(1, 5))
        async with unit_of_work():
            await WebhookDelivery.filter(id=row.id).update(next_at=at)
            await queue(row.id, row.cycle, row.attempts, f"rest:{new_id()}", run_at=at)
    return bool(taken)


async def _claim(row: WebhookDelivery) -> bool:
    """Ours alone for a while; a process that dies lets go of it by the clock."""
    taken = await sql(
        "UPDATE notifications_webhook_delivery SET held_until = $3, attempts = attempts + 1, next_at = NULL"
        " WHERE tenant_id = $1 AND id = $2 AND state = 'waiting' AND attempts = $5"
        " AND (held_until IS NULL OR held_until <= $4) RETURNING attempts",
        current_tenant().id,
        row.id,
        now() + _HELD,
        now(),
        row.attempts,
    )
    if taken:
        row.attempts = taken[0].attempts
        return True
    await row.refresh_from_db()
    if row.state == "waiting" and row.held_until is not None and row.held_until > now():
        # Somebody has it, or died with it: look again when the claim has run out.
        await queue(row.id, row.cycle, row.attempts, f"held:{new_id()}", run_at=row.held_until)
    return False


async def body(row: WebhookDelivery) -> bytes | None:
    """The same bytes at every attempt; None when the event is no longer kept."""
    at, data = row.created_at, catalogue.example(row.event)
    if not row.test:
        event = await happened(row.event_id)
        if event is None:
            return None
        at, data = event.occurred_at, dict(event.data)
    payload: dict[str, Any] = {
        "id": str(row.event_id),
        "type": row.event,
        "occurred_at": at.isoformat(),
        "tenant": current_tenant().slug,
        "data": data,
    }
    if row.test:
        payload["test"] = True
    return json.dumps(payload, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True)
class Result:
    ms: int
    status: int | None = None
    error: str = ""
    response: str = ""
    wait: int = 0

    @property
    def ok(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


async def _request(hook: Webhook, row: WebhookDelivery, sent: bytes) -> Result:
    at, started = now(), time.monotonic()
    keys = [sealing.unseal(hook.secret, place(hook.id))]
    if hook.old_secret is not None and hook.old_until is not None and hook.old_until > at:
        keys.append(sealing.unseal(hook.old_secret, place(hook.id)))
    headers = {"Content-Type": "application/json", **signing.headers(keys, str(row.event_id), at, sent)}

    def spent() -> int:
        return round((time.monotonic() - started) * 1000)

    try:
        answer = await outbound.fetch(
            "POST", hook.url, headers=headers, body=sent, timeout=_TIMEOUT, limit=_EXCERPT, clip=True, purpose="webhook"
        )
    except (outbound.OutboundRefused, outbound.OutboundFailed) as exc:
        return Result(spent(), error=exc.detail[:300])
    wait = answer.headers.get("Retry-After", "")
    return Result(
        spent(),
        status=answer.status,
        response=answer.body.decode("utf-8", "replace").replace("\x00", ""),
        wait=min(int(wait), 21_600) if wait.isascii() and wait.isdecimal() and len(wait) < 9 else 0,
    )


async def _settle(hook: Webhook, row: WebhookDelivery, result: Result) -> None:
    """Attempt, delivery and address in one transaction."""
    async with unit_of_work():
        await WebhookAttempt.create(
            delivery_id=row.id, duration_ms=result.ms, status=result.status, error=result.error,
            response=result.response,
        )  # fmt: skip
        mine = WebhookDelivery.filter(id=row.id, state="waiting", cycle=row.cycle)
        if result.ok:
            await mine.update(state="delivered", status=result.status, held_until=None, ended_at=now())
            await execute(
                "UPDATE notifications_webhook SET failures = 0, failing_since = NULL, rest_until = NULL"
                " WHERE tenant_id = $1 AND id = $2 AND (failures > 0 OR rest_until IS NOT NULL)",
                current_tenant().id,
                hook.id,
            )
            return
        last = row.attempts > len(PAUSES) or row.test
        if last:
            await mine.update(state="failed", status=result.status, held_until=None, ended_at=now())
        else:
            pause = max(PAUSES[row.attempts - 1] * _dice.uniform(1.0, 1.1), result.wait)
            at = now() + timedelta(seconds=pause)
            if await mine.update(status=result.status, held_until=None, next_at=at):
                await queue(row.id, row.cycle, row.attempts, run_at=at)
        if not row.test:
            await _count(hook, row, result, last=last)


async def _count(hook: Webhook, row: WebhookDelivery, result: Result, *, last: bool) -> None:
    """Against the address: let it rest, tell people, or give it up."""
    found = await sql(
        "UPDATE notifications_webhook SET failures = failures + 1, failing_since = coalesce(failing_since, $3)"
        " WHERE tenant_id = $1 AND id = $2 RETURNING failures, failing_since",
        current_tenant().id,
        hook.id,
        now(),
    )
    if not found:
        return
    failures, since = found[0].failures, found[0].failing_since
    if result.status == 410 or (last and since <= now() - timedelta(days=2)):
        reason = "gone" if result.status == 410 else "failing"
        if await Webhook.filter(id=hook.id, state="active").update(state="disabled", reason=reason):
            await _tell(hook, f"disabled:{since.isoformat()}", disabled=True)
    elif failures >= TOLERATED:
        rest = now() + timedelta(seconds=_REST[min(failures - TOLERATED, len(_REST) - 1)])
        await Webhook.filter(id=hook.id).update(rest_until=rest)
        if failures == TOLERATED:
            await _tell(hook, f"failing:{since.isoformat()}", disabled=False)


async def _tell(hook: Webhook, key: str, *, disabled: bool) -> None:
    sink = services.get(NoticeSink)
    people = {card.id for role in ("owner", "admin") for card in await accounts.accounts_with_role(role)}
    if sink is not None and people:
        told = [notifications.webhook_notice(who, hook.id, key, url=hook.url, disabled=disabled) for who in people]
        await sink.deliver(notifications.WEBHOOK, told)
