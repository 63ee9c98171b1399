"""The candidate's form: a type's own questions, and checking what is answered.

A question is {"key", "type", "label", "hint", "required", "options"}. Answers are stored with their labels as they
were, so that changing a type does not change what somebody has said.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from uuid import UUID

from kernel import N_, File, Upload, _, delete_file, errors, format_date, format_number, save_file

TYPES: Final = (
    ("text", N_("Short text")),
    ("long", N_("Long text")),
    ("choice", N_("One of several")),
    ("several", N_("Any of several")),
    ("number", N_("Number")),
    ("date", N_("Date")),
    ("yesno", N_("Yes or no")),
    ("file", N_("File, such as a résumé")),
)
MOST: Final = 12
MAX_FILE: Final = 5 * 1024 * 1024
ACCEPT: Final = ".pdf,.docx,.odt,.txt,.md,.png,.jpg,.jpeg"
_LIMITS: Final = {"text": 200, "long": 4000}
_MAGIC: Final = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"PK\x03\x04", "application/zip"),
)


@dataclass(slots=True)
class Answers:
    """What was answered, ready to be stored once the files are (`uploads` by key); `problems` by field name."""

    found: list[dict[str, Any]] = field(default_factory=list)
    uploads: dict[str, tuple[Upload, str]] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)


def name_of(key: str) -> str:
    """The form field of a question."""
    return f"q_{key}"


# --- what an administrator types ----------------------------------------------------------------------------------


def questions_from(raw: Mapping[str, str]) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Questions of the editor's rows (`q0_label`, ...), and problems by field name. Rows without label are left out."""
    found: list[dict[str, Any]] = []
    problems: dict[str, str] = {}
    keys: set[str] = set()
    for n in range(MOST):
        label = raw.get(f"q{n}_label", "").strip()[:120]
        if not label:
            continue
        kind = raw.get(f"q{n}_type", "text")
        options = [line.strip()[:80] for line in raw.get(f"q{n}_options", "").splitlines() if line.strip()]
        options = list(dict.fromkeys(options))
        if kind not in dict(TYPES):
            problems[f"q{n}_type"] = _("Choose one of the options.")
        if kind in ("choice", "several") and not 2 <= len(options) <= 20:
            problems[f"q{n}_options"] = _("Enter 2 to 20 choices, one a line.")
        key = raw.get(f"q{n}_key", "")
        if not re.fullmatch(r"[a-z0-9]{2,12}", key) or key in keys:
            key = next(f"f{i}" for i in range(1, 100) if f"f{i}" not in keys)
        keys.add(key)
        found.append(
            {
                "key": key, "type": kind, "label": label, "hint": raw.get(f"q{n}_hint", "").strip()[:200],
                "required": raw.get(f"q{n}_required", "") in ("1", "on"),
                "options": options if kind in ("choice", "several") else [],
            }
        )  # fmt: skip
    return found, problems


# --- what a candidate answers -------------------------------------------------------------------------------------


def check(
    questions: Sequence[Mapping[str, Any]],
    sent: Mapping[str, Sequence[str]],
    files: Mapping[str, Sequence[Upload]],
    kept: Mapping[str, Any] | None = None,
) -> Answers:
    """Check answers (lists of texts by field name) and files. `kept`: answers from an earlier sending, for files."""
    answers = Answers()
    earlier = {a["key"]: a for a in (kept or {}).get("answers", ())}
    for question in questions:
        name, key = name_of(question["key"]), question["key"]
        texts = [text.strip() for text in sent.get(name, ()) if text.strip()]
        if question["type"] == "file":
            _file(question, list(files.get(name, ())), earlier.get(key), answers)
            continue
        value, problem = _value(question, texts)
        if value in (None, "", []) and question["required"] and not problem:
            problem = _("Answer this question.")
        if problem:
            answers.problems[name] = problem
        elif value not in (None, "", []):
            answers.found.append({"key": key, "type": question["type"], "label": question["label"], "value": value})
    return answers


