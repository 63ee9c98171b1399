"""Message catalogs of one package: renewed from its sources, checked for gaps, compiled.

One catalog a language: `<package>/locales/<code>/LC_MESSAGES/messages.po`. English stands in the sources.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from ..base.i18n import LOCALES

LANGUAGES = tuple(code for code in LOCALES if code != "en")
#: Where Babel's own rule is not the usual one: its Arabic has the forms "many" and "other" changed about.
_PLURALS = {
    "ar": "nplurals=6; plural=(n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5);",
}
_KEYWORDS = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)}
_METHODS = [
    ("**/templates/**.html", "jinja2.ext:babel_extract"),
    ("**.html", "jinja2.ext:babel_extract"),
    ("**.py", "python"),
    ("**.js", "javascript"),
]
_HTML = {"extensions": "jinja2.ext.i18n,jinja2.ext.do,jinja2.ext.loopcontrols", "trimmed": "true", "silent": "false"}
_SKIPPED = ("/migrations", "/vendor", "/testing", "/scaffold", "__pycache__")
#: The words of a page's scripts, and the strings in that list: JS may choose among them by a variable.
_TEXTS = re.compile(r"\btexts\(\s*\[(.*?)\]\s*\)", re.DOTALL)
_STRING = re.compile(r"\"([^\"\\]+)\"|'([^'\\]+)'")
_PLACEHOLDER = re.compile(r"(?<!\{)\{(\w+)\}(?!\})|%\((\w+)\)[sd]")


class Renewed(NamedTuple):
    """What a catalog holds after it was renewed."""

    language: str
    messages: int
    untranslated: int


def renew(package: Path, titles: Iterable[str] = ()) -> list[Renewed]:
    """Bring the catalogs of `package` in step with its sources; translations that are still used stay.

    `titles` are messages that stand in the manifest: the plugin's name.
    """
    template = _extracted(package, titles)
    done = []
    for language in LANGUAGES:
        path = po_path(package, language)
        catalog = _load(path, language)
        catalog.update(template, no_fuzzy_matching=True)
        catalog.obsolete.clear()
        path.parent.mkdir(parents=True, exist_ok=True)
        out = BytesIO()
        write_po(
            out, catalog, width=120, sort_output=True, omit_header=False, include_lineno=False, ignore_obsolete=True
        )
        # The header's dates would change with every run.
        dates = ('"POT-Creation-Date', '"PO-Revision-Date')
        lines = [line for line in out.getvalue().decode().splitlines() if not line.startswith(dates)]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        missing = sum(not all(_forms(m.string)) for m in catalog if m.id)
        done.append(Renewed(language, len(catalog), missing))
    return done


def gaps(package: Path, titles: Iterable[str] = ()) -> list[str]:
    """What the catalogs lack or have wrong, one line each; empty when complete."""
    template = _extracted(package, titles)
    faults: list[str] = []
    for language in LANGUAGES:
        path = po_path(package, language)
        catalog = _load(path, language)
        if not _plural_rule(path, language):
            faults.append(f"{package.name} {language}: another rule for plurals; renew the catalogs")
        for message in template:
            if not message.id:
                continue
            key = message.id[0] if isinstance(message.id, tuple) else message.id
            have = catalog.get(key, message.context)
            where = f"{package.name} {language}: {key[:70]!r}"
            if have is None or not all(_forms(have.string)):
                faults.append(f"{where} is not translated")
            elif have.fuzzy:
                faults.append(f"{where} is marked fuzzy")
            elif not _holes(have.string) <= _holes(message.id) or (
                # A plural form such as "one" may leave the number out; nothing else may go missing.
                _holes(message.id) - _holes(have.string) and not message.pluralizable
            ):
                faults.append(f"{where} has other placeholders")
    return faults


def compile_catalogs(package: Path) -> None:
    """Write the `.mo` beside each `.po`, which then loads faster."""
    for po in sorted(package.glob("locales/*/LC_MESSAGES/messages.po")):
        with po.open("rb") as file:
            catalog = read_po(file, locale=po.parts[-3])
        with po.with_suffix(".mo").open("wb") as out:
            write_mo(out, catalog)


def po_path(package: Path, language: str) -> Path:
    return package / "locales" / language / "LC_MESSAGES" / "messages.po"


def _extracted(package: Path, titles: Iterable[str]) -> Catalog:
    catalog = Catalog(project="Greenroom", charset="utf-8")
    found = extract_from_dir(
        package, _METHODS, {"**/templates/**.html": _HTML, "**.html": _HTML}, keywords=_KEYWORDS,
        directory_filter=lambda folder: not any(part in str(folder) for part in _SKIPPED),
    )  # fmt: skip
    for name, line, message, _comments, context in found:
        catalog.add(message, locations=[(f"{package.name}/{Path(name).as_posix()}", line)], context=context)
    for message, place in (*_script_texts(package), *((title, "plugin_manifest.toml") for title in titles)):
        catalog.add(message, locations=[(place, 1)])
    return catalog


def _script_texts(package: Path) -> list[tuple[str, str]]:
    """Strings that templates send to their scripts with `ui.texts([...])`, each with its template."""
    return [
        (found[1] or found[2], file.relative_to(package.parent).as_posix())
        for file in sorted(package.rglob("*.html"))
        if not any(part in file.as_posix() for part in _SKIPPED)
        for listed in _TEXTS.finditer(file.read_text(encoding="utf-8"))
        for found in _STRING.finditer(listed[1])
    ]


def _load(path: Path, language: str) -> Catalog:
    if path.is_file():
        with path.open("rb") as file:
            catalog = read_po(file, locale=language)
    else:
        catalog = Catalog(locale=language, project="Greenroom", charset="utf-8")
    if language in _PLURALS:
        catalog.mime_headers = [("Plural-Forms", _PLURALS[language])]
    return catalog


def _plural_rule(path: Path, language: str) -> bool:
    """Whether the file itself says the language's rule: the application reads the file."""
    if language not in _PLURALS or not path.is_file():
        return True
    with path.open("rb") as file:
        headers = dict(read_po(file, locale=language).mime_headers)
    return str(headers["Plural-Forms"]).rstrip(";") == _PLURALS[language].rstrip(";")


def _forms(string: object) -> list[str]:
    return [str(s) for s in string] if isinstance(string, list | tuple) else [str(string or "")]


def _holes(text: object) -> set[str]:
    return {a or b for form in _forms(text) for a, b in _PLACEHOLDER.findall(form)}
