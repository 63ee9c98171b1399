"""Who wants what: a type's defaults, what the person chose against them, and what cannot be turned off."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kernel import (
    NotificationType,
    current_snapshot,
    current_tenant,
    new_id,
    now,
    plugin_title,
    sql,
    unit_of_work,
)
from kernel import gettext as _

from .models import CHANNELS, EMAIL, Preference


@dataclass(frozen=True, slots=True)
class Cell:
    """One box of the matrix."""

    channel: str
    wanted: bool
    locked: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One type with its boxes, one per channel."""

    type_id: str
    label: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """The types of one plugin."""

    plugin: str
    title: str
    lines: tuple[Line, ...]


def find_type(type_id: str) -> NotificationType | None:
    """A type that an effective plugin declares."""
    found = current_snapshot().shape.notification_types.get(type_id)
    return found[1] if found else None


def label_of(type_id: str) -> str:
    kind = find_type(type_id)
    return _(kind.label) if kind else type_id


async def choices_of(recipients: Iterable[str], type_id: str | None = None) -> dict[tuple[str, str, str], bool]:
    """What people chose against the defaults: (recipient, type, channel) -> wanted."""
    rows = await sql(
        "SELECT recipient, type_id, channel, wanted FROM notifications_preference WHERE tenant_id = $1"
        " AND recipient = ANY($2::text[]) AND ($3::text IS NULL OR type_id = $3)",
        current_tenant().id,
        list(recipients),
        type_id,
    )
    return {(row.recipient, row.type_id, row.channel): row.wanted for row in rows}


def wants(kind: NotificationType, recipient: str, channel: str, choices: Mapping[tuple[str, str, str], bool]) -> bool:
    """Critical types always come by their channels; else the person's choice, else the type's default."""
    default = channel in kind.channels
    if kind.critical:
        return default
    return choices.get((recipient, kind.id, channel), default)


async def matrix(recipient: str) -> list[Group]:
    """Everything that somebody may be told about, by plugin, in the order of the plugins."""
    choices = await choices_of([recipient])
    lines: dict[str, list[Line]] = {}
    for plugin, kind in current_snapshot().shape.notification_types.values():
        cells = tuple(Cell(channel, wants(kind, recipient, channel, choices), kind.critical) for channel in CHANNELS)
        lines.setdefault(plugin, []).append(Line(kind.id, _(kind.label), cells))
    # What can be chosen comes first.
    return [
        Group(plugin, plugin_title(plugin), tuple(sorted(found, key=lambda line: line.cells[0].locked)))
        for plugin, found in lines.items()
    ]


async def save(recipient: str, wanted: Mapping[tuple[str, str], bool], *, source: str = "preferences") -> int:
    """Store choices by (type, channel). Critical and unknown types are left alone. Returns how many were stored."""
    stored = 0
    async with unit_of_work():
        for (type_id, channel), on in sorted(wanted.items()):
            kind = find_type(type_id)
            if kind is None or kind.critical or channel not in CHANNELS:
                continue
            await _store(recipient, type_id, channel, on, source)
            stored += 1
    return stored


async def unsubscribe(recipient: str, type_id: str, *, everything: bool = False) -> bool:
    """No more e-mail of a type, or of any type that may be turned off. False for a critical type."""
    kinds = [kind for _plugin, kind in current_snapshot().shape.notification_types.values() if not kind.critical]
    known = find_type(type_id)
    if known is not None and known.critical:
        return False
    async with unit_of_work():
        # The type may belong to a plugin that is off now; the wish is kept for when it is on again.
        for name in {type_id, *(kind.id for kind in kinds if everything)}:
            await _store(recipient, name, EMAIL, False, "link")
    return True


async def _store(recipient: str, type_id: str, channel: str, on: bool, source: str) -> None:
    await sql(
        "INSERT INTO notifications_preference (id, tenant_id, recipient, type_id, channel, wanted, changed_at, source)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (tenant_id, recipient, type_id, channel)"
        " DO UPDATE SET wanted = EXCLUDED.wanted, changed_at = EXCLUDED.changed_at, source = EXCLUDED.source"
        " RETURNING id",
        new_id(),
        current_tenant().id,
        recipient,
        type_id,
        channel,
        on,
        now(),
        source,
    )


async def reset(recipient: str) -> None:
    """Forget what somebody chose: the defaults hold again."""
    await Preference.filter(recipient=recipient).delete()


async def is_wanted(recipient: str, type_id: str) -> bool:
    """Does the recipient get this type by e-mail? For a type of a plugin that is off: what they chose, else yes."""
    choices = await choices_of([recipient], type_id)
    kind = find_type(type_id)
    return wants(kind, recipient, EMAIL, choices) if kind else choices.get((recipient, type_id, EMAIL), True)
