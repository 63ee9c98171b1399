"""The pages of those who look after a tenant's bookings: all of them, one, several at once, the week, the rules."""

from __future__ import annotations

from ...permissions import EXPORT, MANAGE, POLICIES, VIEW
from ..declaring import get, post
from . import acting, bookings, bulk, load, one, rules

_ALL, _ONE, _BULK = "/admin/bookings", "/admin/bookings/{id}", "/admin/bookings/bulk"

ROUTES = [
    get(_ALL, bookings.show_bookings, "admin_bookings", VIEW),
    get(f"{_ALL}.csv", bookings.as_csv, "admin_bookings_csv", EXPORT),
    post(_BULK, bulk.preview, "admin_bulk", MANAGE),
    post(f"{_BULK}/cancel", bulk.begin, "admin_bulk_cancel", MANAGE),
    get(f"{_BULK}/{{id}}", bulk.show_run, "admin_bulk_run", MANAGE),
    post(f"{_BULK}/{{id}}/stop", bulk.stop, "admin_bulk_stop", MANAGE),
    get(_ONE, one.show_booking, "admin_booking", VIEW),
    get(f"{_ONE}/cancel", acting.show_cancel, "admin_cancel", MANAGE),
    post(f"{_ONE}/cancel", acting.cancel, "admin_cancel_post", MANAGE),
    get(f"{_ONE}/reassign", acting.show_reassign, "admin_reassign", MANAGE),
    post(f"{_ONE}/reassign", acting.reassign, "admin_reassign_post", MANAGE),
    get(f"{_ONE}/move", acting.show_move, "admin_move", MANAGE),
    post(f"{_ONE}/move", acting.move, "admin_move_post", MANAGE),
    get(f"{_ONE}/extend", acting.show_extend, "admin_extend", MANAGE),
    post(f"{_ONE}/extend", acting.extend, "admin_extend_post", MANAGE),
    get(f"{_ONE}/outcome", acting.show_mark, "admin_mark", MANAGE),
    post(f"{_ONE}/outcome", acting.mark, "admin_mark_post", MANAGE),
    post(f"{_ONE}/resend", acting.resend, "admin_resend", MANAGE, rate="20/60"),
    get("/admin/interviewer-load", load.show_load, "load", VIEW),
    get("/admin/booking-rules", rules.show_hub, "rules", POLICIES),
    get("/admin/public-holidays", rules.show_holidays, "holidays", POLICIES),
    post("/admin/public-holidays", rules.save_holidays, "tenant_holidays_save", POLICIES),
]
