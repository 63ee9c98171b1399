"""Messages to people about feedback. What was written never stands in a message: it is behind the sign-in."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from kernel import N_, Happened, Notice, NotificationType, accounts, url


async def due(happened: Happened) -> list[Notice]:
    """The session is over: ask both sides; after a practice session, point to the summary."""
    data = happened.data
    booking, params = data["booking_id"], {"title": data["title"], "due": datetime.fromisoformat(data["due_at"])}
    if data["interviewer_id"] is None:
        return [
            Notice(
                key=f"feedback.due:{booking}:candidate",
                account_id=UUID(data["candidate_id"]),
                subject=N_("Look back at your practice: {title}"),
                body=N_("See which topics came up in “{title}” and note what you want to practise again."),
                params=params,
                action_label=N_("Open self-review"),
                action_url=url("feedback.session", booking_id=booking),
            )
        ]
    return [
        Notice(
            key=f"feedback.due:{booking}:interviewer",
            account_id=UUID(data["interviewer_id"]),
            subject=N_("Write the scorecard for {title}"),
            body=N_("The session “{title}” is over. The scorecard is due {due}. Write it while it is fresh."),
            params=params,
            action_label=N_("Write scorecard"),
            action_url=url("feedback.scorecard", booking_id=booking),
        ),
        Notice(
            key=f"feedback.due:{booking}:candidate",
            account_id=UUID(data["candidate_id"]),
            subject=N_("How was {title}?"),
            body=N_(
                "The session “{title}” is over. Review your interviewer: it takes two minutes, and you both see each"
                " other's feedback as soon as both are in."
            ),
            params=params,
            action_label=N_("Write review"),
            action_url=url("feedback.review", booking_id=booking),
        ),
    ]


async def reminder(happened: Happened) -> list[Notice]:
    """Feedback is still missing."""
    data = happened.data
    writes_card = data["role"] == "interviewer"
    page = "feedback.scorecard" if writes_card else "feedback.review"
    bodies = {
        ("interviewer", "due"): N_("Your scorecard for “{title}” is due. The candidate is waiting for it."),
        ("candidate", "due"): N_("Your review of “{title}” is still missing. Two minutes are enough."),
        ("interviewer", "last"): N_(
            "Your scorecard for “{title}” is still missing. On {release} the review is released without it."
        ),
        ("candidate", "last"): N_(
            "Your review of “{title}” is still missing. On {release} the scorecard is released without it."
        ),
    }
    return [
        Notice(
            key=f"feedback.reminder:{data['booking_id']}:{data['role']}:{data['stage']}",
            account_id=UUID(data["account_id"]),
            subject=N_("Still missing: your scorecard for {title}")
            if writes_card
            else N_("Still missing: your review of {title}"),
            body=bodies[data["role"], data["stage"]],
            params={"title": data["title"], "release": datetime.fromisoformat(data["release_at"])},
            action_label=N_("Write scorecard") if writes_card else N_("Write review"),
            action_url=url(page, booking_id=data["booking_id"]),
        )
    ]


async def released(happened: Happened) -> list[Notice]:
    """Both may read now; each side is told what there is for them."""
    data = happened.data
    booking, params = data["booking_id"], {"title": data["title"]}
    notices = []
    if data["has_scorecard"]:
        notices.append(
            Notice(
                key=f"feedback.released:{booking}:candidate",
                account_id=UUID(data["candidate_id"]),
                subject=N_("Your scorecard for {title} is here"),
                body=N_("See your scores by criterion, what they rest on, and the suggested next step."),
                params=params,
                action_label=N_("Read scorecard"),
                action_url=url("feedback.session", booking_id=booking),
            )
        )
    if data["has_review"]:
        notices.append(
            Notice(
                key=f"feedback.released:{booking}:interviewer",
                account_id=UUID(data["interviewer_id"]),
                subject=N_("You got a review for {title}"),
                body=N_("The candidate has rated realism, clarity and usefulness of your session."),
                params=params,
                action_label=N_("Read review"),
                action_url=url("feedback.session", booking_id=booking),
            )
        )
    return notices


async def hidden(happened: Happened) -> list[Notice]:
    """Tell the author that a moderator hid the review; the reason stands on the page."""
    data = happened.data
    return [
        Notice(
            key=f"feedback.hidden:{happened.id}",
            account_id=UUID(data["author_id"]),
            subject=N_("Your review was hidden"),
            body=N_("A moderator has hidden a review that you wrote. The page says why."),
            action_label=N_("Read the reason"),
            action_url=url("feedback.session", booking_id=data["booking_id"]),
        )
    ]


async def reported(happened: Happened) -> list[Notice]:
    """Somebody has to look at a review: tell those who may decide."""
    data = happened.data
    people = {p.id for role in ("moderator", "admin") for p in await accounts.accounts_with_role(role)}
    return [
        Notice(
            key=f"feedback.reported:{happened.id}:{person}",
            account_id=person,
            subject=N_("A review was reported"),
            body=N_("An interviewer asks for a decision about a review."),
            action_label=N_("Open review"),
            action_url=url("feedback.admin_review", review_id=data["review_id"]),
        )
        for person in people - {UUID(data["reporter_id"])}
    ]


NOTIFICATION_TYPES = [
    NotificationType(
        id="feedback.due", label=N_("Feedback can be written"), event="feedback.requested.v1", compose=due
    ),
    NotificationType(
        id="feedback.reminder",
        label=N_("Feedback of mine is missing"),
        event="feedback.reminder_due.v1",
        compose=reminder,
    ),
    NotificationType(
        id="feedback.released", label=N_("Feedback for me is here"), event="feedback.released.v1", compose=released
    ),
    NotificationType(
        id="feedback.hidden", label=N_("A review of mine was hidden"), event="feedback.review_hidden.v1", compose=hidden
    ),
    NotificationType(
        id="feedback.reported",
        label=N_("A review was reported to moderators"),
        event="feedback.review_reported.v1",
        compose=reported,
    ),
]
