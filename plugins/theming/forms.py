"""What people send to this plugin's pages."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, create_model

from kernel import LOCALES, N_, Form, Words

from .settings import MAX_BODY, MAX_TITLE


class BrandingForm(Form):
    """`do` is save or preview."""

    name: Annotated[str, Field(max_length=60), Words(long=N_("Use at most 60 characters."))] = ""
    tagline: Annotated[str, Field(max_length=160), Words(long=N_("Use at most 160 characters."))] = ""
    color: Annotated[str, Words(missing=N_("Choose a colour such as #4f46e5."))]
    radius: Annotated[int, Field(ge=0, le=16), Words(bad=N_("Enter a number from 0 to 16."))]
    font: str
    do: str = "save"


class LookQuery(Form):
    """The look of a preview."""

    name: Annotated[str, Field(max_length=60)] = ""
    color: str = ""
    radius: int = 8
    font: str = "inter"


class EmptyForm(Form):
    pass


class TermsForm(Form):
    pack: str
    words: str = ""
    do: str = "save"


class PageForm(Form):
    title: Annotated[
        str, Field(min_length=1, max_length=MAX_TITLE),
        Words(missing=N_("Enter a title."), long=N_("Use at most 120 characters.")),
    ]  # fmt: skip
    body: Annotated[
        str, Field(min_length=1, max_length=MAX_BODY),
        Words(missing=N_("Enter a text."), long=N_("Use at most 2000 characters.")),
    ]  # fmt: skip
    do: str = "save"
    preview: str = ""


class PreviewForm(Form):
    text: Annotated[str, Field(max_length=20_000)] = ""


class LanguagesForm(Form):
    default: Annotated[str, Words(missing=N_("Choose a language."))]
    offered: list[str] = []


class _PlanForm(Form):
    starts: Annotated[datetime, Words(missing=N_("Enter when it starts."), bad=N_("Enter a date and a time."))]
    ends: Annotated[datetime, Words(missing=N_("Enter when it ends."), bad=N_("Enter a date and a time."))]
    reason: Annotated[str, Field(max_length=200), Words(long=N_("Use at most 200 characters."))] = ""


class _NowForm(Form):
    minutes: Annotated[int, Field(ge=5, le=7 * 24 * 60), Words(bad=N_("Choose how long it takes."))]
    reason: Annotated[str, Field(max_length=200), Words(long=N_("Use at most 200 characters."))] = ""


#: A message per language that this installation speaks.
_MESSAGES = {
    f"message_{code}": (Annotated[str, Field(max_length=1000), Words(long=N_("Use at most 1000 characters."))], "")
    for code in LOCALES
}
if TYPE_CHECKING:
    PlanForm = _PlanForm
    NowForm = _NowForm
else:
    PlanForm = create_model("PlanForm", __base__=_PlanForm, **_MESSAGES)
    NowForm = create_model("NowForm", __base__=_NowForm, **_MESSAGES)


def messages_of(form: Form) -> dict[str, str]:
    return {code: text for code in LOCALES if (text := getattr(form, f"message_{code}", ""))}


class VersionForm(Form):
    version: int


class ProlongForm(VersionForm):
    minutes: Annotated[int, Field(ge=5, le=24 * 60)] = 30
