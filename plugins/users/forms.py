"""Forms: what may be typed, and what is said about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, ValidationError

from kernel import N_, Form, Words

from . import texts

_Typed = StringConstraints(strip_whitespace=False, min_length=1, max_length=1000)
Name = Annotated[str, StringConstraints(min_length=1, max_length=120), Words(missing=N_("Enter your name"))]
Email = Annotated[str, StringConstraints(min_length=3, max_length=320), Words(missing=N_("Enter your email address"))]
NewPassword = Annotated[str, _Typed, Words(missing=N_("Enter a password"))]


class SignUpForm(Form):
    """What the sign-up page sends. The password is taken as typed, spaces included."""

    name: Name
    email: Email
    password: NewPassword
    next: str = ""


class EmailForm(Form):
    """Asks for a link by mail."""

    email: Email
    next: str = ""


class EmptyForm(Form):
    """A button."""


class NewPasswordForm(Form):
    password: NewPassword


def _headline(minimum: int) -> Any:
    return Annotated[
        str,
        StringConstraints(min_length=minimum, max_length=120),
        AfterValidator(texts.refuse_contact),
        Words(missing=N_("Enter a headline"), short=N_("Use at least 10 characters, such as your role and field")),
    ]


def _bio(minimum: int) -> Any:
    return Annotated[
        str,
        StringConstraints(min_length=minimum, max_length=4000),
        AfterValidator(texts.refuse_contact),
        Words(missing=N_("Tell a little about yourself"), short=N_("Tell a little more: at least 80 characters")),
    ]


Links = Annotated[list[str], BeforeValidator(texts.clean_links)]
Years = Annotated[
    int, Field(ge=0, le=60), Words(missing=N_("Enter your years of experience"), bad=N_("Enter a number from 0 to 60"))
]
Company = Annotated[str, StringConstraints(max_length=80)]
Skills = Annotated[
    list[str],
    BeforeValidator(texts.split_tags),
    Field(min_length=1, max_length=20),
    Words(missing=N_("Add at least one skill"), short=N_("Add at least one skill"), long=N_("Name at most 20 skills")),
]
Languages = Annotated[
    list[str],
    Field(min_length=1, max_length=12),
    AfterValidator(lambda codes: [code for code in texts.LANGUAGES if code in codes]),
    Words(short=N_("Choose at least one language"), missing=N_("Choose at least one language")),
]
Rate = Annotated[int, BeforeValidator(texts.parse_rate), Words(missing=N_("Enter your hourly rate"))]


class ProfileForm(Form):
    """A person's own profile. `visible` are the fields that others may see."""

    name: Name
    pronouns: Annotated[str, StringConstraints(max_length=40)] = ""
    headline: _headline(0) = ""  # type: ignore[valid-type]
    bio: _bio(0) = ""  # type: ignore[valid-type]
    target_roles: Annotated[list[str], BeforeValidator(texts.split_tags), Field(max_length=10)] = []
    links: Links = []
    visible: list[str] = []
    preview: str = ""


class PlaceForm(Form):
    """Language and time zone."""

    locale: str
    zone: str


class AboutStage(Form):
    headline: _headline(10)  # type: ignore[valid-type]
    company: Company = ""
    years: Years
    bio: _bio(80)  # type: ignore[valid-type]


class ExperienceStage(Form):
    skills: Skills
    languages: Languages
    links: Links = []


class RateStage(Form):
    rate: Rate
    motivation: Annotated[
        str,
        StringConstraints(min_length=40, max_length=2000),
        Words(missing=N_("Tell why you want to do this"), short=N_("Tell a little more: at least 40 characters")),
    ]


#: The stages of an application in order, with the fields of each. The last step, review, has no answers.
STAGES: Mapping[str, type[Form]] = {"about": AboutStage, "experience": ExperienceStage, "rate": RateStage}
STEPS = (*STAGES, "review")
STEP_LABELS: Mapping[str, str] = {
    "about": N_("About you"),
    "experience": N_("Experience and skills"),
    "rate": N_("Rate and motivation"),
    "review": N_("Review"),
}
#: Fields that come as a list.
LISTS = frozenset({"languages"})


def check_stage(stage: str, answers: Mapping[str, Any]) -> Form | None:
    """The stage's checked values, or None while something is missing or not acceptable (any more)."""
    model = STAGES[stage]
    given = {name: answers[name] for name in model.model_fields if answers.get(name) not in (None, "", [])}
    try:
        return model.model_validate(given)
    except ValidationError:
        return None


class SubmitForm(Form):
    """Sends an application. The version is the one that the applicant looked at."""

    version: int
    agree: Annotated[bool, AfterValidator(lambda yes: _agreed(yes))] = False


def _agreed(yes: bool) -> bool:
    from kernel import gettext as _

    if not yes:
        raise ValueError(_("Confirm this, so that we may show your profile."))
    return yes


class VersionForm(Form):
    version: int


class DecideForm(Form):
    """A reviewer's decision. `reason` goes to the applicant."""

    decision: Annotated[Literal["approved", "changes_requested", "rejected"], Words(missing=N_("Choose a decision"))]
    reason: Annotated[str, StringConstraints(max_length=2000)] = ""
    version: int


class InterviewerForm(Form):
    """The public profile of an interviewer."""

    headline: _headline(10)  # type: ignore[valid-type]
    company: Company = ""
    years: Years
    bio: _bio(80)  # type: ignore[valid-type]
    skills: Skills
    languages: Languages
    rate: Rate
    version: int
    preview: str = ""


class SwitchForm(Form):
    """A switch that acts at once."""

    on: Literal["on", "off"]


class ReasonForm(Form):
    reason: Annotated[
        str, StringConstraints(min_length=3, max_length=500), Words(missing=N_("Say why"), short=N_("Say why"))
    ]


class RoleForm(Form):
    role: Annotated[str, StringConstraints(min_length=1, max_length=60), Words(missing=N_("Choose a role"))]


class PeopleQuery(Form):
    """Filters of the list of people."""

    q: Annotated[str, StringConstraints(max_length=100)] = ""
    role: str = ""
    state: Literal["", "pending", "active", "locked"] = ""
    sort: Literal["name", "created", "seen"] = "name"
    desc: bool = False
    page: Annotated[int, Field(ge=1, le=10_000)] = 1


class ApplicationsQuery(Form):
    q: Annotated[str, StringConstraints(max_length=100)] = ""
    state: Literal["", "submitted", "changes_requested", "approved", "rejected", "withdrawn"] = "submitted"
    page: Annotated[int, Field(ge=1, le=10_000)] = 1
