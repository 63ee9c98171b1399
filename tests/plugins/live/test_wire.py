"""Messages from browsers: what is read, what is refused, and what of a signal is passed on."""

from __future__ import annotations

import json
from uuid import UUID, uuid4

import pytest

from plugins.live.engines.base import Refused
from plugins.live.engines.p2p import PeerToPeer
from plugins.live.hub import wire

SDP = (
    "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n"
)


def signal(**parts: object) -> wire.Signal:
    message = wire.parse(json.dumps({"t": "signal", "to": str(UUID(int=7)), "epoch": 3, **parts}))
    assert isinstance(message, wire.Signal)
    return message


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "nonsense",
        "[]",
        "null",
        '"chat"',
        "{}",
        '{"t": "launch"}',
        '{"t": "chat"}',
        '{"t": "chat", "cid": "aaaaaaaa", "text": 5}',
        '{"t": "chat", "cid": "a", "text": "x"}',
        '{"t": "chat", "cid": "aaaa aaaa", "text": "x"}',
        '{"t": "chat", "cid": "aaaaaaaa", "text": "x", "role": "interviewer"}',
        '{"t": "chat", "cid": "aaaaaaaa", "text": "\\ud800"}',
        '{"t": "timer", "do": "explode", "base": 1}',
        '{"t": "timer", "do": "start", "base": "1"}',
        '{"t": "note", "base": -1, "body": ""}',
        '{"t": "ping", "at": NaN}',
        '{"t": "ping", "at": 1e999}',
        '{"t": "signal", "epoch": true}',
        "[" * 5000,
        '{"t":' * 3000,
    ],
)
def test_nonsense_is_refused_and_never_raises_anything_else(raw: str) -> None:
    with pytest.raises(wire.BadMessage):
        wire.parse(raw)


def test_too_long_texts_are_refused() -> None:
    for message in (
        {"t": "chat", "cid": "aaaaaaaa", "text": "x" * (wire.MAX_CHAT + 1)},
        {"t": "note", "base": 0, "body": "x" * (wire.MAX_NOTE + 1)},
        {"t": "signal", "to": str(uuid4()), "epoch": 2**64, "cand": {"candidate": ""}},
    ):
        with pytest.raises(wire.BadMessage):
            wire.parse(json.dumps(message))


def test_texts_lose_what_nobody_can_see() -> None:
    assert wire.clean("  a\x00b\r\nc\u202edef\x1b[2J  ") == "ab\ncdef[2J"
    assert wire.clean("<script>alert(1)</script>") == "<script>alert(1)</script>", "markup is text, not removed"
    assert wire.clean(" \n\t ") == ""


def test_a_signal_passes_description_or_candidate() -> None:
    engine = PeerToPeer()
    assert engine.checked(signal(desc={"type": "offer", "sdp": SDP}), sends=True) == {
        "t": "signal",
        "epoch": 3,
        "desc": {"type": "offer", "sdp": SDP},
    }
    cand = {"candidate": "candidate:1 1 udp 1 1.2.3.4 5 typ host", "sdpMid": "0", "sdpMLineIndex": 0}
    passed = engine.checked(signal(cand={**cand, "usernameFragment": "ab"}), sends=True)
    assert passed["cand"] == {**cand, "usernameFragment": "ab"}


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"desc": {"type": "offer", "sdp": SDP}, "cand": {"candidate": ""}},
        {"desc": {"type": "offer", "sdp": "hello"}},
        {"desc": {"type": "offer", "sdp": "v=0\r\n"}},
        {"desc": {"type": "offer", "sdp": SDP + "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"}},
        {"desc": {"type": "offer", "sdp": SDP + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n" * 3}},
        {"desc": {"type": "offer", "sdp": SDP + "a=candidate:1 1 udp 1 1.2.3.4 5 typ host\r\n" * 41}},
        {"cand": {"candidate": "http://inside/"}},
        {"cand": {"candidate": "candidate:1\r\nm=application"}},
    ],
)
def test_the_engine_refuses_what_two_browsers_do_not_need(parts: dict[str, object]) -> None:
    with pytest.raises(Refused):
        PeerToPeer().checked(signal(**parts), sends=True)


@pytest.mark.parametrize(
    "ways",
    [
        ("a=recvonly\r\na=recvonly\r\n", ""),
        ("a=recvonly\r\n", "a=recvonly\r\na=sendrecv trailing\r\n"),
        ("a=recvonly\r\n", "a=recvonlyish\r\n"),
        ("a=recvonly\r\n", "a=x:\u2028a=recvonly\r\n"),
        ("a=recvonly\r\n", "a=x:\ra=recvonly\r\n"),
    ],
)
def test_whoever_only_watches_says_so_in_every_part(ways: tuple[str, str]) -> None:
    lines = [f"m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n{ways[0]}", f"m=video 9 UDP/TLS/RTP/SAVPF 96\r\n{ways[1]}"]
    with pytest.raises(Refused):
        PeerToPeer().checked(signal(desc={"type": "offer", "sdp": "v=0\r\n" + "".join(lines)}), sends=False)


def test_an_empty_ice_list_is_sent_as_such() -> None:
    joining = PeerToPeer().joining([], relay_only=False)
    assert joining["ice"] == [], "a missing list would mean a public server of the browser's maker to some stacks"
    assert joining["policy"] == "all"
