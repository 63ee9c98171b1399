"""Log lines: they say who and where, cannot be forged by what somebody sends, and hold no secrets."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from kernel.base import log
from kernel.base.config import load_config
from kernel.base.context import Actor, TenantRef, acting_as, at_work, tenant_scope, with_request_id

ACME = TenantRef(UUID(int=1), "acme", "Acme")
SECRET = "u8Zq1f0wXk7vT3nB5mL9pR2sD4gH6jC0"
EVIL = 'x\n{"level": "info"}\r\x1b[2J\u2028\u2029\x85\x00"'


@pytest.fixture
def out() -> Iterator[Any]:
    """Configure as a process would, and put it back."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()

    def configure(*, as_json: bool, **more: Any) -> io.StringIO:
        log.configure(as_json=as_json, level="INFO", **more)
        root.handlers[0].stream = stream  # type: ignore[attr-defined]
        return stream

    yield configure
    log._secrets = ()
    root.handlers[:] = handlers
    root.setLevel(level)


def test_json_lines_say_who_and_where(out: Any) -> None:
    stream = out(as_json=True)
    actor = Actor(UUID(int=7), "a@x.test", "A", "en", "UTC", frozenset(), frozenset())
    with tenant_scope(ACME), with_request_id("r-1"), acting_as(actor), at_work("alpha", "alpha.sweep"):
        logging.getLogger("x").warning("done %d", 3, extra={"rows": 3, "level": "forged", "tenant": "forged"})
    line = json.loads(stream.getvalue())
    assert line["at"].endswith("Z")
    assert {k: line[k] for k in ("level", "logger", "message", "request_id", "tenant", "plugin", "job", "rows")} == {
        "level": "warning", "logger": "x", "message": "done 3", "request_id": "r-1", "tenant": "acme",
        "plugin": "alpha", "job": "alpha.sweep", "rows": 3,
    }  # fmt: skip
    assert line["actor"] == str(actor.id) and "a@x.test" not in stream.getvalue()


@pytest.mark.parametrize("as_json", [True, False])
def test_nobody_forges_a_line(out: Any, as_json: bool) -> None:
    stream = out(as_json=as_json)
    with with_request_id(EVIL):
        logging.getLogger("x").info("name %s", EVIL, extra={"odd": EVIL})
    text = stream.getvalue()
    assert text.count("\n") == 1 and text.endswith("\n")
    assert not set(text[:-1]) & set("\n\r\x1b\u2028\u2029\x85\x00")
    if as_json:
        assert json.loads(text)["message"] == f"name {EVIL}"


@pytest.mark.parametrize("as_json", [True, False])
def test_secrets_are_taken_out_wherever_they_come_from(out: Any, as_json: bool) -> None:
    env = {
        "GREENROOM_SECRET": SECRET, "GREENROOM_DATABASE_URL": "postgresql://u:db%2Dpassw0rd@h/x",
        "GREENROOM_SMTP_URL": "smtp://u:mail-passw0rd@h", "GREENROOM_METRICS_TOKEN": "m" * 24,
    }  # fmt: skip
    config = load_config(env, mode="production")
    for value in (SECRET, "passw0rd", "m" * 24):
        assert value not in repr(config)
    stream = out(as_json=as_json, secrets=config.secrets)
    try:
        raise RuntimeError(f"cannot reach {config.database_url} with {SECRET}")
    except RuntimeError:
        logging.getLogger("x").exception("failed for %s and %s", config.smtp_url, "db-passw0rd", extra={"k": "m" * 24})
    text = stream.getvalue()
    assert "[secret]" in text and "RuntimeError" in text
    for value in (SECRET, "passw0rd", "m" * 24):
        assert value not in text
