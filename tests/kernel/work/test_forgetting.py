"""Erasing a person: their events keep ids and lose what tells about them, wherever their address was written."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import fields

from kernel.app import Greenroom
from kernel.auth import accounts, audit
from kernel.auth.events import Audited, SignedIn
from kernel.base.clock import now
from kernel.base.context import acting_as
from kernel.base.events import blanks, event_name, from_data
from kernel.base.ids import new_id
from kernel.engines.connection import execute, sql, unit_of_work
from kernel.testing.people import TenantKit
from kernel.work.events import publish, published_events

CANARY = "Zebulon Quagmire-Canary"
ADDRESS = "zebulon+canary@example.org"

#: Texts that are codes, names of things or numbers, and tell nothing about anybody.
HARMLESS = {
    "action", "subject", "subject_id", "via", "state", "key", "slug", "kind", "category", "priority", "by", "before",
    "after", "role", "stage", "title", "because", "cause", "missing", "decision", "currency", "reference_kind",
    "outcome", "was", "what", "host", "mode", "answer", "type_title", "locale", "zone", "name",
}  # fmt: skip


async def test_events_of_an_erased_person_keep_ids_and_lose_words(
    tenant: TenantKit, other_tenant: TenantKit, run_jobs: Callable[..., Awaitable[int]]
) -> None:
    with other_tenant.scope():
        async with unit_of_work():
            await audit.record("kernel.tried", subject="thing", subject_id="1", after={"who": ADDRESS})
    with tenant.scope(), acting_as(None):
        async with unit_of_work():
            person = await accounts.create_account(ADDRESS, CANARY, state="active", by_rule=True)
            await publish(SignedIn(account_id=person.id, session_id=new_id(), device="Canary phone", new_device=True))
            await audit.record(
                "kernel.tried", subject="account", subject_id=str(person.id), before={"name": CANARY}, reason="canary"
            )
            # Somebody else's event that mentions them by name only.
            await audit.record("kernel.tried", subject="room", subject_id="7", after={"guest": CANARY}, reason="asked")
            await audit.record(
                "kernel.tried", subject="room", subject_id="8", after={"guest": "Somebody"}, reason="kept"
            )
            # A plugin that is no longer installed once said so; a job failed over them.
            await execute(
                "INSERT INTO kernel_event (id, tenant_id, name, data, request_id, occurred_at) VALUES ($1, $2, "
                "'gone.mail_sent.v1', $3::jsonb, '', $4)",
                new_id(), tenant.ref.id, f'{{"to": "{ADDRESS.upper()}", "number": 7}}', now(),
            )  # fmt: skip
            await execute(
                "INSERT INTO kernel_job (id, tenant_id, plugin, name, args, queue, state, run_at, attempts,"
                " max_attempts, request_id, created_at, finished_at, last_error, history)"
                " VALUES ($1, $2, 'x', 'x.y', $3::jsonb, 'default', 'dead', $4, 1, 1, '', $4, $4, $5, $6::jsonb)",
                new_id(), tenant.ref.id, f'{{"to": "{ADDRESS}"}}', now(), f"refused {ADDRESS}", f'["{ADDRESS}"]',
            )  # fmt: skip
        await accounts.erase(person.id)
        left = await sql("SELECT name, data::text AS data FROM kernel_event WHERE tenant_id = $1", tenant.ref.id)
        jobs = await sql(
            "SELECT concat(args, last_error, history) AS data FROM kernel_job WHERE tenant_id = $1", tenant.ref.id
        )
        for row in (*left, *jobs):
            assert "canary" not in row.data.lower(), row
        assert any('"number": 7' in row.data for row in left)
        # Ids stay, and every event can still be read by those who rebuild from it.
        found = [from_data(SignedIn, e.data) async for e in published_events("kernel.sign_in_succeeded.v1")]
        assert [(e.account_id, e.device, e.new_device) for e in found] == [(person.id, "", True)]
        tried = [from_data(Audited, e.data) async for e in published_events("kernel.audited.v1")]
        about = {e.subject_id: e for e in tried if e.action == "kernel.tried"}
        assert about[str(person.id)].before is None
        assert about["8"].reason == "kept"
    with other_tenant.scope():
        rows = await sql("SELECT data::text AS data FROM kernel_event WHERE tenant_id = $1", other_tenant.ref.id)
        assert any(ADDRESS in row.data for row in rows)


def test_every_text_of_an_event_is_harmless_or_declared_personal(greenroom: Greenroom) -> None:
    """A new free text in an event has to be declared, or it would outlive its person."""
    for classes in greenroom.runtime.registry.events.values():
        for cls in classes:
            texts = {f.name for f in fields(cls) if str(f.type) in ("str", "str | None")}
            undeclared = texts - set(blanks(cls)) - HARMLESS
            assert not undeclared, f"{event_name(cls)}: declare {', '.join(sorted(undeclared))} as personal=(...)"
