"""Requests to be erased: asking, deciding, doing. Doing can break off at any point and be taken up again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from kernel import (
    File,
    accounts,
    audit,
    compare_and_set,
    current_actor,
    current_snapshot,
    delete_file,
    enqueue,
    errors,
    get_logger,
    get_or_404,
    grants,
    new_id,
    now,
    privacy_providers,
    publish,
    services,
    speaking,
    unit_of_work,
)
from kernel import gettext as _

from .. import states
from ..events import RequestClosed, RequestReceived
from ..models import DataRequest
from . import exporting

log = get_logger(__name__)

JOB = "compliance.run_erasure"
#: The law gives a month.
CLOCK = timedelta(days=30)
_PATIENCE = 120.0
KERNEL = "kernel"


async def ask(account_id: UUID, note: str, locale: str, *, by: UUID | None) -> DataRequest:
    """Ask to be erased. Raises Conflict while one is open, and for the last owner."""
    async with unit_of_work():
        await exporting.one_at_a_time(account_id)
        if await open_request(account_id) is not None:
            raise errors.Conflict(_("There is an open request already."))
        await grants.guard_last_owner(account_id)
        row = await DataRequest.create(
            id=new_id(), kind=states.ERASURE, account_id=account_id, state=states.REQUESTED, asked_by=by,
            note=note, locale=locale, due_at=now() + CLOCK,
        )  # fmt: skip
        await audit.record("compliance.erasure_requested", subject="account", subject_id=str(account_id))
        await publish(RequestReceived(request_id=row.id, account_id=account_id, kind=states.ERASURE))
    return row


async def open_request(account_id: UUID) -> DataRequest | None:
    """The person's erasure that is not closed."""
    wanted = (*states.OPEN, states.PARTIAL)
    return await DataRequest.filter(account_id=account_id, kind=states.ERASURE, state__in=wanted).first()


async def withdraw(request_id: UUID | str, account_id: UUID, version: int) -> None:
    """The person thought better of it."""
    async with unit_of_work():
        row = await get_or_404(DataRequest, request_id, account_id=account_id, kind=states.ERASURE)
        await _move(row, states.CANCELLED, version)
        await audit.record("compliance.erasure_withdrawn", subject="account", subject_id=str(account_id))
        await publish(RequestClosed(request_id=row.id, account_id=account_id, state=states.CANCELLED))


async def decline(request_id: UUID | str, version: int, reason: str) -> None:
    """Refuse, with the reason that the person is told."""
    async with unit_of_work():
        row = await get_or_404(DataRequest, request_id, kind=states.ERASURE)
        _not_own(row)
        await _move(row, states.DECLINED, version, reason=reason, **_decided())
        await audit.record(
            "compliance.erasure_declined", subject="account", subject_id=str(row.account_id), reason=reason
        )
        await publish(RequestClosed(request_id=row.id, account_id=row.account_id, state=states.DECLINED))


async def execute(request_id: UUID | str, version: int, typed: str) -> None:
    """Begin to erase: the account is shut at once, the rest is done by a job. `typed` must be the address.

    Raises Invalid for a wrong address, Conflict while sessions are ahead, for the last owner and for one's own.
    """
    row = await get_or_404(DataRequest, request_id, kind=states.ERASURE)
    _not_own(row)
    account = await accounts.account(row.account_id)
    first = account.state != "erased"
    if first and typed.strip().casefold() != account.email.casefold():
        raise errors.Invalid({"confirm": _("Type the email address exactly as it is shown.")})
    if ahead := await sessions_ahead(row.account_id):
        raise errors.Conflict(
            _("There are sessions ahead ({n}). Cancel them first, so that the other side and the money are settled.")
            .format(n=len(ahead))
        )  # fmt: skip
    async with unit_of_work():
        await accounts.check_may_manage(row.account_id)
        await grants.guard_last_owner(row.account_id)
        await _move(row, states.RUNNING, version, **_decided())
        if first and account.state != "locked":
            await accounts.lock(row.account_id, reason=_("Erasure"))
        await audit.record("compliance.erasure_started", subject="account", subject_id=str(row.account_id))
        await enqueue(JOB, {"request_id": str(row.id)}, key=f"compliance.erasure:{row.id}")


