"""What a plugin shows: menu, widgets, search, assets, the look of a tenant."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from markupsafe import Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuItem:
    """An entry of the sidebar. `section` is one of the kernel's: workspace, operations, settings.

    `role`: only for people who hold it, though others (owners hold every right) may open the page.
    """

    section: Literal["workspace", "operations", "settings"]
    label: str
    route: str
    icon: str
    order: int = 50
    permission: str | None = None
    feature: str | None = None
    role: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Widget:
    """A piece of HTML in a named place of somebody's page. Isolated; cut off after 300 ms.

    The kernel's slots: `landing` (public front page), `home` (signed-in start page), `shell.bell` (top bar),
    `shell.banner` (above every page), `shell.account` (account menu), `shell.error` (on error pages).
    Plugins declare their own as `<plugin>.<place>`. `render(subject)` gets what the slot passes (an id or
    None) and returns markup, or None for nothing. `wide` takes the full row.
    """

    slot: str
    name: str
    render: Callable[[Any], Awaitable[Markup | None]]
    order: int = 50
    wide: bool = False
    permission: str | None = None
    feature: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchHit:
    label: str
    hint: str
    url: str
    icon: str = "search"


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchSource:
    """Entries for the command palette. `find(words)` returns a few hits that the actor may open."""

    name: str
    find: Callable[[str], Awaitable[list[SearchHit]]]
    permission: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A style sheet or ES module under the plugin's `static/<id>/`, added on pages whose route name matches.

    `routes` are name patterns (`scheduling.*`); empty means the plugin's own. `importable` also puts the
    module into the import map as `@greenroom/<id>`.
    """

    kind: Literal["style", "module"]
    path: str
    routes: tuple[str, ...] = ()
    importable: bool = False


@dataclass(frozen=True, slots=True)
class Brand:
    """How a tenant looks. URLs are site-relative; `None` means the kernel's default."""

    name: str
    theme_url: str | None = None
    logo_url: str | None = None
    theme_color: str = "#4f46e5"
    tagline: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Branding:
    """`brand()` and `rewrite(locale, text)` read the tenant's snapshot only: no I/O, cached per snapshot.

    `rewrite` turns a translated message into the tenant's own terms, before values are filled in.
    """

    brand: Callable[[], Brand]
    rewrite: Callable[[str, str], str] | None = None


@dataclass(frozen=True, slots=True)
class ErrorText:
    title: str
    body: str  # markdown


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorPages:
    """Tenant-edited words for an error status; `lookup(status, locale)` does no I/O and may return None."""

    lookup: Callable[[int, str], ErrorText | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateGlobal:
    name: str
    value: Any
