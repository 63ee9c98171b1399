"""Writes docs/plugins/{hooks,events,services}.md and docs/kernel.md from the code: `reference.py [check]`.

`check` writes nothing and fails when a page says something else than the code.
"""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_type_hints

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from kernel.app import installed  # noqa: E402
from kernel.base.config import load_config  # noqa: E402
from kernel.plugging.hookspecs import HookSpecs  # noqa: E402
from kernel.plugging.registry import ELEMENTS, Registry  # noqa: E402
from kernel.work.filters import Filter  # noqa: E402

PAGES = ROOT / "docs"
MADE = "<!-- Written by tools/reference.py from the code. Change the code, then run it again. -->\n\n"


def pages(registry: Registry) -> dict[str, str]:
    return {
        "plugins/hooks.md": _with_contents(hooks(registry)),
        "plugins/events.md": _with_contents(events(registry)),
        "plugins/services.md": _with_contents(services(registry)),
        "kernel.md": kernel_map(),
    }


def _with_contents(page: str) -> str:
    """The page with a table before its first section: what there is, each with the first sentence about it."""
    intro, *sections = re.split(r"^(?=## )", page, flags=re.MULTILINE)
    rows = []
    for section in sections:
        title, _newline, body = section.removeprefix("## ").partition("\n")
        prose = re.sub(r"^```.*?^```$", "", body, flags=re.MULTILINE | re.DOTALL).strip().partition("\n\n")[0]
        sentence = re.split(r"(?<=[.;:])\s", " ".join(prose.split()), maxsplit=1)[0].rstrip(".;:")
        anchor = re.sub(r"[^\w-]", "", title.lower())  # as GitHub makes them
        rows.append(f"| [{title}](#{anchor}) | {sentence.replace('|', chr(92) + '|')} |")
    return f"{intro}| | |\n|---|---|\n" + "\n".join(rows) + "\n\n" + "".join(sections)


# --- hooks ------------------------------------------------------------------------------------------------------


def hooks(registry: Registry) -> str:
    out = [
        "# Hooks\n",
        MADE,
        "A plugin is a module with functions marked `@hookimpl`. Every `register_…` hook is called once, at boot,",
        "without I/O, and returns a list of frozen declarations. The others are async and run when they happen.\n",
    ]
    for name, function in vars(HookSpecs).items():
        if name.startswith("_") or not inspect.isfunction(function):
            continue
        out.append(f"## {name}\n")
        word = "async def" if inspect.iscoroutinefunction(function) else "def"
        out.append(f"```text\n{word} {name}{_signature(function)}\n```\n")
        out.append(_prose(function) + "\n")
        element = ELEMENTS.get(name.removeprefix("register_"))
        if element is not None and dataclasses.is_dataclass(element):
            out += _fields(element)
        users = _users(registry, name)
        out.append(f"Used by: {', '.join(users) if users else 'nobody yet'}.\n")
    return "\n".join(out)


def _users(registry: Registry, name: str) -> list[str]:
    if name.startswith("register_"):
        found = getattr(registry, name.removeprefix("register_"), {})
    else:
        found = registry.lifecycle(name)  # type: ignore[arg-type]
    return [f"`{pid}`" for pid in registry.ready if found.get(pid)]


def _signature(function: Any) -> str:
    return re.sub(r"\bself(, )?", "", str(inspect.signature(function))).replace("'", "").replace("c.", "")


def _fields(element: type) -> Iterator[str]:
    yield f"`{element.__name__}`: {_prose(element)}\n"
    yield "| field | type | default |"
    yield "|---|---|---|"
    for field in dataclasses.fields(element):
        kind = str(field.type).replace("|", "\\|")
        yield f"| `{field.name}` | `{kind}` | {_default(field)} |"
    yield ""


def _default(field: dataclasses.Field[Any]) -> str:
    if field.default is not dataclasses.MISSING:
        return f"`{field.default!r}`"
    if field.default_factory is not dataclasses.MISSING:
        return f"`{field.default_factory()!r}`"
    return "required"


# --- events -----------------------------------------------------------------------------------------------------


def events(registry: Registry) -> str:
    listeners: dict[str, list[str]] = {}
    for pid, subscribers in registry.subscribers.items():
        for subscriber in subscribers:
            listeners.setdefault(subscriber.event, []).append(pid)
    for pid, types in registry.notification_types.items():
        for kind in types:
            if kind.event:
                listeners.setdefault(kind.event, []).append(f"{pid} (notification {kind.id})")
    out = [
        "# Events\n",
        MADE,
        "Facts in the past tense, written in the transaction that made them true and delivered at least once.",
        "Names carry a version; fields are only ever added. Listen by name with `Subscriber(event=…)`.\n",
    ]
    for pid in registry.ready:
        for cls in sorted(registry.events.get(pid, ()), key=lambda c: c.event_name):
            out.append(f"## {cls.event_name}\n")
            out.append(_prose(cls) + "\n")
            out.append("| field | type |\n|---|---|")
            hints = get_type_hints(cls)
            out += [f"| `{f.name}` | `{_type(hints[f.name])}` |" for f in dataclasses.fields(cls)]
            heard = sorted(set(listeners.get(cls.event_name, ())))
            out.append(f"\nPublished by `{pid}`. Heard by: {', '.join(heard) if heard else 'nobody yet'}.\n")
    return "\n".join(out)


