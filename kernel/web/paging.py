"""Lists of the JSON interface: one query model, one envelope, cursors that nobody can make up or carry elsewhere.

class Mine(Listing):
    show: Literal["open", "over", "all"] = "all"

async def mine(request):
    asked = read_listing(request, Mine)
    rows, total = await queries.mine(asked.show, page=asked.number, size=asked.limit)
    return json_answer(Page[TicketOut](items=[...], next=asked.next(total)))
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from typing import Annotated, Any, Final, Generic, TypeVar

import orjson
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from ..base.context import current_tenant
from ..base.errors import Invalid
from ..base.i18n import _
from ..base.runtime import runtime
from .forms import Form, read_query
from .views import json_answer
from .visit import route_name

#: Most elements of one page, and how many there are unless the caller says.
MOST: Final = 100
USUAL: Final = 25
_MAC = 12
#: Beyond this nobody reads on by hand, and counting rows away costs the database too much.
_LAST_PAGE = 100_000

Item = TypeVar("Item")
L = TypeVar("L", bound="Listing")


class Page(BaseModel, Generic[Item]):
    """One page of a list. `next` is the cursor of the following page, null at the end."""

    items: list[Item]
    next: str | None = None


class Listing(Form):
    """Base of the query models of lists; a subclass adds filters and a sort."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    limit: Annotated[int, Field(ge=1, le=MOST, description="How many elements to send at most.")] = USUAL
    cursor: Annotated[str, Field(max_length=400, description="`next` of the page before; empty for the first.")] = ""

    _route: str = PrivateAttr(default="")
    _place: list[Any] = PrivateAttr(default_factory=list)

    @property
    def number(self) -> int:
        """Which page, from 1: for queries that count rows off."""
        return int(self._place[0]) if self._place else 1

    @property
    def after(self) -> Any:
        """What `continue_after` was given for this page; None for the first."""
        return self._place[0] if self._place else None

    def next(self, total: int) -> str | None:
        """Cursor of the following page of a list with `total` elements."""
        return _cursor(self._route, [self.number + 1], self) if total > self.number * self.limit else None

    def continue_after(self, position: Any) -> str:
        """Cursor of the page that begins behind a place in the list (anything that JSON can hold)."""
        return _cursor(self._route, [position], self)

    def cut(self, rows: Sequence[Item]) -> tuple[Sequence[Item], str | None]:
        """This page of a list that is at hand whole, and the cursor of the next."""
        start = (self.number - 1) * self.limit
        return rows[start : start + self.limit], self.next(len(rows))


def read_listing(request: web.Request, model: type[L]) -> L:
    """The query of a list. Raises Invalid for a bad value, and for a cursor that is not of this list."""
    parsed = read_query(request, model)
    if parsed.value is None:
        raise Invalid(parsed.errors)
    asked = parsed.value
    asked._route = route_name(request)
    if asked.cursor:
        asked._place = _opened(asked)
    return asked


def answer_whole(request: web.Request, items: Sequence[BaseModel]) -> web.Response:
    """One page of a list that is at hand whole and takes no filters."""
    asked = read_listing(request, Listing)
    some, after = asked.cut(items)
    return json_answer(Page[Any](items=list(some), next=after))


def _filters(asked: Listing) -> str:
    """A cursor counts for the same question only: with another filter its place means nothing."""
    return repr(sorted(asked.model_dump(mode="json", exclude={"cursor"}).items()))


def _mac(route: str, payload: bytes, asked: Listing) -> bytes:
    said = f"cursor|{current_tenant().id}|{route}|{_filters(asked)}|".encode()
    return hmac.digest(runtime().config.secret, said + payload, hashlib.sha256)[:_MAC]


def _cursor(route: str, place: list[Any], asked: Listing) -> str:
    payload = orjson.dumps(place)
    return base64.urlsafe_b64encode(_mac(route, payload, asked) + payload).rstrip(b"=").decode()


def _opened(asked: Listing) -> list[Any]:
    wrong = Invalid(
        {"cursor": _("This cursor is not of this list, or the filters changed. Begin with the first page.")}
    )
    try:
        raw = base64.urlsafe_b64decode(asked.cursor.encode("ascii") + b"=" * (-len(asked.cursor) % 4))
        mac, payload = raw[:_MAC], raw[_MAC:]
        if not hmac.compare_digest(mac, _mac(asked._route, payload, asked)):
            raise wrong
        place = orjson.loads(payload)
    except (ValueError, UnicodeEncodeError):
        raise wrong from None
    if not isinstance(place, list) or (isinstance(place[0], int) and place[0] > _LAST_PAGE):
        raise wrong
    return place
