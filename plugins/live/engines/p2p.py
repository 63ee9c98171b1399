"""Peer to peer: exactly two people, media straight between their browsers; we only carry their signals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ..hub.wire import MAX_CANDIDATES, Signal
from .base import Capabilities, Refused

_LINES: Final = ("m=audio ", "m=video ")
_MAX_LINES: Final = 4  # sound, camera, screen, and one to spare


class PeerToPeer:
    name = "p2p"
    capabilities = Capabilities(max_participants=2)

    def joining(self, ice_servers: list[dict[str, Any]], *, relay_only: bool) -> Mapping[str, Any]:
        # Always an explicit list: without one some stacks fall back on a public server of their maker.
        return {"engine": self.name, "ice": ice_servers, "policy": "relay" if relay_only else "all"}

    def checked(self, signal: Signal) -> dict[str, Any]:
        if (signal.desc is None) == (signal.cand is None):
            raise Refused("signal")
        passed: dict[str, Any] = {"t": "signal", "epoch": signal.epoch}
        if signal.desc is not None:
            check_sdp(signal.desc.sdp)
            passed["desc"] = {"type": signal.desc.type, "sdp": signal.desc.sdp}
        if signal.cand is not None:
            check_candidate(signal.cand.candidate)
            passed["cand"] = signal.cand.model_dump(by_alias=True)
        return passed


def check_sdp(sdp: str) -> None:
    """Only sound and pictures, and no more lines or candidates than two browsers need. Raises Refused."""
    lines = sdp.splitlines()
    if not sdp.startswith("v=0") or "\x00" in sdp:
        raise Refused("sdp")
    media = [line for line in lines if line.startswith("m=")]
    if not media or len(media) > _MAX_LINES or not all(line.startswith(_LINES) for line in media):
        raise Refused("sdp_media")
    if sum(line.startswith("a=candidate:") for line in lines) > MAX_CANDIDATES * len(media):
        raise Refused("sdp_candidates")


def check_candidate(candidate: str) -> None:
    if candidate and (not candidate.startswith("candidate:") or not candidate.isprintable()):
        raise Refused("candidate")
