"""The addresses of this plugin, who may open them, and what answers."""

from __future__ import annotations

from typing import Any

from kernel import SIGNED_IN, Page, Route

from ..permissions import APPLY, DECIDE, INTERVIEWER, MANAGE_PEOPLE, MANAGE_ROLES, PEOPLE
from ..rest import own as rest
from ..rest import people
from . import admin, apply, interviewer, profile, signup

_FEATURE = "users.applications"
_MAILED = "its link was mailed to the person, who opens it in a browser of their own"
_PICTURE = 9 * 1024 * 1024


def _get(path: str, handler: Any, name: str, permission: str = "", **more: Any) -> Route:
    """A page; without a permission it is public."""
    kept = permission or None
    return Route(method="GET", path=path, handler=handler, name=name, permission=kept, public=not kept, **more)


def _post(path: str, handler: Any, name: str, permission: str = "", **more: Any) -> Route:
    """A form's target; without a permission it is public."""
    kept = permission or None
    return Route(method="POST", path=path, handler=handler, name=name, permission=kept, public=not kept, **more)


def _json(method: Any, path: str, handler: Any, name: str, permission: str = "", **more: Any) -> Route:
    kept, path = permission or None, f"/api/v1/users/{path}"
    return Route(method=method, path=path, handler=handler, name=name, permission=kept, public=not kept, **more)


def pages() -> list[Route]:
    """HTML."""
    applying, deciding = {"feature": _FEATURE}, {"feature": _FEATURE, "permission": DECIDE}
    return [
        _get("/sign-up", signup.show_sign_up, "users.sign_up"),
        _post("/sign-up", signup.sign_up, "users.sign_up_post", rate="20/600", idempotent=True),
        _get("/sign-up/sent/{token}", signup.show_sent, "users.sent"),
        _get("/verify/resend", signup.show_resend, "users.resend_confirmation"),
        _post("/verify/resend", signup.resend, "users.resend", rate="5/600"),
        _get("/verify/{token}", signup.show_verify, "users.verify", rate="60/600"),
        _post("/verify/{token}", signup.verify, "users.verify_post", rate="30/600", no_twin=_MAILED),
        _get("/reset", signup.show_forgot, "users.forgot_password"),
        _post("/reset", signup.reset_ask, "users.reset_ask", rate="5/600"),
        _get("/reset/{token}", signup.show_reset, "users.reset", rate="60/600"),
        _post("/reset/{token}", signup.reset, "users.reset_post", rate="30/600", no_twin=_MAILED),
        _get("/profile", profile.show_profile, "users.profile", SIGNED_IN),
        _post("/profile", profile.save_profile, "users.profile_save", SIGNED_IN),
        _post("/profile/place", profile.save_place, "users.place_save", SIGNED_IN),
        _post(
            "/profile/picture", profile.save_picture, "users.picture_save", SIGNED_IN,
            body_limit=_PICTURE, rate="20/600",
        ),
        _post("/profile/picture/remove", profile.drop_picture, "users.picture_drop", SIGNED_IN),
        _get("/people/{account_id}", profile.show_person, "users.person", SIGNED_IN),
        _get("/people/{account_id}/picture", profile.picture, "users.picture"),
        _get("/apply", apply.show, "users.apply", APPLY, **applying),
        _post("/apply", apply.begin, "users.apply_begin", APPLY, **applying),
        _post("/apply/submit", apply.submit, "users.apply_submit", APPLY, idempotent=True, **applying),
        _post("/apply/withdraw", apply.withdraw, "users.apply_withdraw", APPLY, **applying),
        _get("/apply/step/{step}", apply.show_step, "users.apply_step", APPLY, **applying),
        _post("/apply/step/{step}", apply.save_step, "users.apply_save", APPLY, **applying),
        _get("/interviewer/profile", interviewer.show, "users.interviewer", INTERVIEWER),
        _post("/interviewer/profile", interviewer.save, "users.interviewer_save", INTERVIEWER),
        _post("/interviewer/profile/published", interviewer.publish, "users.interviewer_publish", INTERVIEWER),
        _post("/interviewer/profile/accepting", interviewer.accepting, "users.interviewer_accept", INTERVIEWER),
        _get("/admin/applications", admin.list_applications, "users.applications", **deciding),
        _get("/admin/applications/{id}", admin.show_application, "users.application", **deciding),
        _post("/admin/applications/{id}", admin.decide, "users.application_decide", **deciding),
        _get("/admin/people", admin.list_people, "users.people", PEOPLE),
        _get("/admin/people.csv", admin.people_csv, "users.people_csv", PEOPLE, rate="20/600"),
        _get("/admin/people/{id}", admin.show_person, "users.admin_person", PEOPLE),
        _post("/admin/people/{id}/confirm", admin.confirm, "users.person_confirm", MANAGE_PEOPLE),
        _post("/admin/people/{id}/lock", admin.lock, "users.person_lock", MANAGE_PEOPLE),
        _post("/admin/people/{id}/unlock", admin.unlock, "users.person_unlock", MANAGE_PEOPLE),
        _post("/admin/people/{id}/give", admin.give_role, "users.person_give", MANAGE_ROLES),
        _post("/admin/people/{id}/take", admin.take_role, "users.person_take", MANAGE_ROLES),
    ]  # fmt: skip


