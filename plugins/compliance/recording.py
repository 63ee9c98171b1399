"""What becomes an audit entry: which events, and what each says."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from kernel import Happened


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """An event in the terms of the log. `before` and `after` are JSON texts."""

    action: str
    subject: str
    subject_id: str
    before: str | None = None
    after: str | None = None
    reason: str = ""
    actor_id: UUID | None = None


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _id(text: object) -> UUID | None:
    return UUID(str(text)) if text else None


def _audited(data: Mapping[str, Any]) -> Act:
    return Act(
        action=data["action"],
        subject=data["subject"],
        subject_id=data["subject_id"],
        before=data.get("before"),
        after=_with_token(data.get("after"), data.get("via", "")),
        reason=data.get("reason", ""),
    )


def _with_token(after: str | None, via: str) -> str | None:
    """Which API token acted belongs to what is kept of the act."""
    return after if not via else _json({**(json.loads(after) if after else {}), "via": via})


def _switched(data: Mapping[str, Any]) -> Act:
    return Act(
        action="kernel.plugin_switched_on" if data["on"] else "kernel.plugin_switched_off",
        subject="plugin",
        subject_id=data["key"],
        before=_json({"on": data["before"], **_rule(data.get("rule_before", ""))}),
        after=_json({"on": data["after"], **_rule(data.get("rule_after", ""))}),
        reason=data.get("reason", ""),
        actor_id=_id(data.get("actor_id")),
    )


def _rule(text: str) -> dict[str, Any]:
    return {"rule": json.loads(text)} if text else {}


def _setting(data: Mapping[str, Any]) -> Act:
    key = data["key"]
    return Act(
        action="kernel.setting_changed",
        subject="setting",
        subject_id=key,
        before=_value(data["before"]),
        after=_value(data["after"]),
        reason=data.get("reason", ""),
        actor_id=_id(data.get("actor_id")),
    )


def _value(text: str) -> str | None:
    """A setting's value as one of `before`/`after`: it is JSON itself, cut off when very long, or a mask."""
    if text == "":
        return None
    try:
        value = json.loads(text)
    except ValueError:
        value = text
    return _json(value if isinstance(value, dict) else {"value": value})


def _account(action: str) -> Callable[[Mapping[str, Any]], Act]:
    def made(data: Mapping[str, Any]) -> Act:
        told = {"state": data["state"]} if "state" in data else None
        return Act(action=action, subject="account", subject_id=data["account_id"], after=_json(told) if told else None)

    return made


def _signed_in(data: Mapping[str, Any]) -> Act:
    return Act(
        action="kernel.signed_in",
        subject="account",
        subject_id=data["account_id"],
        after=_json({"device": data["device"], "new_device": data["new_device"]}),
        actor_id=_id(data["account_id"]),
    )


def _tenant(data: Mapping[str, Any]) -> Act:
    return Act(
        action="kernel.tenant_created", subject="tenant", subject_id=data["tenant_id"],
        after=_json({"name": data["name"], "slug": data["slug"]}),
    )  # fmt: skip


def _tenant_state(data: Mapping[str, Any]) -> Act:
    return Act(
        action=f"kernel.tenant_{data['after']}", subject="tenant", subject_id="", reason=data.get("reason", ""),
        before=_json({"state": data["before"]}), after=_json({"state": data["after"]}),
    )  # fmt: skip


def _domain(data: Mapping[str, Any]) -> Act:
    return Act(
        action=f"kernel.domain_{data['what']}", subject="domain", subject_id=data["host"],
        reason=data.get("note", ""), actor_id=_id(data.get("actor_id")),
    )  # fmt: skip


#: Not here because the kernel audits the same act by itself: changed e-mail addresses and passwords, erased
#: accounts. Changes of a person's own profile are theirs.
SOURCES: Mapping[str, Callable[[Mapping[str, Any]], Act]] = {
    "kernel.audited.v1": _audited,
    "kernel.plugin_switched.v1": _switched,
    "kernel.setting_changed.v1": _setting,
    "kernel.account_created.v1": _account("kernel.account_created"),
    "kernel.account_verified.v1": _account("kernel.account_verified"),
    "kernel.sign_in_succeeded.v1": _signed_in,
    "kernel.tenant_created.v1": _tenant,
    "kernel.tenant_state_changed.v1": _tenant_state,
    "kernel.domain_changed.v1": _domain,
}


def act_of(happened: Happened) -> Act:
    """The act behind an event of `SOURCES`."""
    return SOURCES[happened.name](happened.data)
