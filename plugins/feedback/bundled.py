"""The two rubrics that every tenant begins with."""

from __future__ import annotations

from typing import Final

from kernel import N_

from .rubrics import Criterion, RubricCopy

GENERAL: Final = RubricCopy(
    "general",
    N_("General interview"),
    1,
    (
        Criterion(
            "problem_solving",
            N_("Problem solving"),
            N_("Breaks the problem down, weighs options, and gets to a working answer."),
            3,
            (
                N_("Did not find a way into the problem, even with hints."),
                N_("Found a partial answer and needed a hint at most steps."),
                N_("Reached a working answer with a few hints; edge cases only when asked."),
                N_("Reached a sound answer alone, compared options, and named the edge cases."),
                N_("Saw several solutions at once, chose with clear reasons, and looked for its limits unasked."),
            ),
        ),
        Criterion(
            "communication",
            N_("Communication"),
            N_("Says what they think, listens, and adapts to the other person."),
            2,
            (
                N_("Hard to follow; long silences, questions left unanswered."),
                N_("Understandable with effort; thinking mostly stayed silent."),
                N_("Clear on the whole; explained decisions when asked."),
                N_("Thought aloud, checked understanding, and answered the question that was asked."),
                N_("Led the conversation with ease and made a hard subject easy to follow."),
            ),
        ),
        Criterion(
            "technical_depth",
            N_("Technical depth"),
            N_("Knows the field well enough to explain why, not only how."),
            3,
            (
                N_("Basic ideas were missing or wrong."),
                N_("Knew the words, but not what lies behind them."),
                N_("Solid on the usual tools; unsure one level deeper."),
                N_("Explained trade-offs from experience and with correct detail."),
                N_("Went deep wherever we dug and connected it to real systems."),
            ),
        ),
        Criterion(
            "structure",
            N_("Structure"),
            N_("Clarifies the task, makes a plan, and keeps to the time."),
            2,
            (
                N_("Started at once and got lost; no plan to be seen."),
                N_("Had a rough plan and dropped it early."),
                N_("Asked some questions, followed a plan, ran short of time at the end."),
                N_("Clarified the task, announced the plan, and closed each part before the next."),
                N_("A clear frame from start to end, adjusted openly when something new came up."),
            ),
        ),
        Criterion(
            "collaboration",
            N_("Collaboration"),
            N_("Takes hints and objections as help, and would be good to work with."),
            1,
            (
                N_("Took questions as attacks or ignored them."),
                N_("Accepted hints only after repeated tries."),
                N_("Took hints when they were offered."),
                N_("Asked for feedback, built on hints, and gave credit."),
                N_("Felt like a colleague: open, curious, and better with every remark."),
            ),
        ),
    ),
)

BEHAVIOURAL: Final = RubricCopy(
    "behavioural",
    N_("Behavioural interview"),
    1,
    (
        Criterion(
            "story",
            N_("Story and situation"),
            N_("Tells a concrete story: situation, task, action, result."),
            3,
            (
                N_("No concrete example, only opinions."),
                N_("An example without situation or outcome."),
                N_("A complete example; details only when asked."),
                N_("A concrete story with stakes, actions and a result."),
                N_("A memorable story with numbers, told in two minutes."),
            ),
        ),
        Criterion(
            "ownership",
            N_("Ownership"),
            N_("It is clear what they did themselves and what they decided."),
            3,
            (
                N_("Always “we”; no own part to be seen."),
                N_("Own part vague; decisions were made by others."),
                N_("Own part clear when asked."),
                N_("Named own decisions and stood by mistakes."),
                N_("Took on what nobody owned and saw it through."),
            ),
        ),
        Criterion(
            "impact",
            N_("Impact"),
            N_("Knows what changed, for whom, and how it was measured."),
            2,
            (
                N_("No result mentioned."),
                N_("A result was claimed, but not shown."),
                N_("A plausible result without figures."),
                N_("A measured result and its meaning for others."),
                N_("Impact beyond the team, with evidence and what came after."),
            ),
        ),
        Criterion(
            "reflection",
            N_("Reflection"),
            N_("Has learned from it and would do something differently today."),
            2,
            (
                N_("No insight; others were to blame."),
                N_("A general lesson without consequence."),
                N_("Named a lesson when asked."),
                N_("Named a lesson and where it was applied since."),
                N_("Candid, specific, and visibly changed by it."),
            ),
        ),
    ),
)

DESCRIPTIONS: Final = {
    "general": N_("For technical and mixed interviews. Used when no other rubric fits."),
    "behavioural": N_("For interviews about experience and behaviour, answered by stories."),
}
MATCHES: Final = {
    "general": (),
    "behavioural": ("behaviour", "behavior", "leadership", "verhalten", "führung", "vorstellung", "gehalt"),
}
