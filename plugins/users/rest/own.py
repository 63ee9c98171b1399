"""What everybody does with their own account, profile and application."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from aiohttp import web
from pydantic import Base64Bytes, BaseModel, ConfigDict, Field, ValidationError

from kernel import Form, Listing, Page, accounts, errors, get_or_404, json_answer, read_json, read_listing
from kernel import gettext as _

from .. import forms, queries
from ..api import InterviewerCard
from ..models import Application, InterviewerProfile
from ..routes import me
from ..routes.interviewer import own_profile, saved_profile
from ..services import applications, interviewers, profiles, signup


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class SignUpIn(forms.SignUpForm):
    """Name, address, password."""


class EmailIn(forms.EmailForm):
    """An address that wants a link."""


class Sent(BaseModel):
    """Always the same, whether the address is known or not."""

    sent: bool = True


class ProfileOut(BaseModel):
    account_id: UUID
    name: str
    email: str
    pronouns: str
    headline: str
    bio: str
    target_roles: list[str]
    links: list[str]
    visible: list[str]
    locale: str
    zone: str
    picture_url: str | None


class ProfileIn(_In):
    name: forms.Name
    pronouns: str = ""
    headline: str = ""
    bio: str = ""
    target_roles: list[str] = []
    links: list[str] = []
    visible: list[str] = []


class InterviewerOut(BaseModel):
    account_id: UUID
    slug: str
    headline: str
    bio: str
    company: str
    years: int
    skills: list[str]
    languages: list[str]
    rate_minor: int
    currency: str
    published: bool
    accepting: bool
    missing: list[str]
    version: int


class InterviewerIn(_In):
    """`rate` is an amount per hour as people write it, such as "95" or "95.50"."""

    headline: str
    bio: str
    company: str = ""
    years: int
    skills: list[str]
    languages: list[str]
    rate: str
    version: int
    published: bool | None = None
    accepting: bool | None = None


class ApplicationOut(BaseModel):
    id: UUID
    account_id: UUID
    state: str
    answers: dict[str, Any]
    incomplete: list[str]
    reason: str
    submitted_at: datetime | None
    decided_at: datetime | None
    version: int


class AnswersIn(_In):
    """Any of the application's fields; a stage is kept as it is given, complete or not."""

    headline: str | None = None
    company: str | None = None
    years: str | None = None
    bio: str | None = None
    skills: str | None = None
    languages: list[str] | None = None
    links: str | None = None
    rate: str | None = None
    motivation: str | None = None


_Version = Annotated[int, Field(ge=1, le=2**31 - 1)]


class VersionIn(_In):
    version: _Version


class DecisionIn(_In):
    """`reason` is needed for everything but an approval."""

    decision: Annotated[str, Field(max_length=40)]
    reason: Annotated[str, Field(max_length=2000)] = ""
    version: _Version


class PlaceIn(_In):
    """Language and time zone in which one is addressed."""

    locale: Annotated[str, Field(max_length=12)]
    zone: Annotated[str, Field(max_length=64)]


class PictureIn(_In):
    """A PNG, JPEG or WebP file in base64."""

    content: Annotated[Base64Bytes, Field(max_length=12 * 1024 * 1024)]


class ApplicationsListing(Listing):
    q: Annotated[str, Field(max_length=100)] = ""
    state: Annotated[str, Field(max_length=20)] = ""


class InterviewersListing(Listing):
    q: Annotated[str, Field(max_length=100)] = ""
    skill: Annotated[str, Field(max_length=100)] = ""
    language: Annotated[str, Field(max_length=100)] = ""


async def sign_up(request: web.Request) -> web.StreamResponse:
    """Make an account; a mail with a link follows."""
    data = await read_json(request, SignUpIn)
    await signup.sign_up(data.name, data.email, data.password, next_path=data.next)
    return json_answer(Sent(), 202)


async def ask_reset(request: web.Request) -> web.StreamResponse:
    """Have a link for a new password mailed."""
    data = await read_json(request, EmailIn)
    await signup.ask_reset(data.email)
    return json_answer(Sent(), 202)


async def get_profile(request: web.Request) -> web.StreamResponse:
    """One's own profile."""
    return json_answer(await _profile(me().id))


async def _profile(account_id: UUID) -> ProfileOut:
    account = await accounts.account(account_id)
    row = await profiles.profile_of(account_id)
    return ProfileOut(
        account_id=account_id,
        name=account.name,
        email=account.email,
        pronouns=row.pronouns,
        headline=row.headline,
        bio=row.bio,
        target_roles=row.target_roles,
        links=row.links,
        visible=row.visible,
        locale=account.locale,
        zone=account.zone,
        picture_url=queries.picture_url(account_id, row.picture_id) if row.picture_id else None,
    )


async def put_profile(request: web.Request) -> web.StreamResponse:
    """Save one's profile."""
    form = _checked(forms.ProfileForm, await read_json(request, ProfileIn))
    await profiles.save_profile(me().id, **form.model_dump(exclude={"preview"}))
    return json_answer(await _profile(me().id))


def _checked(form: type[Form], data: BaseModel, *, without: frozenset[str] = frozenset()) -> Any:
    """JSON through the same rules as the page's form. Raises Invalid with a message per field."""
    try:
        return form.model_validate(data.model_dump(exclude=set(without)))
    except ValidationError as exc:
        found: dict[str, str] = {}
        for error in exc.errors(include_url=False):
            said = error.get("ctx", {}).get("error")
            name = str(error["loc"][0]) if error["loc"] else ""
            found.setdefault(name, str(said) if isinstance(said, ValueError) else _("Check this value."))
        raise errors.Invalid(found) from None


