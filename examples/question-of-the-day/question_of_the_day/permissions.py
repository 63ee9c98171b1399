"""Reading and following need none but being signed in."""

from __future__ import annotations

from kernel import N_, Permission

MANAGE = "question_of_the_day.questions.manage"

PERMISSIONS = [Permission(id=MANAGE, label=N_("Write the questions of the day"))]
