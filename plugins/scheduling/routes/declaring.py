"""How pages and their forms are declared."""

from __future__ import annotations

from kernel import Route


def get(path: str, handler: object, name: str, permission: str | None = None) -> Route:
    """A page; without a permission it is public."""
    return Route(
        method="GET", path=path, handler=handler, name=f"scheduling.{name}",  # type: ignore[arg-type]
        permission=permission, public=permission is None,
    )  # fmt: skip


def post(
    path: str,
    handler: object,
    name: str,
    permission: str | None = None,
    *,
    rate: str | None = None,
    body: int | None = None,
    no_twin: str = "",
) -> Route:
    """A form's target. A key in the form counts a double click once; `body` is the most bytes, for forms with files."""
    return Route(
        method="POST", path=path, handler=handler, name=f"scheduling.{name}",  # type: ignore[arg-type]
        permission=permission, public=permission is None, idempotent=True, rate=rate, body_limit=body, no_twin=no_twin,
    )  # fmt: skip