def _type(hint: Any) -> str:
    text = getattr(hint, "__name__", "") if isinstance(hint, type) and not getattr(hint, "__args__", ()) else str(hint)
    return re.sub(r"\b(?:[a-z_]+\.)+(?=[A-Za-z])", "", text).replace("|", "\\|")


# --- services and filters ---------------------------------------------------------------------------------------


def services(registry: Registry) -> str:
    out = [
        "# Services and filters\n",
        MADE,
        "A service is an answer that one plugin gives to others: `services.get(Protocol)` of a plugin you require, or",
        '`services.get("<plugin>.<Protocol>")` of an optional neighbour. It is `None` while the plugin is off.\n',
    ]
    protocols: dict[str, tuple[type, list[str]]] = {}
    for pid in registry.ready:
        for service in registry.services.get(pid, ()):
            name = registry.service_name(pid, service.protocol)
            protocols.setdefault(name, (service.protocol, []))[1].append(pid)
    for name in sorted(protocols):
        protocol, providers = protocols[name]
        out.append(f"## {name}\n")
        out.append(_prose(protocol) + "\n")
        for method, function in vars(protocol).items():
            if not method.startswith("_") and inspect.isfunction(function):
                word = "async def" if inspect.iscoroutinefunction(function) else "def"
                out.append(f"- `{word} {method}{_signature(function)}`  \n  {_prose(function)}")
        out.append(f"\nFrom `{protocol.__module__}`. Provided by: {', '.join(f'`{p}`' for p in providers)}.\n")
    out.append("# Filters\n")
    out.append("Points at which other plugins may change a value or stop what is about to happen (`FilterStep`).\n")
    for cls in sorted(_filters(registry), key=lambda c: c.name):
        steps = [pid for pid in registry.ready for step in registry.filters.get(pid, ()) if step.filter == cls.name]
        out.append(f"## {cls.name}\n")
        out.append(_prose(cls) + "\n")
        out.append("| field | type |\n|---|---|")
        out += [f"| `{f.name}` | `{str(f.type).replace('|', chr(92) + '|')}` |" for f in dataclasses.fields(cls)]  # type: ignore[arg-type]
        out.append(
            f"\nFrom `{cls.__module__}`. Used by: {', '.join(f'`{p}`' for p in steps) if steps else 'nobody yet'}.\n"
        )
    return "\n".join(out)


def _filters(registry: Registry) -> list[type[Filter]]:
    for info in registry.plugins.values():
        for room in ("api", "events", "filters"):
            if info.ready and info.folder and (info.folder / f"{room}.py").is_file():
                importlib.import_module(f"{info.package}.{room}")
    return [cls for cls in Filter.__subclasses__() if "name" in vars(cls) and ".scaffold." not in cls.__module__]


# --- the kernel's rooms -----------------------------------------------------------------------------------------

#: From the ground up; a test holds each floor to importing only from those below it.
FLOORS = ("base", "engines", "plugging", "tenancy", "work", "auth", "web", "console", "operations")
BESIDE = ("testing", "scaffold")


def kernel_map() -> str:
    out = [
        "# The kernel, room by room\n",
        MADE,
        "A tower of wings: each imports only from the floors below it. `kernel/app.py` puts them together;",
        "`kernel/__init__.py` names what plugins may use. Shape and reasons: [architecture.md](architecture.md).\n",
    ]
    for wing in (*FLOORS, *BESIDE):
        folder = ROOT / "kernel" / wing
        out.append(f"## {wing}/\n")
        out.append(_first_line(folder / "__init__.py") + "\n")
        out.append("| room | what it is for |\n|---|---|")
        for path in sorted(folder.iterdir()):
            if path.suffix == ".py" and path.name != "__init__.py":
                out.append(f"| `{path.name}` | {_first_line(path)} |")
            elif (path / "__init__.py").is_file() and path.name not in ("tests",):
                out.append(f"| `{path.name}/` | {_first_line(path / '__init__.py')} |")
        out.append("")
    return "\n".join(out)


def _first_line(path: Path) -> str:
    text = inspect.cleandoc(ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").strip()
    return " ".join(text.partition("\n\n")[0].split()).replace("|", "\\|")


def _prose(thing: Any) -> str:
    return inspect.cleandoc(thing.__doc__ or "").strip()


def main() -> int:
    registry = installed(load_config(dict(os.environ) | {"GREENROOM_STRICT": "1"}, mode="test"))
    wrong = []
    for name, text in pages(registry).items():
        path = PAGES / name
        text = text.rstrip() + "\n"
        if sys.argv[1:] == ["check"]:
            if not path.is_file() or path.read_text("utf-8") != text:
                wrong.append(name)
        else:
            path.write_text(text, "utf-8")
    if wrong:
        print(f"{', '.join(wrong)} in docs say something else than the code; run tools/reference.py")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
