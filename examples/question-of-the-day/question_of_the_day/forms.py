"""What pages are sent: text in, checked values out."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from kernel import N_, Form, Words


class QuestionForm(Form):
    text: Annotated[str, Field(min_length=5, max_length=300), Words(missing=N_("Write the question."))]


class FollowForm(Form):
    follow: bool = False
