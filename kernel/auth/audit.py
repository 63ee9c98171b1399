"""Accountability: every act that matters becomes one `kernel.audited.v1` event, in the act's own transaction."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ..base.context import current_actor
from ..engines.connection import in_unit_of_work, unit_of_work
from ..work.events import publish
from .events import Audited

_SECRET = re.compile(r"password|secret|token|api_?key|hash|credential|private", re.IGNORECASE)
MASK = "•••"
_LONGEST = 8000


async def record(
    action: str,
    *,
    subject: str,
    subject_id: str,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
) -> None:
    """Note `action` (`<plugin>.<past tense>`) on one thing. Inside a unit of work it commits or fails with it.

    `subject` is the kind of thing, `before`/`after` only what changed. Who and which request come from the context.
    """
    event = Audited(
        action=action,
        subject=subject,
        subject_id=subject_id,
        before=_as_json(before),
        after=_as_json(after),
        reason=reason[:1000],
        via=actor.via if (actor := current_actor()) is not None else "",
    )
    if in_unit_of_work():
        await publish(event)
    else:
        async with unit_of_work():
            await publish(event)


def _as_json(value: Mapping[str, Any] | None) -> str | None:
    if value is None:
        return None
    text = json.dumps(masked(value), ensure_ascii=False, default=str, sort_keys=True)
    return text if len(text) <= _LONGEST else json.dumps({"too_long": len(text)})


def masked(value: Any) -> Any:
    """`value` with everything under a secret-sounding key hidden, however deep."""
    if isinstance(value, Mapping):
        return {str(k): MASK if _SECRET.search(str(k)) and v not in (None, "") else masked(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [masked(v) for v in (sorted(value, key=str) if isinstance(value, set | frozenset) else value)]
    return value
