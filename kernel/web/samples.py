"""JSON schemas for people: their fields as rows, and an example value that fits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Schema = Mapping[str, Any]
_DEEPEST = 4
_TEXTS = {
    "uuid": "0198c1a2-7b3d-7c4e-9f50-6a7b8c9d0e1f",
    "date-time": "2030-05-14T09:30:00Z",
    "date": "2030-05-14",
    "time": "09:30:00",
    "email": "ada@example.org",
    "uri": "https://example.org/",
}
_BY_NAME = {
    "email": "ada@example.org",
    "name": "Ada Lovelace",
    "currency": "EUR",
    "zone": "Europe/Berlin",
    "locale": "en",
    "next": "eyJrIjo…",
    "cursor": "eyJrIjo…",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A field of a body: dotted name, type in words, and what is said about it."""

    name: str
    kind: str
    required: bool
    said: str
    depth: int


def resolved(schema: Schema, defs: Mapping[str, Schema]) -> Schema:
    """The schema that a reference names; of several arms the first that is not null."""
    for _step in range(8):
        if "$ref" in schema:
            schema = defs.get(str(schema["$ref"]).rpartition("/")[2], {})
            continue
        arms = schema.get("anyOf") or schema.get("oneOf")
        if not arms:
            return schema
        schema = next((arm for arm in arms if arm.get("type") != "null"), {})
    return schema


def rows(schema: Schema, defs: Mapping[str, Schema], prefix: str = "", depth: int = 0) -> Iterator[Row]:
    """Every field of an object, those of inner objects and of list elements indented below it."""
    whole = resolved(schema, defs)
    needed = whole.get("required", ())
    for name, given in whole.get("properties", {}).items():
        inner = resolved(given, defs)
        full = f"{prefix}{name}"
        said = str(given.get("description") or inner.get("description", "")).split("\n\n")[0].replace("`", "")
        yield Row(full, kind_of(given, defs), name in needed, said, depth)
        if depth >= _DEEPEST:
            continue
        if inner.get("type") == "array":
            yield from rows(inner.get("items", {}), defs, f"{full}[].", depth + 1)
        elif "properties" in inner:
            yield from rows(inner, defs, f"{full}.", depth + 1)


def kind_of(schema: Schema, defs: Mapping[str, Schema]) -> str:
    """`string (uuid) or null`, `list of object`."""
    inner = resolved(schema, defs)
    if "const" in inner:
        text = repr(inner["const"])
    elif "enum" in inner:
        text = " | ".join(f'"{v}"' for v in inner["enum"][:8])
    elif inner.get("type") == "array":
        text = f"list of {kind_of(inner.get('items', {}), defs)}"
    else:
        text = str(inner.get("type", "any"))
        if "format" in inner:
            text += f" ({inner['format']})"
    bounds = _bounds(inner)
    arms = schema.get("anyOf", ())
    return text + (f", {bounds}" if bounds else "") + (" or null" if any(a.get("type") == "null" for a in arms) else "")


def _bounds(schema: Schema) -> str:
    low = schema.get("minimum", schema.get("minLength"))
    high = schema.get("maximum", schema.get("maxLength"))
    if low is not None and high is not None:
        return f"{low}–{high}"
    return f"≥ {low}" if low is not None else f"≤ {high}" if high is not None else ""


def example(schema: Schema, defs: Mapping[str, Schema], name: str = "", depth: int = 0) -> Any:
    """A value that fits the schema and looks like life."""
    for source in (schema, inner := resolved(schema, defs)):
        if source.get("examples"):
            return source["examples"][0]
    if "const" in inner:
        return inner["const"]
    if "enum" in inner:
        return next((v for v in inner["enum"] if v != ""), inner["enum"][0])
    kind = inner.get("type")
    if kind == "object" or "properties" in inner:
        if depth > _DEEPEST:
            return {}
        return {key: example(value, defs, key, depth + 1) for key, value in inner.get("properties", {}).items()}
    if kind == "array":
        return [] if depth > _DEEPEST else [example(inner.get("items", {}), defs, name.rstrip("s"), depth + 1)]
    return _plain(kind, inner, name)


def _plain(kind: Any, schema: Schema, name: str) -> Any:
    if schema.get("default") not in (None, "", [], {}):
        return schema["default"]
    if kind == "boolean":
        return True
    if kind in ("integer", "number"):
        low = schema.get("minimum", 1)
        return max(low, 4500) if name.endswith("_minor") else max(low, 1)
    if kind == "string":
        fitting = _TEXTS.get(str(schema.get("format", ""))) or _BY_NAME.get(name) or name.replace("_", " ") or "text"
        return fitting[: schema.get("maxLength", 200)].ljust(schema.get("minLength", 0), ".")
    return None