async def put_place(request: web.Request) -> web.StreamResponse:
    """Choose the language and time zone in which one is addressed."""
    sent = await read_json(request, PlaceIn)
    await profiles.save_place(me().id, locale=sent.locale, zone=sent.zone)
    return json_answer(await _profile(me().id))


async def put_picture(request: web.Request) -> web.StreamResponse:
    """Set one's picture; it is cut to a square."""
    sent = await read_json(request, PictureIn)
    await profiles.set_picture(me().id, sent.content)
    return json_answer(await _profile(me().id))


async def drop_picture(_request: web.Request) -> web.StreamResponse:
    """Remove one's picture."""
    await profiles.drop_picture(me().id)
    return json_answer(await _profile(me().id))


async def resend(request: web.Request) -> web.StreamResponse:
    """Have the mail with the link for confirming the address sent again."""
    data = await read_json(request, EmailIn)
    await signup.ask_again(data.email)
    return json_answer(Sent(), 202)


async def get_interviewer(request: web.Request) -> web.StreamResponse:
    """One's own interviewer profile."""
    return json_answer(_interviewer(await own_profile()))


def _interviewer(row: InterviewerProfile) -> InterviewerOut:
    names = InterviewerOut.model_fields.keys() - {"missing"}
    return InterviewerOut(**{name: getattr(row, name) for name in names}, missing=interviewers.missing(row))


async def put_interviewer(request: web.Request) -> web.StreamResponse:
    """Save one's interviewer profile, publish it, take or refuse bookings."""
    data = await read_json(request, InterviewerIn)
    form = _checked(forms.InterviewerForm, data, without=frozenset({"published", "accepting"}))
    row = await saved_profile()
    values = form.model_dump(exclude={"preview", "version", "rate"})
    await interviewers.save(row, form.version, rate_minor=form.rate, **values)
    if data.published is not None:
        await interviewers.publish_profile(row, data.published)
    if data.accepting is not None:
        await interviewers.set_accepting(row, data.accepting)
    return json_answer(_interviewer(await saved_profile()))


def _application(row: Application) -> ApplicationOut:
    names = ApplicationOut.model_fields.keys() - {"incomplete"}
    return ApplicationOut(**{name: getattr(row, name) for name in names}, incomplete=applications.incomplete(row))


async def get_application(request: web.Request) -> web.StreamResponse:
    """One's own application."""
    row = await applications.application_of(me().id)
    if row is None:
        raise errors.NotFound()
    return json_answer(_application(row))


async def put_application(request: web.Request) -> web.StreamResponse:
    """Begin or change the draft: the stages of which any field is given are kept."""
    given = (await read_json(request, AnswersIn)).model_dump(exclude_none=True)
    row = await applications.begin(me().id)
    for stage, model in forms.STAGES.items():
        if given.keys() & model.model_fields.keys():
            row = await applications.save_answers(me().id, stage, {**row.answers, **given})
    return json_answer(_application(row))


async def submit_application(request: web.Request) -> web.StreamResponse:
    """Hand the application in."""
    data = await read_json(request, VersionIn)
    return json_answer(_application(await applications.submit(me().id, data.version)))


async def withdraw_application(request: web.Request) -> web.StreamResponse:
    """Take the application back."""
    data = await read_json(request, VersionIn)
    return json_answer(_application(await applications.withdraw(me().id, data.version)))


async def list_applications(request: web.Request) -> web.StreamResponse:
    """Applications that were sent in; whoever waits longest comes first."""
    asked = read_listing(request, ApplicationsListing)
    offset = (asked.number - 1) * asked.limit
    rows, total = await queries.list_applications(asked.q, state=asked.state, limit=asked.limit, offset=offset)
    found = {row.id: row for row in await Application.filter(id__in=[r.id for r in rows])}
    items = [_application(found[r.id]) for r in rows if r.id in found]
    return json_answer(Page[ApplicationOut](items=items, next=asked.next(total)))


async def decide(request: web.Request) -> web.StreamResponse:
    """Approve, refuse or ask for more."""
    data = await read_json(request, DecisionIn)
    row = await _one(request)
    return json_answer(_application(await applications.decide(row.id, data.decision, data.reason, data.version)))


async def _one(request: web.Request) -> Application:
    return await get_or_404(Application, request.match_info["id"])


class CardOut(BaseModel):
    """An interviewer as visitors see them."""

    account_id: UUID
    name: str
    slug: str
    headline: str
    bio: str
    company: str
    years: int
    skills: list[str]
    languages: list[str]
    rate_minor: int
    currency: str
    zone: str
    picture_url: str | None
    accepting: bool


def _card(card: InterviewerCard) -> CardOut:
    values = {name: getattr(card, name) for name in CardOut.model_fields}
    return CardOut(**{**values, "skills": list(card.skills), "languages": list(card.languages)})


async def list_interviewers(request: web.Request) -> web.StreamResponse:
    """Interviewers who are listed for everybody."""
    asked = read_listing(request, InterviewersListing)
    cards, after = asked.cut(await queries.interviewers.listed(asked.q, asked.skill, asked.language))
    return json_answer(Page[CardOut](items=[_card(card) for card in cards], next=after))
