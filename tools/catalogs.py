"""Message catalogs: `extract` renews every .po from the sources, `check` fails on gaps, `compile` writes .mo.

`extract` and `check` take names of plugins (or `kernel`) to look at only those.

One catalog a language for the kernel and for each plugin: `<package>/locales/<code>/LC_MESSAGES/messages.po`.
"""

from __future__ import annotations

import re
import sys
import tomllib
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
LANGUAGES = ("de", "ar")
#: Where Babel's own rule is not the usual one: its Arabic has the forms "many" and "other" changed about.
PLURALS = {
    "ar": "nplurals=6; plural=(n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5);",
}
KEYWORDS = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)}
METHODS = [
    ("**/templates/**.html", "jinja2.ext:babel_extract"),
    ("**.html", "jinja2.ext:babel_extract"),
    ("**.py", "python"),
    ("**.js", "javascript"),
]
OPTIONS = {
    "**.html": {
        "extensions": "jinja2.ext.i18n,jinja2.ext.do,jinja2.ext.loopcontrols",
        "trimmed": "true",
        "silent": "false",
    }
}
SKIPPED = ("/migrations", "/vendor", "/testing", "/scaffold", "__pycache__")
#: The words of a page's scripts, and the strings in that list: JS may choose among them by a variable.
TEXTS = re.compile(r"\btexts\(\s*\[(.*?)\]\s*\)", re.DOTALL)
STRING = re.compile(r"\"([^\"\\]+)\"|'([^'\\]+)'")
PLACEHOLDER = re.compile(r"(?<!\{)\{(\w+)\}(?!\})|%\((\w+)\)[sd]")


def packages() -> list[Path]:
    """The kernel and every plugin, or those named on the command line."""
    found = [ROOT / "kernel", *sorted(p for p in (ROOT / "plugins").iterdir() if (p / "plugin.py").is_file())]
    return [p for p in found if not sys.argv[2:] or p.name in sys.argv[2:]]


def extracted(package: Path) -> Catalog:
    catalog = Catalog(project="Greenroom", charset="utf-8")
    found = extract_from_dir(
        package, METHODS, {"**/templates/**.html": OPTIONS["**.html"], **OPTIONS}, keywords=KEYWORDS,
        directory_filter=lambda folder: not any(part in folder for part in SKIPPED),
    )  # fmt: skip
    for name, line, message, _comments, context in found:
        catalog.add(message, locations=[(f"{package.name}/{Path(name).as_posix()}", line)], context=context)
    for message, place in (*_texts(package), *_titles(package)):
        catalog.add(message, locations=[(place, 1)])
    return catalog


def _texts(package: Path) -> list[tuple[str, str]]:
    """Strings that templates send to their scripts with `ui.texts([...])`, each with its template."""
    return [
        (found[1] or found[2], file.relative_to(package.parent).as_posix())
        for file in sorted(package.rglob("*.html"))
        if not any(part in file.as_posix() for part in SKIPPED)
        for listed in TEXTS.finditer(file.read_text(encoding="utf-8"))
        for found in STRING.finditer(listed[1])
    ]


def _titles(package: Path) -> list[tuple[str, str]]:
    """The title of the plugin in the manifest: it is shown to people like any other message."""
    manifest = tomllib.loads((ROOT / "plugin_manifest.toml").read_text(encoding="utf-8"))
    return [
        (entry["title"], "plugin_manifest.toml")
        for entry in manifest["plugins"].values()
        if entry["module"].startswith(f"{package.parent.name}.{package.name}.")
    ]


def po_path(package: Path, language: str) -> Path:
    return package / "locales" / language / "LC_MESSAGES" / "messages.po"


def load(path: Path, language: str) -> Catalog:
    if path.is_file():
        with path.open("rb") as file:
            catalog = read_po(file, locale=language)
    else:
        catalog = Catalog(locale=language, project="Greenroom", charset="utf-8")
    if language in PLURALS:
        catalog.mime_headers = [("Plural-Forms", PLURALS[language])]
    return catalog


def _plural_rule(path: Path, language: str) -> bool:
    """Whether the file itself says the language's rule: the application reads the file."""
    if language not in PLURALS or not path.is_file():
        return True
    with path.open("rb") as file:
        headers = dict(read_po(file, locale=language).mime_headers)
    return headers["Plural-Forms"].rstrip(";") == PLURALS[language].rstrip(";")


def extract() -> int:
    for package in packages():
        template = extracted(package)
        for language in LANGUAGES:
            path = po_path(package, language)
            catalog = load(path, language)
            catalog.update(template, no_fuzzy_matching=True)
            catalog.obsolete.clear()
            path.parent.mkdir(parents=True, exist_ok=True)
            out = BytesIO()
            write_po(
                out, catalog, width=120, sort_output=True, omit_header=False, include_lineno=False, ignore_obsolete=True
            )
            # The header's dates would change with every run.
            lines = [
                x
                for x in out.getvalue().decode().splitlines()
                if not x.startswith(('"POT-Creation-Date', '"PO-Revision-Date'))
            ]
            path.write_text("\n".join(lines) + "\n", encoding="utf-8")
            missing = sum(not all(_forms(m.string)) for m in catalog if m.id)
            print(f"{package.name:14} {language}: {len(catalog)} messages, {missing} untranslated")
    return 0


def _forms(string: object) -> list[str]:
    return [str(s) for s in string] if isinstance(string, list | tuple) else [str(string or "")]


def _holes(text: object) -> set[str]:
    return {a or b for form in _forms(text) for a, b in PLACEHOLDER.findall(form)}


def check() -> int:
    faults: list[str] = []
    for package in packages():
        template = extracted(package)
        for language in LANGUAGES:
            catalog = load(po_path(package, language), language)
            if not _plural_rule(po_path(package, language), language):
                faults.append(f"{package.name} {language}: another rule for plurals; run extract")
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
    for fault in faults[:200]:
        print(fault)
    print(f"{len(faults)} faults in the catalogs" if faults else "catalogs are complete")
    return 1 if faults else 0


def compile_all() -> int:
    for po in ROOT.glob("*/**/LC_MESSAGES/messages.po"):
        if ".venv" in po.parts or "node_modules" in po.parts:
            continue
        with po.open("rb") as file:
            catalog = read_po(file, locale=po.parts[-3])
        with po.with_suffix(".mo").open("wb") as out:
            write_mo(out, catalog)
    return 0


if __name__ == "__main__":
    actions = {"extract": extract, "check": check, "compile": compile_all}
    if len(sys.argv) < 2 or sys.argv[1] not in actions:
        sys.exit("usage: catalogs.py extract|check|compile [plugin ...]")
    sys.exit(actions[sys.argv[1]]())