def _not_own(row: DataRequest) -> None:
    actor = current_actor()
    if actor is not None and actor.id == row.account_id:
        raise errors.Conflict(_("Somebody else has to decide on your own request."))


def _decided() -> dict[str, Any]:
    actor = current_actor()
    return {"decided_by": actor.id if actor else None, "decided_at": now()}


async def _move(row: DataRequest, state: str, version: int, **changes: Any) -> None:
    if not states.may_become(row.kind, row.state, state) or row.version != version:
        raise errors.Conflict(_("This request has moved on in the meantime. Look at it again."))
    await compare_and_set(row, state=state, **changes)


async def sessions_ahead(account_id: UUID) -> Sequence[Any]:
    """What the person has agreed to and would leave open. None when scheduling is off."""
    bookings = services.get("scheduling.Bookings")
    if bookings is None:
        return ()
    found: Sequence[Any] = await bookings.upcoming(account_id, 20)
    return found


# --- the job ---------------------------------------------------------------------------------------------------


async def run_erasure(request_id: str) -> None:
    """Ask every plugin to erase, the kernel last. What is done stays done; a failure leaves it incomplete."""
    row = await DataRequest.get_or_none(id=request_id, kind=states.ERASURE)
    if row is None or row.state != states.RUNNING:
        return
    done = {r["plugin"]: r for r in row.results if r["outcome"] != "error"}
    providers = sorted(privacy_providers(), key=lambda pair: pair[0] == KERNEL)
    results: list[dict[str, Any]] = []
    snapshot = current_snapshot()
    with speaking(snapshot.locale, snapshot.zone):
        for plugin, _provider in [*providers[:-1], ("files", None), providers[-1]]:
            result = done.get(plugin) or await _erase_one(plugin, row.account_id)
            results.append(result)
            await DataRequest.filter(id=row.id).update(results=[*results, *_later(done, results)])
    failed = any(r["outcome"] == "error" for r in results)
    async with unit_of_work():
        state = states.PARTIAL if failed else states.DONE
        fresh = await DataRequest.get(id=row.id)
        await compare_and_set(fresh, state=state, results=results, finished_at=now(), note="")
        kept = sum(len(r["kept"]) for r in results)
        await audit.record(
            "compliance.erasure_finished", subject="account", subject_id=str(row.account_id),
            after={"state": state, "kept": kept, "failed": [r["plugin"] for r in results if r["outcome"] == "error"]},
        )  # fmt: skip
        await publish(RequestClosed(request_id=row.id, account_id=row.account_id, state=state))


def _later(done: dict[str, dict[str, Any]], results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Results of an earlier attempt that this one has not come to yet."""
    seen = {r["plugin"] for r in results}
    return [r for plugin, r in done.items() if plugin not in seen]


async def _erase_one(plugin: str, account_id: UUID) -> dict[str, Any]:
    """One plugin, all of it or nothing."""
    title, outcome, error = plugin, "ok", ""
    kept: list[str] = []
    try:
        async with asyncio.timeout(_PATIENCE), unit_of_work():
            if plugin == "files":
                title = "Files"
                await _erase_files(account_id)
            else:
                provider = dict(privacy_providers())[plugin]
                title = provider.title
                if provider.erase is None:
                    outcome, kept = "nothing", []
                else:
                    kept = [str(line)[:500] for line in await provider.erase(account_id)]
    except Exception as exc:
        log.exception("%s could not erase a person's data", plugin)
        outcome, error = "error", type(exc).__name__
    return {"plugin": plugin, "title": title, "outcome": outcome, "kept": kept, "error": error}


async def _erase_files(account_id: UUID) -> None:
    """Whatever plugins left: files that belong to the person."""
    for file in await File.filter(owner_id=account_id):
        await delete_file(file)
