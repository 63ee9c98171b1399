"""The download: a ZIP with one JSON file per plugin and a page that people can read. Pure."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from markupsafe import Markup, escape

from kernel import current_locale, format_datetime, is_rtl
from kernel import gettext as _

#: For a page that is opened from a disk: it cannot load the site's style sheets.
_STYLE = Markup(
    ":root{color-scheme:light dark}body{font:16px/1.55 system-ui,sans-serif;max-width:52rem;margin:2rem auto;"
    "padding:0 1rem}h1{font-size:1.7rem;line-height:1.2}h2{margin-top:2.5rem;border-bottom:1px solid #8886;"
    "padding-bottom:.3rem}h3{font-size:1rem;margin-bottom:.3rem}dl{display:grid;grid-template-columns:minmax(8rem,14rem)"
    " 1fr;gap:.2rem 1rem;margin:.4rem 0}dt{opacity:.75}dd{margin:0;overflow-wrap:anywhere}li{margin:.6rem 0}"
    ".note{opacity:.75}.bad{border-inline-start:4px solid #c33;padding-inline-start:.8rem}"
    "@media(max-width:36rem){dl{grid-template-columns:1fr}dd{margin-bottom:.5rem}}"
)


_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)")


@dataclass(frozen=True, slots=True)
class Part:
    """One plugin's answer: data by section, or why there is none, or that it failed."""

    plugin: str
    title: str
    data: dict[str, Any] = field(default_factory=dict)
    nothing: str = ""
    error: str = ""


def build(
    person: str,
    parts: Sequence[Part],
    files: Sequence[tuple[str, bytes]],
    left_out: Sequence[str],
    made: datetime,
) -> bytes:
    """The archive, in the reader's language."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("index.html", index(person, parts, [name for name, _data in files], left_out, made))
        for part in parts:
            if part.data:
                told = {"plugin": part.plugin, "title": part.title, "made": made.isoformat(), "data": part.data}
                archive.writestr(f"data/{part.plugin}.json", json.dumps(told, ensure_ascii=False, indent=2))
        missing = [{"plugin": p.plugin, "title": p.title, "error": p.error} for p in parts if p.error]
        if missing:
            archive.writestr("data/missing.json", json.dumps(missing, ensure_ascii=False, indent=2))
        for name, data in files:
            archive.writestr(f"files/{name}", data)
    return out.getvalue()


def index(person: str, parts: Sequence[Part], files: Sequence[str], left_out: Sequence[str], made: datetime) -> str:
    """The page for people."""
    locale = current_locale()
    title = _("The data of {name}").format(name=person)
    body = [Markup("<h1>{}</h1>").format(title)]
    body.append(
        Markup('<p class="note">{}</p>').format(_("Made on {when}.").format(when=format_datetime(made, "full")))
    )
    body.append(
        Markup("<p>{}</p>").format(_("The folder “data” holds the same as files that other programs can read."))
    )
    body += [_section(part) for part in parts]
    if files or left_out:
        body.append(Markup("<h2>{}</h2><ul>").format(_("Files")))
        body += [Markup('<li><a href="files/{0}">{0}</a></li>').format(name) for name in files]
        body += [Markup("<li>{}</li>").format(_("{name}: too large, not included").format(name=n)) for n in left_out]
        body.append(Markup("</ul>"))
    direction = "rtl" if is_rtl(locale) else "ltr"
    head = Markup(
        '<!doctype html><html lang="{}" dir="{}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><title>{}</title><style>{}</style></head><body>'
    ).format(locale, direction, title, _STYLE)
    return str(head + Markup("\n").join(body) + Markup("</body></html>"))


def _section(part: Part) -> Markup:
    head = Markup("<h2>{}</h2>").format(_(part.title))
    if part.error:
        return head + Markup('<p class="bad">{}</p>').format(
            _("This part could not be read. Ask for another copy later.")
        )
    if part.nothing:
        return head + Markup('<p class="note">{}</p>').format(_(part.nothing))
    if not part.data:
        return head + Markup('<p class="note">{}</p>').format(_("Nothing is held here."))
    return head + Markup().join(
        Markup("<h3>{}</h3>{}").format(_label(name), html_of(value)) for name, value in part.data.items()
    )


def _label(name: object) -> str:
    text = str(name).replace("_", " ")
    return text[:1].upper() + text[1:]


def html_of(value: Any) -> Markup:
    """JSON as lists and definitions, however deep; instants as the reader writes them."""
    if isinstance(value, dict):
        if not value:
            return Markup("–")
        rows = Markup().join(Markup("<dt>{}</dt><dd>{}</dd>").format(_label(k), html_of(v)) for k, v in value.items())
        return Markup("<dl>{}</dl>").format(rows)
    if isinstance(value, list):
        if not value:
            return Markup("–")
        return Markup("<ul>{}</ul>").format(Markup().join(Markup("<li>{}</li>").format(html_of(v)) for v in value))
    if value is None or value == "":
        return Markup("–")
    if isinstance(value, bool):
        return escape(_("yes") if value else _("no"))
    return escape(_written(str(value)))


def _written(text: str) -> str:
    if not _INSTANT.fullmatch(text):
        return text
    try:
        return format_datetime(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        return text
