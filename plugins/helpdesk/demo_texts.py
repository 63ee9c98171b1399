"""What people of the demo write to support."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from . import states


@dataclass(frozen=True, slots=True)
class Line:
    """`minutes` after the beginning. `agent`: which of the agents, None for the requester."""

    minutes: int
    text: str
    agent: int | None = None
    internal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    requester: str
    subject: str
    category: str
    state: str
    hours_ago: float
    lines: tuple[Line, ...]
    priority: str = states.NORMAL
    assignee: int | None = None
    reference: str = ""


SAMPLES: Final = (
    Sample(
        requester="candidate0", subject="No sound from my interviewer this morning", category="technical",
        state=states.OPEN, priority=states.HIGH, hours_ago=5.5, assignee=0,
        lines=(
            Line(0, "In the session this morning I could see Kenji but not hear him for about ten minutes. We reloaded"
                    " twice, then it worked.\n\nIs there something I should change before the next one on Thursday? I"
                    " use Firefox on Linux with a USB headset."),
            Line(24, "Hello Ada, sorry about that. Two things to check:\n\n1. Open the **device check** before the"
                     " session and pick the headset by name instead of *Default*.\n2. Firefox keeps the old device when"
                     " a headset is plugged in later: plug it in first, then open the room.\n\nDid the level meter move"
                     " while you could not hear anything?", agent=0),
            Line(31, "Server side looks clean: media arrived without a gap. Most likely the output device changed when"
                     " the headset was plugged in. If she agrees, offer ten minutes for free.", agent=0, internal=True),
            Line(190, "The meter did not move, no. I plugged the headset in after I had opened the room, so that may be"
                      " it. I will try it the other way round and tell you."),
        ),
    ),
    Sample(
        requester="candidate2", subject="Cannot join, session starts at the full hour", category="session",
        state=states.NEW, priority=states.URGENT, hours_ago=0.4,
        lines=(
            Line(0, "The join button says the room opens 15 minutes before, but my clock is already past that and it"
                    " stays grey. My session is with Aisha Bello. Please help quickly!"),
        ),
    ),
    Sample(
        requester="interviewer0", subject="Payout shows one session less than I held", category="payment",
        state=states.PENDING, hours_ago=29, assignee=1,
        lines=(
            Line(0, "My earnings page lists 11 sessions for last month, my calendar has 12. The one on the 14th at"
                    " 18:00 is missing."),
            Line(64, "Thank you for counting! The session on the 14th is there, but it is still **on hold**: the"
                     " candidate has until tomorrow to say that something went wrong. It moves to *available* by"
                     " itself.\n\nCan you confirm that this is the one you mean?", agent=1),
            Line(70, "Hold ends tomorrow 18:00, nothing disputed.", agent=1, internal=True),
        ),
    ),
    Sample(
        requester="candidate0", subject="Refund after my interviewer cancelled", category="payment",
        state=states.SOLVED, hours_ago=52, assignee=0,
        lines=(
            Line(0, "The session on Friday was cancelled by the interviewer. When do I get my money back?"),
            Line(41, "You get the full amount back: it was sent to your card on the day of the cancellation. Banks take"
                     " up to five working days to show it. The receipt on the page of the session has the details.",
                 agent=0),
            Line(1500, "It arrived. Thank you!"),
            Line(1508, "Glad to hear it, and good luck with the next one.", agent=0),
        ),
    ),
    Sample(
        requester="candidate3", subject="A page showed an error when I opened my feedback", category="technical",
        state=states.OPEN, hours_ago=7, reference="5f1c0b8e9d2a4c77", assignee=1,
        lines=(
            Line(0, "I clicked on the feedback of my last session and got \"Something went wrong on our side\". The"
                    " reference came with it."),
            Line(35, "Found it: the page was opened in the very second in which the scorecard was handed in. Told"
                     " the developers.", agent=1, internal=True),
        ),
    ),
    Sample(
        requester="candidate0", subject="Can I change the email address of my account?", category="account",
        state=states.CLOSED, priority=states.LOW, hours_ago=24 * 21, assignee=1,
        lines=(
            Line(0, "I signed up with my work address and would rather use my private one."),
            Line(300, "Yes: we have changed it for you, after you confirmed the new address by the link that we sent"
                      " there. You stay signed in on your devices.", agent=1),
        ),
    ),
    Sample(
        requester="candidate5", subject="System design at staff level: whom do you recommend?", category="other",
        state=states.NEW, priority=states.LOW, hours_ago=3,
        lines=(
            Line(0, "I have an on-site in three weeks, two rounds of system design. Is there somebody who has run such"
                    " loops recently? I can do evenings, Berlin time."),
        ),
    ),
    Sample(
        requester="interviewer1", subject="My availability shifted by an hour", category="session",
        state=states.SOLVED, hours_ago=24 * 6, assignee=0,
        lines=(
            Line(0, "Since the clocks changed, candidates see my Mondays from 17:00, but I set 18:00."),
            Line(55, "Your hours are kept in *Europe/Lisbon*, which changed its clocks a week after the candidates'"
                     " countries. They see your 18:00 in their own time, so both are right. On that page you"
                     " can switch the preview to another zone to check.", agent=0),
        ),
    ),
    Sample(
        requester="candidate2", subject="Review about me: who can read it?", category="feedback",
        state=states.PENDING, hours_ago=74, assignee=0,
        lines=(
            Line(0, "After a session both sides write something. Can other interviewers read my scorecard?"),
            Line(130, "No. Your scorecard is read by you and by the interviewer who wrote it. What is public is the"
                      " rating that *you* give, without your name. Does that answer it?", agent=0),
        ),
    ),
)  # fmt: skip
