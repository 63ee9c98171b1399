"""What a switch would do: which others have to follow, why it cannot be done, and what is touched. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..base.errors import Conflict, NotFound
from ..base.i18n import gettext as _
from ..base.runtime import runtime
from ..plugging.manifest import KERNEL
from ..plugging.registry import Registry
from .resolve import Choice, Words, resolve
from .shapes import Shape
from .snapshots import effective_plugins, whole_snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """What a switch would touch. `refusal` is why it cannot be done at all.

    `also` follow in the same direction: dependants that go off too, or requirements that have to come on.
    `yields` go off because they cannot be on beside it. Routes, jobs and widgets are names; `menu` and `notices`
    have labels in the source language; `subscribers` are `<plugin>: <event>`.
    """

    key: str
    on: bool
    refusal: str
    also: tuple[str, ...]
    yields: tuple[str, ...]
    plugins: tuple[str, ...]
    features: tuple[str, ...]
    routes: tuple[str, ...]
    menu: tuple[str, ...]
    jobs: tuple[str, ...]
    widgets: tuple[str, ...]
    subscribers: tuple[str, ...]
    notices: tuple[str, ...]

    @property
    def touched(self) -> frozenset[str]:
        """Ids of plugins and features that change."""
        return frozenset((*self.plugins, *self.features))


def rehearse(key: str, on: bool) -> Rehearsal:
    """What `switch` would do for the tenant in scope, by its snapshot; nothing happens."""
    registry, snapshot = runtime().registry, whole_snapshot()
    refusal, moves = "", {key: on}
    try:
        moves = plan(registry, snapshot.effective, snapshot.words, key, on, True)
    except Conflict as fault:
        refusal = fault.detail
    chosen = {one: Choice(state) for one, state in moves.items()}
    after, _why = resolve(registry, {**snapshot.choices, **chosen}, snapshot.words)
    touched = snapshot.effective ^ after
    # In the larger set everything is listed that the smaller one lacks.
    more, less = (after, snapshot.effective) if on else (snapshot.effective, after)
    shapes = runtime().snapshots.shapes
    big, small = shapes.of(more), shapes.of(less)
    plugins = effective_plugins(registry, touched)
    also = _unmet(registry, snapshot.effective, key) if on else _served(registry, snapshot.effective, key)
    return Rehearsal(
        key=key,
        on=on,
        refusal=refusal,
        also=also,
        yields=tuple(one for one, state in moves.items() if on and not state),
        plugins=plugins,
        features=tuple(sorted(touched - set(plugins))),
        routes=tuple(
            r.name
            for pid, routes in registry.routes.items()
            for r in routes
            if not r.always and (pid in touched or (r.feature in touched and pid in more))
        ),
        menu=tuple(item.label for pair in big.menu if pair not in small.menu for item in pair[1:]),
        jobs=tuple(name for name in big.jobs if name not in small.jobs),
        widgets=_widgets(big, small),
        subscribers=tuple(
            f"{pid}: {event}"
            for event, pairs in big.subscribers.items()
            for pid, subscriber in pairs
            if (pid, subscriber) not in small.subscribers.get(event, ())
        ),
        notices=tuple(
            kind.label for name, (_pid, kind) in big.notification_types.items() if name not in small.notification_types
        ),
    )


def _widgets(big: Shape, small: Shape) -> tuple[str, ...]:
    return tuple(
        pair[1].name for slot, pairs in big.widgets.items() for pair in pairs if pair not in small.widgets.get(slot, ())
    )


def plan(
    registry: Registry, effective: frozenset[str], words: Words, key: str, on: bool, cascade: bool
) -> dict[str, bool]:
    """The choices that have to be written, in order. Raises NotFound or Conflict."""
    owner = registry.owner(key)
    if owner is None:
        raise NotFound()
    _must_work(registry, key)
    if not on:
        if key == KERNEL or (key == owner and registry.plugins[owner].locked):
            raise refusal(_("{plugin} cannot be switched off.").format(plugin=titles(registry, [key])))
        served = _served(registry, effective, key)
        if served and not cascade:
            said = _("Other plugins need it: {plugins}. They would go off too.")
            raise refusal(said.format(plugins=titles(registry, served)), served)
        return {key: False}
    needed = (key, *_unmet(registry, effective, key))
    for one in needed:
        _must_work(registry, one)
        _must_be_offered(registry, words, one)
    if len(needed) > 1 and not cascade:
        said = _("Switch on what it needs first: {plugins}.")
        raise refusal(said.format(plugins=titles(registry, needed[1:])), needed[1:])
    rivals = [r for one in needed for r in registry.rivals.get(one, ()) if r in effective]
    _must_yield(registry, rivals, needed, cascade)
    return {**dict.fromkeys(rivals, False), **dict.fromkeys(needed[1:], True), key: True}


def _must_work(registry: Registry, key: str) -> None:
    info = registry.plugins[registry.owner(key) or key]
    if not info.ready:
        raise refusal(_("{plugin} does not work: {reason}").format(plugin=_(info.title), reason=info.reason))


def _must_be_offered(registry: Registry, words: Words, key: str) -> None:
    if key in words.stopped:
        raise refusal(_("The operator has stopped {plugin} everywhere.").format(plugin=titles(registry, [key])), (key,))
    if key in words.withheld:
        raise refusal(_("The operator does not offer {plugin}.").format(plugin=titles(registry, [key])), (key,))


def _must_yield(registry: Registry, rivals: list[str], needed: tuple[str, ...], cascade: bool) -> None:
    """What cannot be on beside it has to be able to go off, and that has to be agreed to."""
    for rival in rivals:
        info = registry.plugins.get(rival)
        if (info is not None and info.locked) or set(registry.dependants(rival)) & set(needed):
            said = _("It cannot be on beside {plugin}, which cannot be switched off.")
            raise refusal(said.format(plugin=titles(registry, [rival])))
    if rivals and not cascade:
        said = _("It cannot be on beside {plugins}, which would go off.")
        raise refusal(said.format(plugins=titles(registry, rivals)), rivals)


def _unmet(registry: Registry, effective: frozenset[str], key: str) -> tuple[str, ...]:
    """Plugins that have to be on for `key` and are not, in the order of switching them on."""
    owner = registry.owner(key)
    if owner is None:
        return ()
    needed = registry.needs(owner) if owner == key else (*registry.needs(owner), owner)
    return tuple(pid for pid in needed if pid not in effective)


def _served(registry: Registry, effective: frozenset[str], key: str) -> tuple[str, ...]:
    """Plugins that are on and require `key`."""
    return tuple(pid for pid in registry.dependants(key) if pid in effective)


def titles(registry: Registry, keys: Iterable[str]) -> str:
    """Names of plugins and features for people, with commas."""
    return ", ".join(_(registry.title(key)) for key in keys)


def refusal(words: str, plugins: Iterable[str] = ()) -> Conflict:
    """A Conflict with the plugins concerned in `extra["plugins"]`."""
    fault = Conflict(words)
    fault.extra["plugins"] = list(plugins)
    return fault


def choices_after(choices: Mapping[str, Choice], fresh: Mapping[str, Choice | None]) -> dict[str, Choice]:
    """`choices` with `fresh` written over; None takes one away."""
    merged: dict[str, Choice | None] = {**choices, **fresh}
    return {key: choice for key, choice in merged.items() if choice is not None}
