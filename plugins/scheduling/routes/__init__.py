"""The pages. Each handler parses, calls a service or query, and draws."""

from __future__ import annotations

from kernel import SIGNED_IN

from .. import rest
from ..permissions import HOURS, MANAGE, POLICIES, TYPES
from . import (
    admin,
    anyone,
    around,
    asking,
    booking,
    changing,
    days,
    directory,
    hours,
    links,
    policies,
    practice,
    proposing,
    series,
    sessions,
    turns,
    type_reminders,
    types,
    waiting,
    windows,
)
from .declaring import get as _get
from .declaring import post as _post

_SLUG = "[a-z0-9][a-z0-9-]{0,79}"

_SECRET = "[A-Za-z0-9_-]{20,80}"  # noqa: S105 - the shape of one
#: The form of a booking may carry several files of 5 MB.
_FILES = 26 * 1024 * 1024
_BOOK = f"/book/{{interviewer:{_SLUG}}}/{{type:{_SLUG}}}"

ROUTES = [
    _get("/interviewers", directory.show_directory, "directory"),
    _get(f"/interviewers/{{slug:{_SLUG}}}", directory.show_profile, "profile"),
    _get(f"/book-any/{{type:{_SLUG}}}", anyone.show_any, "any"),
    _post(f"/book-any/{{type:{_SLUG}}}", anyone.hold_any, "any_hold", SIGNED_IN, rate="60/60"),
    _get(_BOOK, booking.show_picker, "book"),
    _post(_BOOK, booking.hold_time, "book_hold", rate="60/60"),
    _get("/times-together", windows.show, "windows", SIGNED_IN),
    _post("/times-together", windows.save, "windows_save", SIGNED_IN, rate="60/60"),
    _get("/bookings", sessions.show_mine, "bookings", SIGNED_IN),
    _get("/bookings/{id}", sessions.show_booking, "booking", SIGNED_IN),
    _get("/bookings/{id}/calendar.ics", sessions.calendar_file, "calendar", SIGNED_IN),
    _get("/bookings/{id}/confirm", booking.show_hold, "hold", SIGNED_IN),
    _post("/bookings/{id}/confirm", booking.confirm, "confirm", SIGNED_IN, body=_FILES),
    _post("/bookings/{id}/release", booking.release, "release", SIGNED_IN),
    _get("/bookings/{id}/files/{file}", sessions.intake_file, "intake_file", SIGNED_IN),
    _get("/bookings/{id}/weekly", series.show_weekly, "weekly", SIGNED_IN),
    _post("/bookings/{id}/weekly", series.book_weekly, "weekly_post", SIGNED_IN, body=_FILES),
    _get("/bookings/{id}/series", series.show_series, "series", SIGNED_IN),
    _post("/bookings/{id}/series/cancel", series.cancel_following, "series_cancel", SIGNED_IN),
    _get("/bookings/{id}/cancel", changing.show_cancel, "cancel", SIGNED_IN),
    _post("/bookings/{id}/cancel", changing.cancel, "cancel_post", SIGNED_IN),
    _get("/bookings/{id}/reschedule", changing.show_reschedule, "reschedule", SIGNED_IN),
    _post("/bookings/{id}/reschedule", changing.reschedule, "reschedule_post", SIGNED_IN),
    _post("/bookings/{id}/answer", asking.answer, "request_answer", SIGNED_IN),
    _get("/bookings/{id}/propose", proposing.show_propose, "propose", SIGNED_IN),
    _post("/bookings/{id}/propose", proposing.propose, "propose_post", SIGNED_IN),
    _post("/bookings/{id}/proposal", proposing.answer, "proposal_answer", SIGNED_IN),
    _post("/bookings/{id}/proposal/withdraw", proposing.withdraw, "proposal_withdraw", SIGNED_IN),
    _get("/begin-now", asking.show_now, "now", SIGNED_IN),
    _post("/begin-now", asking.begin, "now_post", SIGNED_IN, rate="20/60"),
    _get("/waiting-list", waiting.show, "waiting", SIGNED_IN),
    _post("/waiting-list", waiting.join, "waiting_join", SIGNED_IN, rate="30/60"),
    _post("/waiting-list/{id}/leave", waiting.leave, "waiting_leave", SIGNED_IN),
    _get("/standing", waiting.show_standing, "standing", SIGNED_IN),
    # Links of mails: whoever holds one may look; only the forms behind it act.
    _get(f"/session-link/{{token:{_SECRET}}}", links.show_link, "link"),
    _get(f"/session-link/{{token:{_SECRET}}}/move", links.show_move, "link_move"),
    _post(f"/session-link/{{token:{_SECRET}}}", links.act, "link_post", rate="60/60"),
    _get(f"/session-for-you/{{token:{_SECRET}}}", links.show_claim, "claim"),
    _post(f"/session-for-you/{{token:{_SECRET}}}", links.claim, "claim_post", rate="30/60"),
    _get("/practice", practice.show_practice, "practice", SIGNED_IN),
    _post("/practice", practice.begin, "practice_post", SIGNED_IN, rate="20/60"),
    _get("/availability", hours.show_hours, "availability", HOURS),
    _post("/availability", hours.save, "availability_save", HOURS),
    _post("/availability/schedules", hours.add_schedule, "schedule_add", HOURS),
    _post("/availability/schedules/{id}/delete", hours.delete_schedule, "schedule_delete", HOURS),
    _get("/availability/days", days.show_days, "availability_days", HOURS),
    _get("/availability/days.csv", days.export_days, "override_export", HOURS),
    _post("/availability/override", days.add_override, "override_add", HOURS),
    _post("/availability/override/import", days.import_days, "override_import", HOURS),
    _post("/availability/override/{id}/remove", days.remove_override, "override_remove", HOURS),
    _post("/availability/time-off", days.add_time_off, "time_off_add", HOURS),
    _post("/availability/time-off/{id}/remove", days.remove_time_off, "time_off_remove", HOURS),
    _post("/availability/travel", days.add_travel, "travel_add", HOURS),
    _post("/availability/travel/{id}/remove", days.remove_travel, "travel_remove", HOURS),
    _post("/availability/holidays", days.save_holidays, "holidays_save", HOURS),
    _get("/availability/demand", days.show_demand, "availability_demand", HOURS),
    *admin.ROUTES,
    _get("/admin/interview-types", types.show_types, "types", TYPES),
    _get("/admin/interview-types/new", types.show_new, "type_new", TYPES),
    _post("/admin/interview-types/new", types.create, "type_create", TYPES),
    _get("/admin/interview-types/{id}", types.show_type, "type", TYPES),
    _get("/admin/interview-types/{id}/turns", turns.show, "turns", TYPES),
    _post("/admin/interview-types/{id}/turns", turns.save, "turns_save", TYPES),
    _get("/admin/interview-types/{id}/reminders", type_reminders.show, "type_reminders", TYPES),
    _post("/admin/interview-types/{id}/reminders", type_reminders.save, "type_reminders_save", TYPES),
    _post("/admin/interview-types/{id}", types.save, "type_save", TYPES),
    _post("/admin/interview-types/{id}/delete", types.delete, "type_delete", TYPES),
    _get("/admin/policies", policies.show_policies, "policies", POLICIES),
    _get("/admin/policies/{key:[a-z]{2,20}}", policies.show_policy, "policy", POLICIES),
    _post("/admin/policies/{key:[a-z]{2,20}}", policies.save_policy, "policy_save", POLICIES),
    _get("/admin/strikes", policies.show_strikes, "strikes", MANAGE),
    _post("/admin/strikes/{id}/waive", policies.waive, "strike_waive", MANAGE),
    *around.ROUTES,
    *rest.ROUTES,
]

__all__ = ["ROUTES", "SIGNED_IN"]
