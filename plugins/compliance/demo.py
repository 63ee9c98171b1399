"""A past for the audit log of the demo tenants: what administrators do in a month."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

from kernel import accounts, new_id, now

from .recording import Act
from .services import log

#: (days ago, action, subject, whose or what, before, after, reason). "admin" and "candidate" become accounts.
_PAST: tuple[tuple[float, str, str, str, Any, Any, str], ...] = (
    (29.2, "kernel.role_granted", "account", "admin", None, {"role": "admin"}, ""),
    (28.9, "kernel.setting_changed", "setting", "theming.tagline", {"value": ""},
     {"value": "Practise the interview before it counts."}, "New campaign"),
    (27.1, "kernel.setting_changed", "setting", "theming.brand_color", {"value": "#2563eb"}, {"value": "#4f46e5"},
     "Agreed with the design team"),
    (24.4, "theming.languages_changed", "tenant", "", {"default": "en", "offered": ["en", "de"]},
     {"default": "en", "offered": ["en", "de", "ar"]}, ""),
    (21.6, "kernel.plugin_switched_off", "plugin", "analytics", {"on": True}, {"on": False}, "Figures looked wrong"),
    (21.3, "kernel.plugin_switched_on", "plugin", "analytics", {"on": False}, {"on": True}, "Fixed"),
    (18.0, "kernel.account_locked", "account", "interviewer", {"state": "active"}, {"state": "locked"},
     "Asked us to pause while travelling"),
    (16.2, "kernel.account_unlocked", "account", "interviewer", {"state": "locked"}, {"state": "active"}, ""),
    (14.7, "kernel.setting_changed", "setting", "kernel.session_days", {"value": 30}, {"value": 14},
     "Rule of our insurer"),
    (11.0, "theming.maintenance_planned", "maintenance window", "database", None, {"minutes": 20}, "Database upgrade"),
    (8.3, "kernel.job_replayed", "job", "mail", None, None, ""),
    (5.5, "kernel.setting_changed", "setting", "users.sign_up", {"value": "closed"}, {"value": "open"}, "Open again"),
    (3.2, "compliance.export_requested", "account", "candidate", None, None, ""),
    (1.4, "compliance.export_downloaded", "account", "candidate", None, None, ""),
)  # fmt: skip


async def seed(slug: str) -> None:
    people = {who: await _account(who) for who in ("admin", "candidate", "interviewer")}
    at = now()
    for days, action, subject, what, before, after, reason in _PAST:
        whose = people.get(what) if subject == "account" else None
        own = action.startswith("compliance.export")
        act = Act(
            action=action,
            subject=subject,
            subject_id=str(whose) if whose else what or slug,
            before=_json(before),
            after=_json(after),
            reason=reason,
        )
        await log.append(
            act, event_id=new_id(), source="", at=at - timedelta(days=days),
            actor_id=people["candidate" if own else "admin"], request_id=f"demo-{int(days * 10):04}",
        )  # fmt: skip


async def _account(who: str) -> UUID | None:
    found = await accounts.find_account(f"{who}@demo.test")
    return found.id if found else None


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)
