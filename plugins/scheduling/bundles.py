"""What can be booked travels in tenant bundles: interview types, and the tenant's own policies."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tortoise import fields

from kernel import BundlePart, compare_and_set

from .models import InterviewType, Policy
from .policies import READY, terms_of
from .services.types import delete_type

_OURS = {"id", "tenant_id", "created_at", "updated_at", "version", "active"}
_FIELDS = {name: field for name, field in InterviewType._meta.fields_map.items() if name not in _OURS}
_FIELDS = {name: field for name, field in _FIELDS.items() if name in InterviewType._meta.fields_db_projection}
_CHOICES = {"kind": ("human", "ai"), "price_rule": ("fixed", "rate"), "mode": ("instant", "request")}
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


async def _export() -> dict[str, Any]:
    """Retired types are history and stay where they are."""
    types = await InterviewType.filter(active=True).order_by("position", "slug")
    found: dict[str, Any] = {"types": [_told(row) for row in types]}
    newest = {row.key: row for row in await Policy.all().order_by("number")}
    own = [
        {"key": key, "title": row.title, "terms": _plain(row.terms)}
        for key, row in sorted(newest.items())
        if key not in READY or terms_of(row.terms) != READY[key][1]
    ]
    return {**found, "policies": own} if own else found


def _told(row: InterviewType) -> dict[str, Any]:
    """What is null is left out: files of this kind cannot say it."""
    return {name: value for name in _FIELDS if (value := getattr(row, name)) is not None}


def _plain(terms: Mapping[str, Any]) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(json.dumps(terms_of(terms).data()))
    return data


async def _check(data: Mapping[str, Any]) -> list[str]:
    return list(_faults(data))


def _faults(data: Mapping[str, Any]) -> Iterator[str]:
    if extra := sorted(data.keys() - {"types", "policies"}):
        yield f"there is no key {extra[0]!r}"
    policies = data.get("policies", [])
    known = {*READY, *(p.get("key") for p in policies if isinstance(p, Mapping))}
    for policy in policies:
        if not isinstance(policy.get("title"), str) or policy.get("key") not in READY:
            yield f"each policy needs a title and one of the keys {', '.join(READY)}"
        elif _plain(policy["terms"]) != policy["terms"]:
            yield f"policies[{policy['key']}]: its terms are not complete"
    seen: set[str] = set()
    for number, one in enumerate(data.get("types", [])):
        slug = str(one.get("slug", f"#{number + 1}"))
        yield from (f"types[{slug}]: {text}" for text in _type_faults(one, known))
        if slug in seen:
            yield f"types[{slug}]: is there twice"
        seen.add(slug)


def _type_faults(one: Mapping[str, Any], policies: set[Any]) -> Iterator[str]:
    if extra := sorted(one.keys() - _FIELDS.keys()):
        yield f"there is no key {extra[0]!r}"
    if not _SLUG.fullmatch(str(one.get("slug", ""))):
        yield "slug must be small letters, digits and hyphens"
    if not str(one.get("title", "")).strip():
        yield "it needs a title"
    for name, value in one.items():
        field = _FIELDS.get(name)
        if isinstance(field, fields.BooleanField) != isinstance(value, bool) and field is not None:
            yield f"{name} must {'' if isinstance(field, fields.BooleanField) else 'not '}be true or false"
        elif isinstance(field, fields.IntField) and not (isinstance(value, int) and 0 <= value < 2**31):
            yield f"{name} must be a whole number from 0"
        elif isinstance(field, fields.CharField) and not (isinstance(value, str) and len(value) <= field.max_length):
            yield f"{name} must be a text of at most {field.max_length} characters"
        elif isinstance(field, fields.TextField) and not isinstance(value, str):
            yield f"{name} must be a text"
        elif name in _CHOICES and value not in _CHOICES[name]:
            yield f"{name} must be one of {', '.join(_CHOICES[name])}"
    if one.get("policy", "moderate") not in policies:
        yield f"there is no policy {one['policy']!r}"
    if not 5 <= one.get("duration_minutes", 60) <= 1440:
        yield "duration_minutes must be from 5 to 1440"


async def _apply(data: Mapping[str, Any]) -> None:
    await _apply_policies(data.get("policies", []))
    wanted = {one["slug"]: one for one in data.get("types", [])}
    for row in await InterviewType.filter(active=True):
        if row.slug not in wanted:
            await delete_type(row.id)
    for slug, one in wanted.items():
        values = {**_defaults(), **one, "active": True}
        known = await InterviewType.get_or_none(slug=slug)
        if known is None:
            await InterviewType.create(**values)
        elif any(getattr(known, name) != value for name, value in values.items()):
            await compare_and_set(known, **values)


def _defaults() -> dict[str, Any]:
    """What a type has that does not say otherwise."""
    found: dict[str, Any] = {}
    for name, field in _FIELDS.items():
        if field.default is not None:
            found[name] = field.default() if callable(field.default) else field.default
        elif field.null:
            found[name] = None
    return found


async def _apply_policies(wanted: list[Mapping[str, Any]]) -> None:
    """A version is never changed: what is to be different becomes a new one. Not named: as it was ready-made."""
    named = {one["key"]: (one["title"], terms_of(one["terms"])) for one in wanted}
    for key, ready in READY.items():
        title, terms = named.get(key, ready)
        newest = await Policy.filter(key=key).order_by("-number").first()
        present = READY[key][1] if newest is None else terms_of(newest.terms)
        if terms != present or (key in named and newest is not None and newest.title != title):
            number = 2 if newest is None else newest.number + 1
            await Policy.create(key=key, number=number, title=title, terms=terms.data())


PARTS = [BundlePart(name="scheduling.offer", export=_export, check=_check, apply=_apply)]
