"""What the operator decided about single settings: locked, or free within bounds. Pure, but for the words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from ..base.contract import Setting
from ..base.i18n import gettext as _


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One decision. `scope` says for whom it was made; bounds are of an int, or of the length of a text."""

    locked: bool = False
    minimum: int | None = None
    maximum: int | None = None
    reason: str = ""
    by: str = ""
    at: datetime | None = None
    scope: Literal["tenant", "platform"] = "platform"

    @property
    def empty(self) -> bool:
        return not self.locked and self.minimum is None and self.maximum is None


#: No decision.
FREE = Rule()


def bounded(declared: Setting, rule: Rule) -> Setting:
    """The declaration with the operator's bounds drawn into it; never wider than it was declared."""
    if rule.minimum is None and rule.maximum is None:
        return declared
    lows = [low for low in (declared.minimum, rule.minimum) if low is not None]
    highs = [high for high in (declared.maximum, rule.maximum) if high is not None]
    return replace(declared, minimum=max(lows, default=None), maximum=min(highs, default=None))


def within(declared: Setting, rule: Rule, value: Any) -> Any:
    """`value` moved to the nearest bound: a floor counts at once, also for what was stored before it was drawn."""
    if declared.type is not int or not isinstance(value, int) or isinstance(value, bool):
        return value
    if rule.minimum is not None and value < rule.minimum:
        return rule.minimum
    return rule.maximum if rule.maximum is not None and value > rule.maximum else value


def bounds_fault(declared: Setting, minimum: int | None, maximum: int | None) -> str | None:
    """Why such bounds cannot be drawn, or None."""
    if minimum is None and maximum is None:
        return None
    if declared.type not in (int, str) or declared.choices:
        return _("Only numbers and texts can have bounds.")
    drawn = bounded(declared, Rule(minimum=minimum, maximum=maximum))
    if drawn.minimum is not None and drawn.maximum is not None and drawn.minimum > drawn.maximum:
        return _("No value would be left between {low} and {high}.").format(low=drawn.minimum, high=drawn.maximum)
    return None


def locked_words(rule: Rule) -> str:
    """Why a tenant cannot change the value."""
    return (
        _("Locked by the operator: {reason}").format(reason=rule.reason)
        if rule.reason
        else _("Locked by the operator.")
    )


NO_RULES: Mapping[str, Rule] = {}
