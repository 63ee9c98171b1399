"""A person's data from every installed plugin, on or off: for the data map and for the download."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from kernel import (
    File,
    accounts,
    audit,
    delete_file,
    enqueue,
    get_logger,
    is_on,
    new_id,
    now,
    privacy_providers,
    publish,
    read_file,
    save_file,
    setting,
    speaking,
    sql,
    unit_of_work,
)

from .. import states
from ..bundle import Part, build
from ..events import ExportReady
from ..models import DataRequest
from ..settings import EXPORT_DAYS

log = get_logger(__name__)

JOB = "compliance.build_export"
#: Seconds for one plugin.
_PATIENCE = 60.0
_MOST_FILES = 50 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Held:
    """A line of the data map. `sections` are (name, how many)."""

    plugin: str
    title: str
    on: bool
    nothing: str = ""
    error: str = ""
    sections: list[tuple[str, int]] = field(default_factory=list)


async def held(account_id: UUID, *, patience: float = 5.0) -> list[Held]:
    """What each plugin holds, counted."""
    parts = await asyncio.gather(*(_part(pid, account_id, patience) for pid, _p in privacy_providers()))
    return [
        Held(
            plugin=part.plugin,
            title=part.title,
            on=part.plugin == "kernel" or is_on(part.plugin),
            nothing=part.nothing,
            error=part.error,
            sections=[(name, len(v) if isinstance(v, list) else 1) for name, v in part.data.items() if v],
        )
        for part in parts
    ]


async def _part(plugin: str, account_id: UUID, patience: float) -> Part:
    """One plugin's answer. A failing or slow one gives a part that says so."""
    provider = dict(privacy_providers())[plugin]
    if provider.export is None:
        return Part(plugin, provider.title, nothing=provider.nothing_because)
    try:
        async with asyncio.timeout(patience):
            data: Any = await provider.export(account_id)
        return Part(plugin, provider.title, data=json.loads(json.dumps(data, default=str)))
    except TimeoutError:
        return Part(plugin, provider.title, error="timeout")
    except Exception as exc:
        log.exception("the data that %s holds could not be read", plugin)
        return Part(plugin, provider.title, error=type(exc).__name__)


async def ask(account_id: UUID, locale: str, *, by: UUID | None) -> DataRequest:
    """Ask for a copy. While one is being made, that one is given back."""
    async with unit_of_work():
        await one_at_a_time(account_id)
        found = await DataRequest.filter(account_id=account_id, kind=states.EXPORT, state__in=states.OPEN).first()
        if found is not None:
            return found
        row = await DataRequest.create(
            id=new_id(), kind=states.EXPORT, account_id=account_id, state=states.REQUESTED, asked_by=by, locale=locale,
            due_at=now() + timedelta(days=30),
        )  # fmt: skip
        await enqueue(JOB, {"request_id": str(row.id)}, key=f"compliance.export:{row.id}")
        await audit.record("compliance.export_requested", subject="account", subject_id=str(account_id))
    return row


async def one_at_a_time(account_id: UUID) -> None:
    """Inside a unit of work: requests of one person come one after another."""
    await sql("SELECT pg_advisory_xact_lock(hashtextextended($1, 0)) AS held", f"compliance.request:{account_id}")


async def build_export(request_id: str) -> None:
    """The job: collect, pack, store, tell. Starts over when it broke off."""
    row = await DataRequest.get_or_none(id=request_id, kind=states.EXPORT)
    if row is None or row.state not in states.OPEN:
        return
    await DataRequest.filter(id=row.id).update(state=states.RUNNING)
    account = (await accounts.accounts_by_ids([row.account_id])).get(row.account_id)
    if account is None:
        await DataRequest.filter(id=row.id).update(state=states.PARTIAL, finished_at=now())
        return
    parts = [await _part(pid, row.account_id, _PATIENCE) for pid, _p in privacy_providers()]
    files, left_out = await _files(row.account_id)
    made = now()
    with speaking(row.locale, account.zone):
        packed = await asyncio.to_thread(build, account.name or account.email, parts, files, left_out, made)
    partial = any(part.error for part in parts)
    # Large data first, then the unit of work.
    file = await save_file(f"my-data-{made:%Y-%m-%d}.zip", "application/zip", packed, owner_id=row.account_id)
    async with unit_of_work():
        taken = await DataRequest.filter(id=row.id, state__in=states.OPEN).update(
            state=states.PARTIAL if partial else states.READY,
            results=[_result(part) for part in parts],
            file_id=file.id,
            finished_at=made,
            expires_at=made + timedelta(days=setting(EXPORT_DAYS)),
        )
        if not taken:  # another attempt was quicker
            await delete_file(file)
            return
        await publish(ExportReady(request_id=row.id, account_id=row.account_id, partial=partial))


def _result(part: Part) -> dict[str, Any]:
    outcome = "error" if part.error else "nothing" if part.nothing else "ok"
    return {"plugin": part.plugin, "title": part.title, "outcome": outcome, "error": part.error}


async def _files(account_id: UUID) -> tuple[list[tuple[str, bytes]], list[str]]:
    """Files that belong to the person, earlier downloads apart; and names of those that would be too much."""
    own = {r.file_id for r in await DataRequest.filter(account_id=account_id, file_id__isnull=False)}
    found: list[tuple[str, bytes]] = []
    left_out: list[str] = []
    room = _MOST_FILES
    for file in await File.filter(owner_id=account_id).order_by("created_at").limit(1000):
        if file.id in own:
            continue
        if file.size > room:
            left_out.append(file.name)
            continue
        try:
            found.append((f"{len(found) + 1:03}-{file.name}", await read_file(file)))
        except FileNotFoundError:
            left_out.append(file.name)
            continue
        room -= file.size
    return found, left_out


async def purge_expired() -> None:
    """Periodic: delete downloads whose time is over."""
    over = await DataRequest.filter(
        kind=states.EXPORT, state__in=(states.READY, states.PARTIAL), expires_at__lt=now()
    ).limit(500)
    for row in over:
        async with unit_of_work():
            await drop(row)


async def drop(row: DataRequest) -> None:
    """Inside a unit of work: the file of a download goes, the request stays as a record."""
    if row.file_id is not None and (file := await File.get_or_none(id=row.file_id)) is not None:
        await delete_file(file)
    await DataRequest.filter(id=row.id).update(state=states.EXPIRED, file_id=None)
