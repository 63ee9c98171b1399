"""What followers are told."""

from __future__ import annotations

from kernel import N_, Happened, Notice, NotificationType, absolute_url

from .models import Follower


async def compose(happened: Happened) -> list[Notice]:
    """One notice for each follower; the key makes it one a day, however often this is called."""
    link = absolute_url("question_of_the_day.today")
    return [
        Notice(
            key=f"question_of_the_day:{happened.data['day']}:{follower.account_id}",
            account_id=follower.account_id,
            subject=N_("Question of the day"),
            body="{text}",
            params={"text": happened.data["text"]},
            action_label=N_("Open"),
            action_url=link,
        )
        for follower in await Follower.all()
    ]


TYPES = [
    NotificationType(
        id="question_of_the_day.asked",
        label=N_("Question of the day"),
        event="question_of_the_day.question_asked.v1",
        compose=compose,
    )
]
