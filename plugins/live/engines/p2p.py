"""Peer to peer: media straight from each browser to each other one; we only carry their signals.

Every browser sends its picture once to each other person, which is why a room of this kind has few seats.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Final

from ..hub.wire import MAX_CANDIDATES, Signal
from .base import Capabilities, Refused

_LINES: Final = ("m=audio ", "m=video ")
_MAX_LINES: Final = 4  # sound, camera, screen, and one to spare
#: Which way a part of a description goes. With what follows, since browsers read some of it and pass over the rest.
_WAYS: Final = re.compile(r"^a=((?:sendrecv|sendonly|recvonly|inactive).*)", re.MULTILINE)


class PeerToPeer:
    name = "p2p"
    capabilities = Capabilities(max_participants=6, observers=True)

    def joining(self, ice_servers: list[dict[str, Any]], *, relay_only: bool) -> Mapping[str, Any]:
        # Always an explicit list: without one some stacks fall back on a public server of their maker.
        return {"engine": self.name, "ice": ice_servers, "policy": "relay" if relay_only else "all"}

    def checked(self, signal: Signal, *, sends: bool) -> dict[str, Any]:
        if (signal.desc is None) == (signal.cand is None):
            raise Refused("signal")
        passed: dict[str, Any] = {"t": "signal", "epoch": signal.epoch}
        if signal.desc is not None:
            check_sdp(signal.desc.sdp, sends=sends)
            passed["desc"] = {"type": signal.desc.type, "sdp": signal.desc.sdp}
        if signal.cand is not None:
            check_candidate(signal.cand.candidate)
            passed["cand"] = signal.cand.model_dump(by_alias=True)
        return passed


def check_sdp(sdp: str, *, sends: bool = True) -> None:
    """Only sound and pictures, and no more lines or candidates than two browsers need. Raises Refused.

    Whoever only watches must say so in every part, once: without a word, a part goes both ways.
    """
    # As browsers do: str.splitlines knows more ends of lines than they, and would read what they do not.
    lines = [line.removesuffix("\r") for line in sdp.split("\n")]
    if not sdp.startswith("v=0") or "\x00" in sdp or any("\r" in line for line in lines):
        raise Refused("sdp")
    starts = [at for at, line in enumerate(lines) if line.startswith("m=")]
    if not starts or len(starts) > _MAX_LINES or not all(lines[at].startswith(_LINES) for at in starts):
        raise Refused("sdp_media")
    parts = [lines[at:end] for at, end in pairwise([*starts, len(lines)])]
    if not sends and not all(_WAYS.findall("\n".join(part)) in (["recvonly"], ["inactive"]) for part in parts):
        raise Refused("sdp_sends")
    if sum(line.startswith("a=candidate:") for line in lines) > MAX_CANDIDATES * len(parts):
        raise Refused("sdp_candidates")


def check_candidate(candidate: str) -> None:
    if candidate and (not candidate.startswith("candidate:") or not candidate.isprintable()):
        raise Refused("candidate")
