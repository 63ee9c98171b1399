"""The file: TOML in, a Bundle out, and back. Pure."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...base.config import ConfigError

VERSION = 1
_SECTIONS = ("plugins", "settings", "roles", "parts")
_SCALARS = {"slug": str, "name": str, "locale": str, "zone": str, "currency": str}
_LISTS = ("hosts", "locales")


@dataclass(frozen=True, slots=True)
class BundleAccount:
    email: str
    name: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A tenant as a file. A section that is None says nothing; one that is there says everything of its kind.

    `plugins` holds what was chosen (a bool, or `{"on": …, "rule": …}`), `settings` the tenant's own values without
    secrets, `roles` what differs from the built-in ones, `parts` what plugins add. `accounts` are made with a new
    tenant and never exported.
    """

    slug: str
    name: str
    hosts: tuple[str, ...]
    locale: str = "en"
    locales: tuple[str, ...] = ("en",)
    zone: str = "UTC"
    currency: str = "EUR"
    plugins: Mapping[str, Any] | None = None
    settings: Mapping[str, Any] | None = None
    roles: Mapping[str, Mapping[str, Any]] | None = None
    parts: Mapping[str, Mapping[str, Any]] | None = None
    accounts: tuple[BundleAccount, ...] = field(default=())


def read_bundle(path: Path) -> Bundle:
    """Parse a bundle. Raises ConfigError that names file and key."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as exc:
        raise ConfigError(f"The bundle {path} cannot be read: {exc.strerror}.") from exc
    except UnicodeDecodeError as exc:
        raise ConfigError(f"The bundle {path} cannot be read: it is not text in UTF-8.") from exc
    return parse_bundle(text, path.name)


def parse_bundle(text: str, name: str) -> Bundle:
    """Like `read_bundle`, of a text; `name` is what faults call it."""
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as exc:
        raise ConfigError(f"The bundle {name} cannot be read: {exc}.") from exc
    if wrong := next(_faults(data), None):
        raise ConfigError(f"The bundle {name}: {wrong}.")
    locale = data.get("locale", "en")
    return Bundle(
        slug=data["slug"],
        name=data["name"],
        hosts=tuple(data["hosts"]),
        locale=locale,
        locales=tuple(data.get("locales", [locale])),
        zone=data.get("zone", "UTC"),
        currency=data.get("currency", "EUR"),
        plugins=data.get("plugins"),
        settings=data.get("settings"),
        roles=data.get("roles"),
        parts=data.get("parts"),
        accounts=tuple(
            BundleAccount(a["email"], a["name"], tuple(a.get("roles", ["member"]))) for a in data.get("accounts", [])
        ),
    )


def _faults(data: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the shape of the file."""
    known = {"bundle", *_SCALARS, *_LISTS, *_SECTIONS, "accounts"}
    if unknown := sorted(data.keys() - known):
        yield f"there is no key {unknown[0]!r}; it may hold {', '.join(sorted(known))}"
    if data.get("bundle", VERSION) != VERSION:
        yield f"bundle = {data['bundle']!r} is not the version {VERSION} that this installation reads"
    for key in ("slug", "name", "hosts"):
        if key not in data:
            yield f"it lacks {key!r}"
    for key, kind in _SCALARS.items():
        if key in data and not isinstance(data[key], kind):
            yield f"{key} must be a text"
    for key in _LISTS:
        if key in data and not (isinstance(data[key], list) and all(isinstance(v, str) for v in data[key])):
            yield f"{key} must be a list of texts"
    for key in _SECTIONS:
        if not isinstance(data.get(key, {}), dict):
            yield f"{key} must be a table"
    for section in ("roles", "parts"):
        for key, value in data.get(section, {}).items() if isinstance(data.get(section), dict) else ():
            if not isinstance(value, dict):
                yield f"{section}.{key} must be a table"
    accounts = data.get("accounts", [])
    if not isinstance(accounts, list) or not all(isinstance(a, dict) for a in accounts):
        yield "accounts must be a list of tables"
    else:
        for account in accounts:
            if not all(isinstance(account.get(key), str) for key in ("email", "name")):
                yield "each account needs an email and a name"


# --- writing ------------------------------------------------------------------------------------------------------


def write_bundle(bundle: Bundle) -> str:
    """The bundle as TOML that reads back to the same; keys sorted, so that two files can be compared."""
    lines = [
        f"bundle = {VERSION}",
        f"slug = {_value(bundle.slug)}",
        f"name = {_value(bundle.name)}",
        f"hosts = {_value(list(bundle.hosts))}",
        f"locale = {_value(bundle.locale)}",
        f"locales = {_value(list(bundle.locales))}",
        f"zone = {_value(bundle.zone)}",
        f"currency = {_value(bundle.currency)}",
    ]
    for section in _SECTIONS:
        found: Mapping[str, Any] | None = getattr(bundle, section)
        if found is None:
            continue
        if section in ("roles", "parts"):
            lines += ["", f"[{section}]"] if not found else []
            for key in sorted(found):
                lines += _table(f"{section}.{_value(key)}", found[key])
        else:
            lines += ["", f"[{section}]", *(f"{_value(key)} = {_value(found[key])}" for key in sorted(found))]
    return "\n".join(lines) + "\n"


def _table(path: str, data: Mapping[str, Any]) -> list[str]:
    """A table; lists of tables within it get headers of their own, so that a change is a line of its own."""
    long = {k for k, v in data.items() if isinstance(v, list) and v and all(isinstance(i, Mapping) for i in v)}
    lines = ["", f"[{path}]", *(f"{_value(key)} = {_value(data[key])}" for key in sorted(data.keys() - long))]
    for key in sorted(long):
        for item in data[key]:
            lines += ["", f"[[{path}.{_value(key)}]]", *(f"{_value(k)} = {_value(item[k])}" for k in sorted(item))]
    return lines


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # A JSON string is a TOML string, but for one character that TOML wants escaped.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_value(key)} = {_value(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    raise TypeError(f"a bundle cannot hold {value!r}")
