"""Messages from browsers (subprotocol `live.v1`): JSON objects with `t`, checked here and nowhere else."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import orjson
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

PROTOCOL: Final = "live.v1"
MAX_MESSAGE: Final = 64 * 1024
MAX_CHAT: Final = 4000
MAX_NOTE: Final = 20_000
MAX_CANDIDATES: Final = 20

#: Close codes of our own; 4401 and 4404 are the kernel's (signed out, plugin off).
REPLACED: Final = 4001
NOT_ALLOWED: Final = 4003
OVER: Final = 4004
FULL: Final = 4009
TOO_SLOW: Final = 4008


class BadMessage(ValueError):
    """A message that no browser of ours sends. `code` goes back to the sender."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Description(_Message):
    """An SDP offer or answer."""

    type: Literal["offer", "answer"]
    sdp: str = Field(max_length=MAX_MESSAGE)


class Candidate(_Message):
    """An ICE candidate; an empty `candidate` marks the end of a generation."""

    candidate: str = Field(max_length=1000)
    sdp_mid: str | None = Field(default=None, alias="sdpMid", max_length=16)
    sdp_line: int | None = Field(default=None, alias="sdpMLineIndex", ge=0, le=16)
    ufrag: str | None = Field(default=None, alias="usernameFragment", max_length=256)


class Signal(_Message):
    """For one other person; `epoch` is that of the connection between the two."""

    t: Literal["signal"]
    to: UUID
    epoch: int = Field(ge=0, lt=2**31)
    desc: Description | None = None
    cand: Candidate | None = None


class Media(_Message):
    """What the sender has switched on, so that the other side can say why there is no picture."""

    t: Literal["media"]
    audio: bool
    video: bool
    screen: bool


class Chat(_Message):
    """`cid` is made by the sender: the same one is stored once, however often it arrives."""

    t: Literal["chat"]
    cid: str = Field(min_length=8, max_length=40, pattern=r"^[A-Za-z0-9_-]+$")
    text: str = Field(max_length=MAX_CHAT)


class TimerChange(_Message):
    t: Literal["timer"]
    do: Literal["start", "pause", "reset"]
    base: int = Field(ge=1)
    seconds: int | None = Field(default=None, ge=1, le=24 * 3600)


class NoteChange(_Message):
    t: Literal["note"]
    base: int = Field(ge=0)
    body: str = Field(max_length=MAX_NOTE)


class Rebuild(_Message):
    """The media connection of `epoch` with one other person is beyond repair: make a new one."""

    t: Literal["rebuild"]
    to: UUID
    epoch: int = Field(ge=0, lt=2**31)


class Practice(_Message):
    """A button of the practice room."""

    t: Literal["practice"]
    do: Literal["hint", "next", "repeat"]


class Admit(_Message):
    """Let somebody in who waits at the door."""

    t: Literal["admit"]
    who: UUID


class Remove(_Message):
    """Send a guest out, for good."""

    t: Literal["remove"]
    who: UUID


class End(_Message):
    t: Literal["end"]


class Ping(_Message):
    t: Literal["ping"]
    at: float = Field(allow_inf_nan=False)


Incoming = Signal | Media | Chat | TimerChange | NoteChange | Rebuild | Practice | Admit | Remove | End | Ping
_INCOMING: Final[TypeAdapter[Incoming]] = TypeAdapter(Annotated[Incoming, Field(discriminator="t")])

#: C0 controls other than tab and newline, and the bidirectional overrides that let text pose as other text.
_UNSEEN: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]")


def parse(raw: str) -> Incoming:
    """The message in `raw`. Raises BadMessage."""
    try:
        return _INCOMING.validate_json(raw)
    except ValidationError as error:
        raise BadMessage("unknown" if error.errors()[0]["type"].startswith("union_tag") else "malformed") from None
    except (ValueError, RecursionError):  # lone surrogates, nesting
        raise BadMessage("malformed") from None


def dump(message: dict[str, Any]) -> str:
    """JSON for the wire; UUIDs as text."""
    return orjson.dumps(message, default=_plain).decode()


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} does not go over the wire")


def clean(text: str) -> str:
    """Text as it is stored and shown to others: no control characters, one kind of line end, not padded."""
    return _UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
