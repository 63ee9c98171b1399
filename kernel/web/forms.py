"""HTML forms in, checked values out.

class NewTicket(Form):
    subject: Annotated[str, Field(min_length=3, max_length=120), Words(missing=N_("Enter a subject"))]
    urgent: bool = False
    tags: list[str] = []

parsed = await read_form(request, NewTicket)
if parsed.value is None:
    return await page(request, "shelf/new.html", {"form": parsed}, status=422)
"""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo

from ..base.i18n import _
from . import csrf, idempotency, words
from .body import FormData, Upload, read_form_data
from .words import Words as Words

#: Fields that the kernel itself puts into forms.
_OURS: Final = frozenset({csrf.FIELD, idempotency.FIELD})
_YES = frozenset({"1", "on", "true", "yes"})
_NO = frozenset({"", "0", "off", "false", "no"})


class Form(BaseModel):
    """Base of form models: texts are stripped, unknown fields refused, the result does not change."""

    # Built when it is first used: an installation has hundreds, and a start would pay for all of them.
    model_config = ConfigDict(str_strip_whitespace=True, extra="forbid", frozen=True, defer_build=True)


F = TypeVar("F", bound=Form)


@dataclass(slots=True)
class Parsed(Generic[F]):
    """A form as it was sent. `value` is None when something was refused; `errors` says what, by field.

    `raw` and `raw_lists` hold the texts as typed, for drawing the form again. `files` are uploads by name.
    """

    value: F | None
    errors: dict[str, str]
    raw: dict[str, str] = field(default_factory=dict)
    raw_lists: dict[str, list[str]] = field(default_factory=dict)
    files: dict[str, list[Upload]] = field(default_factory=dict)

    def refuse(self, errors: Mapping[str, str]) -> None:
        """Add errors found later (by a service: `except Invalid as exc: parsed.refuse(exc.errors)`)."""
        self.errors.update(errors)
        self.value = None

    def get(self, name: str, default: object = "") -> object:
        """What to put into the drawn field: as typed, else `default`."""
        return self.raw.get(name, default)


async def read_form(request: web.Request, model: type[F]) -> Parsed[F]:
    """Read and check the form of a POST. Raises BadRequest, TooLarge or UnsupportedType for an unreadable body."""
    return parse_form(await read_form_data(request), model)


def parse_form(data: FormData, model: type[F]) -> Parsed[F]:
    """Check `data` against `model`; never raises for what a person can type."""
    parsed: Parsed[F] = Parsed(None, {})
    for name, text in data.fields:
        if name not in _OURS:
            parsed.raw.setdefault(name, text)
            parsed.raw_lists.setdefault(name, []).append(text)
    for name, upload in data.files:
        if upload.name or upload.size:  # an empty file field is sent as a nameless, empty file
            parsed.files.setdefault(name, []).append(upload)
    values, parsed.errors = _values(parsed, model)
    try:
        value = model.model_validate(values)
    except ValidationError as exc:
        parsed.errors = {**words.by_field(exc, model, parsed.raw), **parsed.errors}
    else:
        parsed.value = None if parsed.errors else value
    return parsed


def read_query(request: web.Request, model: type[F]) -> Parsed[F]:
    """The query string as a form: filters and pages of a list. Unknown names are ignored, as links grow."""
    pairs = [(k, v) for k, v in request.query.items() if "\0" not in v and _wanted(k, model)]
    return parse_form(FormData(pairs), model)


def _wanted(name: str, model: type[BaseModel]) -> bool:
    return any(name in (key, info.alias) for key, info in model.model_fields.items())


def _values(parsed: Parsed[F], model: type[F]) -> tuple[dict[str, Any], dict[str, str]]:
    """What the model is given: lists where it wants lists, booleans for check boxes, None for empty optionals."""
    values: dict[str, Any] = {}
    errors: dict[str, str] = {}
    known = {info.alias or key: info for key, info in model.model_fields.items()}
    for name, info in known.items():
        sent = parsed.raw_lists.get(name)
        kind, optional = _shape(info)
        if kind is list:
            values[name] = [text for text in sent or [] if text.strip()]
        elif kind is bool:
            values[name] = _checked(sent)
        elif sent is None:
            continue
        elif len(sent) > 1:
            # Two values for one field: parsers along the way disagree on which one counts.
            errors[name] = _("Enter one value only.")
        elif not sent[0].strip() and _none_when_empty(info, optional):
            continue
        else:
            values[name] = sent[0]
    extra = {name: text for name, text in parsed.raw.items() if name not in known}
    return {**extra, **values}, errors


def _none_when_empty(info: FieldInfo, optional: bool) -> bool:
    """An empty text stands for "not given" where the field has a default that is not a text itself."""
    return optional or (not info.is_required() and not isinstance(info.default, str)) or _not_text(info)


def _not_text(info: FieldInfo) -> bool:
    kind, _optional = _shape(info)
    return kind is not str and kind is not Any


def _checked(sent: list[str] | None) -> object:
    """A check box: absent is off. Anything but yes and no is left for the model to refuse."""
    if not sent:
        return False
    text = sent[-1].strip().lower()  # a hidden 0 before the box is a common habit
    return True if text in _YES else False if text in _NO else sent[-1]


def _shape(info: FieldInfo) -> tuple[Any, bool]:
    """The field's plain type (list, bool, str, ...) and whether it may be None."""
    kind: Any = info.annotation
    optional = False
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        arms = typing.get_args(kind)
        optional = type(None) in arms
        kind = next((arm for arm in arms if arm is not type(None)), str)
    origin = typing.get_origin(kind)
    if origin is typing.Annotated:
        kind = typing.get_args(kind)[0]
        origin = typing.get_origin(kind)
    if origin in (list, tuple, set, frozenset):
        return list, optional
    return (list if kind in (list, tuple, set, frozenset) else kind), optional