def _value(question: Mapping[str, Any], texts: list[str]) -> tuple[Any, str]:
    kind = question["type"]
    if kind == "several":
        wrong = any(text not in question["options"] for text in texts)
        return list(dict.fromkeys(texts)), _("Choose from the list.") if wrong else ""
    if not texts:
        return None, ""
    text = texts[0]
    if kind == "choice":
        return text, "" if text in question["options"] else _("Choose from the list.")
    if kind == "yesno":
        if question["required"] and text != "yes":
            return None, _("You need to agree to this.")
        return text, "" if text in ("yes", "no") else _("Choose yes or no.")
    if kind == "number":
        return _number(text)
    if kind == "date":
        try:
            return date.fromisoformat(text).isoformat(), ""
        except ValueError:
            return None, _("Enter a date.")
    limit = _LIMITS[kind]
    return text, "" if len(text) <= limit else _("Use at most {n} characters.").format(n=format_number(limit))


def _number(text: str) -> tuple[Any, str]:
    try:
        value = Decimal(text.replace(" ", "").replace(",", "."))
    except InvalidOperation:
        return None, _("Enter a number.")
    if not value.is_finite() or abs(value) > 10**12:
        return None, _("Enter a number.")
    return format(value.normalize(), "f"), ""


def _file(
    question: Mapping[str, Any], uploads: list[Upload], earlier: Mapping[str, Any] | None, answers: Answers
) -> None:
    name = name_of(question["key"])
    if not uploads:
        if earlier is not None and earlier.get("file"):
            answers.found.append(dict(earlier))
        elif question["required"]:
            answers.problems[name] = _("Add a file.")
        return
    upload = uploads[0]
    if len(uploads) > 1:
        answers.problems[name] = _("Add one file only.")
    elif upload.size > MAX_FILE:
        answers.problems[name] = _("Use a file of at most 5 MB.")
    elif kind := sniffed(upload.read()):
        answers.uploads[question["key"]] = (upload, kind)
        answers.found.append(
            {"key": question["key"], "type": "file", "label": question["label"], "value": upload.name[-120:]}
        )
    else:
        answers.problems[name] = _("Use a PDF, a text, a picture or a Word or OpenDocument file.")


def sniffed(data: bytes) -> str:
    """The type of a file by its bytes; '' for what is not taken."""
    for magic, kind in _MAGIC:
        if data.startswith(magic):
            return kind
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    return "text/plain" if data and b"\0" not in data else ""


async def store(answers: Answers, owner_id: UUID) -> list[dict[str, Any]]:
    """Keep the files; the answers as they are stored with the booking. Call it outside a unit of work."""
    for answer in answers.found:
        if answer["key"] in answers.uploads:
            upload, kind = answers.uploads[answer["key"]]
            file = await save_file(upload.name, kind, upload.read(), owner_id)
            answer |= {"file": str(file.id), "value": file.name, "size": file.size}
    return answers.found


def files_of(intake: Mapping[str, Any]) -> list[UUID]:
    """Ids of the files among the answers."""
    return [UUID(a["file"]) for a in intake.get("answers", ()) if a.get("file")]


async def file_of(intake: Mapping[str, Any], file_id: str) -> File:
    """A file of these answers. NotFound for any other."""
    if file_id not in {str(found) for found in files_of(intake)}:
        raise errors.NotFound()
    row = await File.filter(id=UUID(file_id)).first()
    if row is None:
        raise errors.NotFound()
    return row


async def forget(intake: Mapping[str, Any]) -> None:
    """Remove the files of answers."""
    for row in await File.filter(id__in=files_of(intake)):
        await delete_file(row)


def shown(intake: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Answers for people: label, text, and the file's id where there is one."""
    return [
        {"label": a["label"], "text": _text(a), "file": a.get("file", ""), "long": a["type"] == "long"}
        for a in intake.get("answers", ())
    ]


def _text(answer: Mapping[str, Any]) -> str:
    value = answer["value"]
    if answer["type"] == "several":
        return ", ".join(value)
    if answer["type"] == "yesno":
        return _("Yes") if value == "yes" else _("No")
    if answer["type"] == "number":
        return format_number(float(value))
    if answer["type"] == "date":
        return format_date(date.fromisoformat(value))
    return str(value)