def json_routes() -> list[Route]:
    """The JSON twins."""
    mine: dict[str, Any] = {"feature": _FEATURE, "permission": APPLY, "response": rest.ApplicationOut}
    theirs: dict[str, Any] = {"feature": _FEATURE, "permission": DECIDE}
    person: dict[str, Any] = {"response": people.StandingOut}
    return [
        _json("POST", "sign-up", rest.sign_up, "users.api_sign_up", request=rest.SignUpIn, response=rest.Sent,
              rate="20/600", idempotent=True, status=202),
        _json("POST", "reset", rest.ask_reset, "users.api_reset", request=rest.EmailIn, response=rest.Sent,
              rate="5/600", status=202, twin_of=("users.reset_ask",)),
        _json("POST", "verify/resend", rest.resend, "users.api_resend", request=rest.EmailIn, response=rest.Sent,
              rate="5/600", status=202),
        _json("GET", "interviewers", rest.list_interviewers, "users.api_interviewers",
              query=rest.InterviewersListing, response=Page[rest.CardOut]),
        _json("GET", "profile", rest.get_profile, "users.api_profile", SIGNED_IN, response=rest.ProfileOut),
        _json("PUT", "profile", rest.put_profile, "users.api_profile_save", SIGNED_IN, request=rest.ProfileIn,
              response=rest.ProfileOut),
        _json("PUT", "place", rest.put_place, "users.api_place_save", SIGNED_IN, request=rest.PlaceIn,
              response=rest.ProfileOut),
        _json("PUT", "profile/picture", rest.put_picture, "users.api_picture_save", SIGNED_IN, request=rest.PictureIn,
              response=rest.ProfileOut, body_limit=4 * _PICTURE // 3, rate="20/600"),
        _json("DELETE", "profile/picture", rest.drop_picture, "users.api_picture_drop", SIGNED_IN,
              response=rest.ProfileOut),
        _json("GET", "interviewer", rest.get_interviewer, "users.api_interviewer", INTERVIEWER,
              response=rest.InterviewerOut, errors=(404,)),
        _json("PUT", "interviewer", rest.put_interviewer, "users.api_interviewer_save", INTERVIEWER,
              request=rest.InterviewerIn, response=rest.InterviewerOut, errors=(404,),
              twin_of=("users.interviewer_publish", "users.interviewer_accept")),
        _json("GET", "application", rest.get_application, "users.api_application", errors=(404,), **mine),
        _json("PUT", "application", rest.put_application, "users.api_application_save", request=rest.AnswersIn,
              twin_of=("users.apply_begin", "users.apply_save"), **mine),
        _json("POST", "application/submit", rest.submit_application, "users.api_application_submit",
              request=rest.VersionIn, idempotent=True, errors=(404,), twin_of=("users.apply_submit",), **mine),
        _json("POST", "application/withdraw", rest.withdraw_application, "users.api_application_withdraw",
              request=rest.VersionIn, idempotent=True, errors=(404,), twin_of=("users.apply_withdraw",), **mine),
        _json("GET", "applications", rest.list_applications, "users.api_applications", query=rest.ApplicationsListing,
              response=Page[rest.ApplicationOut], **theirs),
        _json("POST", "applications/{id}/decide", rest.decide, "users.api_decide", request=rest.DecisionIn,
              response=rest.ApplicationOut, twin_of=("users.application_decide",), **theirs),
        _json("GET", "people", people.list_people, "users.api_people", PEOPLE, query=people.PeopleListing,
              response=Page[people.PersonOut]),
        _json("POST", "people/{id}/confirm", people.confirm, "users.api_person_confirm", MANAGE_PEOPLE, **person),
        _json("POST", "people/{id}/lock", people.lock, "users.api_person_lock", MANAGE_PEOPLE, request=people.ReasonIn,
              **person),
        _json("POST", "people/{id}/unlock", people.unlock, "users.api_person_unlock", MANAGE_PEOPLE, **person),
        _json("POST", "people/{id}/give", people.give_role, "users.api_person_give", MANAGE_ROLES,
              request=people.RoleIn, **person),
        _json("POST", "people/{id}/take", people.take_role, "users.api_person_take", MANAGE_ROLES,
              request=people.RoleIn, **person),
    ]  # fmt: skip


ROUTES = [*pages(), *json_routes()]
