"""A piece of everybody's start page."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from kernel import SIGNED_IN, Widget, templates

from . import queries, services


async def question(subject: Any) -> Markup | None:
    """Today's question; nothing on a day without one."""
    found = await queries.question_of(services.today())
    return await templates.piece("question_of_the_day/widget.html", {"found": found}) if found else None


WIDGETS = [Widget(slot="home", name="question_of_the_day.question", render=question, order=40, permission=SIGNED_IN)]
