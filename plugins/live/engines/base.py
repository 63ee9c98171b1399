"""What a media engine is. The room knows engines by this protocol alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ..hub.wire import Signal


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an engine can do; the room offers no more than that."""

    max_participants: int
    recording: bool = False
    observers: bool = False
    ice_restart: bool = True


class Refused(ValueError):
    """A signal that this engine does not pass on. `code` goes back to its sender."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class MediaEngine(Protocol):
    """Stateless towards rooms: what it must remember belongs to the epoch, which the session carries."""

    name: str
    capabilities: Capabilities

    def joining(self, ice_servers: list[dict[str, Any]], *, relay_only: bool) -> Mapping[str, Any]:
        """The media part of the welcome to a participant."""

    def checked(self, signal: Signal, *, sends: bool) -> dict[str, Any]:
        """`signal` as it is handed to the other side; without `sends` it may offer nothing. Raises Refused."""
