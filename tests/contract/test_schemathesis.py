"""A stranger's tool walks the generated document: whatever it sends, answers are documented and none is a fault."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from kernel.app import Greenroom
from kernel.auth.sessions import actor_of
from kernel.auth.tokens import issuing
from kernel.auth.tokens.issuing import Wish
from kernel.base.context import acting_as
from kernel.testing.contract.walk import seed
from kernel.testing.people import TenantKit

#: Few of each, as there are some 200 calls and two people: it is meant to end within a minute.
_EXAMPLES, _SEED = 3, 20300514


async def _token(kit: TenantKit, *roles: str) -> str:
    """A token that may do whatever somebody with these roles may."""
    account_id = await kit.account(*roles)
    with kit.scope():
        actor = await actor_of(account_id)
        assert actor is not None
        from kernel import current_snapshot

        plugins = ["kernel", *(p for p in current_snapshot().effective if "." not in p)]
        with acting_as(actor):
            wish = Wish("walker", tuple(f"write:{p}" for p in plugins), 1, per_minute=10_000)
            return (await issuing.create_personal(actor, wish)).text


def _walk(kit: TenantKit, document: dict[str, object], token: str) -> list[str]:
    """Every operation with generated values, in a thread of its own; one line per fault, each kind once."""
    import hypothesis  # here, because they take seconds that every run of the suite would pay
    import requests
    import schemathesis
    from schemathesis import checks as known
    from schemathesis.core.failures import FailureGroup

    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=f"http://127.0.0.1:{kit.port}")
    checks = [
        known.not_a_server_error,
        schemathesis.specs.openapi.checks.status_code_conformance,
        schemathesis.specs.openapi.checks.content_type_conformance,
        schemathesis.specs.openapi.checks.response_schema_conformance,
    ]
    faults: dict[str, None] = {}
    session = requests.Session()
    headers = {"Host": f"{kit.host}:{kit.port}", "Authorization": f"Bearer {token}"}
    for result in schema.get_all_operations():
        operation = result.ok()

        @hypothesis.settings(
            max_examples=_EXAMPLES, deadline=None, database=None, suppress_health_check=list(hypothesis.HealthCheck)
        )
        @hypothesis.seed(_SEED)
        @hypothesis.given(case=operation.as_strategy())
        def once(case):  # type: ignore[no-untyped-def]
            try:
                answer = case.call(headers=headers, session=session)
                case.validate_response(answer, checks=checks)
            except FailureGroup as group:
                for failure in group.exceptions:
                    faults.setdefault(f"{case.method} {case.path}: {failure.title}: {str(failure)[:300]}")

        once()
    return list(faults)


@pytest.mark.slow
@pytest.mark.timeout(500)
async def test_no_fault_whatever_is_sent(
    make_tenant: Callable[..., Awaitable[TenantKit]], greenroom: Greenroom
) -> None:
    kit = await make_tenant()
    await seed(kit)
    document = (await kit.visitor().get("/api/v1/openapi.json")).json()
    assert len(document["paths"]) > 60
    # What would end the walk: locking people out, closing the site for maintenance, switching off what is walked.
    for path in list(document["paths"]):
        if any(part in path for part in _ENDINGS):
            del document["paths"][path]
    for roles in (("admin",), ("candidate",)):
        token = await _token(kit, *roles)
        faults = await asyncio.to_thread(_walk, kit, document, token)
        assert faults == [], "\n".join(faults)


_ENDINGS = ("/maintenance", "/plugins", "/switch", "/toggles", "/roles", "/lock", "/languages", "/features")


@pytest.mark.slow
async def test_every_guarded_call_refuses_a_false_token(tenant: TenantKit) -> None:
    """Never the call itself, never a fault: 401 and how to do better."""
    site = tenant.visitor()
    document = (await site.get("/api/v1/openapi.json")).json()
    checked = 0
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if {} in operation["security"]:
                continue
            address = path
            for parameter in operation["parameters"]:
                if parameter["in"] == "path":
                    address = address.replace("{" + parameter["name"] + "}", "1")
            for headers in ({}, {"Authorization": "Bearer gr_pat_" + "0" * 40}, {"Authorization": "Bearer x"}):
                answer = await site.request(method.upper(), address, headers=headers)
                allowed = (401, 404, 429) if headers else (401, 403, 404)
                assert answer.status in allowed, f"{method} {path}: {answer.status}"
                if answer.status == 401:
                    assert answer.headers["WWW-Authenticate"].startswith("Bearer"), path
            checked += 1
    assert checked > 60
