"""The pages. Each handler parses, calls a service or query, and draws."""

from __future__ import annotations

from kernel import SIGNED_IN, Route

from .. import rest
from ..permissions import HOURS, MANAGE, TYPES, VIEW
from . import admin, booking, directory, hours, practice, sessions, types

_SLUG = "[a-z0-9][a-z0-9-]{0,79}"


def _get(path: str, handler: object, name: str, permission: str | None = None) -> Route:
    """A page; without a permission it is public."""
    return Route(
        method="GET", path=path, handler=handler, name=f"scheduling.{name}",  # type: ignore[arg-type]
        permission=permission, public=permission is None,
    )  # fmt: skip


def _post(
    path: str, handler: object, name: str, permission: str | None = None, *, once: bool = False, rate: str | None = None
) -> Route:
    """A form's target. `once` honours the form's key."""
    return Route(
        method="POST", path=path, handler=handler, name=f"scheduling.{name}",  # type: ignore[arg-type]
        permission=permission, public=permission is None, idempotent=once, rate=rate,
    )  # fmt: skip


_BOOK = f"/book/{{interviewer:{_SLUG}}}/{{type:{_SLUG}}}"

ROUTES = [
    _get("/interviewers", directory.show_directory, "directory"),
    _get(f"/interviewers/{{slug:{_SLUG}}}", directory.show_profile, "profile"),
    _get(_BOOK, booking.show_picker, "book"),
    _post(_BOOK, booking.hold_time, "book_hold", rate="60/60"),
    _get("/bookings", sessions.show_mine, "bookings", SIGNED_IN),
    _get("/bookings/{id}", sessions.show_booking, "booking", SIGNED_IN),
    _get("/bookings/{id}/calendar.ics", sessions.calendar_file, "calendar", SIGNED_IN),
    _get("/bookings/{id}/confirm", booking.show_hold, "hold", SIGNED_IN),
    _post("/bookings/{id}/confirm", booking.confirm, "confirm", SIGNED_IN, once=True),
    _post("/bookings/{id}/release", booking.release, "release", SIGNED_IN),
    _get("/bookings/{id}/cancel", sessions.show_cancel, "cancel", SIGNED_IN),
    _post("/bookings/{id}/cancel", sessions.cancel, "cancel_post", SIGNED_IN, once=True),
    _get("/bookings/{id}/reschedule", sessions.show_reschedule, "reschedule", SIGNED_IN),
    _post("/bookings/{id}/reschedule", sessions.reschedule, "reschedule_post", SIGNED_IN, once=True),
    _get("/practice", practice.show_practice, "practice", SIGNED_IN),
    _post("/practice", practice.begin, "practice_post", SIGNED_IN, once=True, rate="20/60"),
    _get("/availability", hours.show_hours, "availability", HOURS),
    _post("/availability", hours.save, "availability_save", HOURS),
    _post("/availability/override", hours.add_override, "override_add", HOURS),
    _post("/availability/override/{id}/remove", hours.remove_override, "override_remove", HOURS),
    _post("/availability/time-off", hours.add_time_off, "time_off_add", HOURS),
    _post("/availability/time-off/{id}/remove", hours.remove_time_off, "time_off_remove", HOURS),
    _get("/admin/bookings", admin.show_bookings, "admin_bookings", VIEW),
    _get("/admin/bookings/{id}/cancel", admin.show_cancel, "admin_cancel", MANAGE),
    _post("/admin/bookings/{id}/cancel", admin.cancel, "admin_cancel_post", MANAGE, once=True),
    _get("/admin/interview-types", types.show_types, "types", TYPES),
    _get("/admin/interview-types/new", types.show_new, "type_new", TYPES),
    _post("/admin/interview-types/new", types.create, "type_create", TYPES, once=True),
    _get("/admin/interview-types/{id}", types.show_type, "type", TYPES),
    _post("/admin/interview-types/{id}", types.save, "type_save", TYPES),
    _post("/admin/interview-types/{id}/delete", types.delete, "type_delete", TYPES),
    *rest.ROUTES,
]

__all__ = ["ROUTES", "SIGNED_IN"]
