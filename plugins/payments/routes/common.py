"""What several pages share."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import Any
from uuid import UUID

from aiohttp import web

from kernel import _, current_actor, errors, get_or_404, url_with

from ..models import Payment


def actor_id() -> UUID:
    """Who is signed in; the route's permission has made sure that somebody is."""
    actor = current_actor()
    if actor is None:
        raise errors.SignInRequired
    return actor.id


async def own_payment(request: web.Request) -> Payment:
    """The payment in the address, if it is the reader's to pay; somebody else's does not exist."""
    return await get_or_404(Payment, request.match_info["id"], payer_id=actor_id())


def pages(route: str, query: Mapping[str, Any], page: int, total: int, size: int) -> dict[str, Any]:
    """Links for the pager beneath a list."""
    last = max(1, ceil(total / size))

    def link(number: int) -> str:
        kept = {k: v for k, v in query.items() if v not in ("", None, False)}
        return url_with(route, {}, {**kept, "page": number if number > 1 else None})

    first = (page - 1) * size + 1
    shown = _("{first}–{last} of {total}").format(first=first, last=min(total, page * size), total=total)
    return {
        "shown": shown if 0 < first <= total else "",
        "prev": link(min(page - 1, last)) if page > 1 else None,
        "next": link(page + 1) if page < last else None,
        "many": last > 1,
    }
