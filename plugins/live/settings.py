"""Settings of this plugin, and the values that are made of several."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from kernel import N_, Feature, Setting, setting

from .states.session import Rules

_ICE_URL = re.compile(r"(?P<scheme>stuns?|turns?):[A-Za-z0-9.\-\[\]:]{1,255}(\?transport=(udp|tcp))?")


def _check_urls(urls: Any, schemes: tuple[str, ...]) -> str | None:
    for url in urls:
        match = _ICE_URL.fullmatch(url)
        if match is None or match["scheme"] not in schemes:
            return N_("Write each address like turn:turn.example.com:3478?transport=udp, one per line")
    return None


SETTINGS = [
    Setting(
        key="live.opens_minutes_before",
        type=int,
        default=15,
        minimum=0,
        maximum=120,
        label=N_("Room opens before the start (minutes)"),
    ),
    Setting(
        key="live.closes_minutes_after",
        type=int,
        default=30,
        minimum=0,
        maximum=240,
        label=N_("Room closes after the end (minutes)"),
        help=N_("Sessions may run over. At this time a session that still runs is ended."),
    ),
    Setting(
        key="live.no_show_minutes",
        type=int,
        default=10,
        minimum=2,
        maximum=60,
        label=N_("Absent after (minutes)"),
        help=N_("Somebody who waits for this long after the start, alone in the room, was stood up."),
    ),
    Setting(
        key="live.lobby",
        type=str,
        default="open",
        choices=(
            ("open", N_("Everybody goes straight in")),
            ("start", N_("Candidates and guests wait until the start, or until an interviewer lets them in")),
            ("host", N_("Candidates and guests wait until an interviewer lets them in")),
        ),
        label=N_("Waiting room"),
        help=N_("Who waits there is present: nobody counts as absent because they were not let in."),
    ),
    Setting(
        key="live.seats",
        type=int,
        default=4,
        minimum=3,
        maximum=6,
        label=N_("Seats in a room"),
        help=N_(
            "Candidate and interviewers always have one. Every picture is sent to everybody else, so more than four"
            " people need fast connections."
        ),
    ),
    Setting(
        key="live.observers_write",
        type=bool,
        default=False,
        label=N_("Observers may write in the chat"),
        help=N_("They always see and hear the session and read the chat; they are never seen or heard."),
    ),
    Setting(
        key="live.stun_urls",
        type=list,
        default=[],
        label=N_("STUN servers"),
        help=N_("One per line. Without any, people in different networks may not reach each other."),
        check=lambda urls: _check_urls(urls, ("stun", "stuns")),
    ),
    Setting(
        key="live.turn_urls",
        type=list,
        default=[],
        label=N_("TURN servers"),
        help=N_("One per line. They relay sound and pictures where a direct way is blocked."),
        check=lambda urls: _check_urls(urls, ("turn", "turns")),
    ),
    Setting(
        key="live.turn_secret",
        type=str,
        default="",
        secret=True,
        maximum=200,
        label=N_("TURN shared secret"),
        help=N_("Makes credentials that expire with the session (coturn: use-auth-secret)."),
    ),
    Setting(
        key="live.relay_only",
        type=bool,
        default=False,
        label=N_("Always relay"),
        help=N_("Hides the network addresses of the two people from each other. Needs a TURN server."),
    ),
    Setting(
        key="live.practice_questions",
        type=int,
        default=3,
        minimum=1,
        maximum=8,
        label=N_("Questions in a practice session"),
        help=N_("Fewer are asked when the booked time is short."),
    ),
]

FEATURES = [
    Feature(id="live.practice", label=N_("Practice with a scripted interviewer")),
    Feature(id="live.screen_share", label=N_("Screen sharing in rooms")),
]


def rules() -> Rules:
    """The tenant's times for the state machine."""
    return Rules(
        opens_before=timedelta(minutes=setting("live.opens_minutes_before")),
        closes_after=timedelta(minutes=setting("live.closes_minutes_after")),
        no_show_after=timedelta(minutes=setting("live.no_show_minutes")),
    )
