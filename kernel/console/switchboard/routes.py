"""Addresses of the switchboard."""

from __future__ import annotations

from ...base.contract import Handler, Route
from ...web.paging import Listing, Page
from . import history, listing, playground, rest, single

MANAGE = "kernel.plugins.manage"
_KEY = "{key:[a-z][a-z0-9_.-]{0,99}}"


def _page(path: str, handler: Handler, name: str) -> Route:
    return Route(method="GET", path=path, handler=handler, name=name, permission=MANAGE)


def _form(path: str, handler: Handler, name: str, twin: str = "") -> Route:
    return Route(method="POST", path=path, handler=handler, name=name, permission=MANAGE, twin=twin)


_PATCH = "kernel.api_switch_patch"


PAGES = [
    _page("/admin/plugins", listing.show_plugins, "kernel.plugins"),
    _page(f"/admin/plugins/{_KEY}", single.show_switch, "kernel.plugin_switch"),
    _form(f"/admin/plugins/{_KEY}", single.switch_plugin, "kernel.plugin_switch_post", _PATCH),
    _form(f"/admin/plugins/{_KEY}/rule", single.set_rule, "kernel.plugin_rule", _PATCH),
    _form(f"/admin/plugins/{_KEY}/plan", single.plan_later, "kernel.plugin_plan", "kernel.api_switch_plan"),
    _form("/admin/switch-plans/{id}/cancel", single.cancel_planned, "kernel.switch_plan_cancel"),
    _page("/admin/switch-history", history.show_history, "kernel.switch_history"),
    _form("/admin/switch-history/{batch}/undo", history.undo, "kernel.switch_undo"),
    _page("/admin/switch-playground", playground.show_playground, "kernel.switch_playground"),
]

JSON = [
    Route(method="GET", path="/api/v1/switches", handler=rest.list_switches, name="kernel.api_switches",
          permission=MANAGE, response=Page[rest.SwitchOut], query=Listing),
    Route(method="GET", path=f"/api/v1/switches/{_KEY}", handler=rest.read_switch, name="kernel.api_switch",
          permission=MANAGE, response=rest.SwitchOut, query=rest.SwitchQuery),
    Route(method="PATCH", path=f"/api/v1/switches/{_KEY}", handler=rest.patch_switch, name="kernel.api_switch_patch",
          permission=MANAGE, request=rest.SwitchPatch, response=rest.SwitchOut, idempotent=True),
    Route(method="GET", path=f"/api/v1/switches/{_KEY}/rehearsal", handler=rest.read_rehearsal,
          name="kernel.api_switch_rehearsal", permission=MANAGE, response=rest.RehearsalOut, query=rest.RehearsalQuery),
    Route(method="GET", path="/api/v1/switch-changes", handler=rest.list_changes, name="kernel.api_switch_changes",
          permission=MANAGE, response=Page[rest.ChangeOut], query=Listing),
    Route(method="POST", path="/api/v1/switch-changes/{id}/undo", handler=rest.undo_change,
          name="kernel.api_switch_undo", permission=MANAGE, response=rest.ChangeOut, idempotent=True),
    Route(method="GET", path="/api/v1/switch-plans", handler=rest.list_plans, name="kernel.api_switch_plans",
          permission=MANAGE, response=Page[rest.PlanOut], query=Listing),
    Route(method="POST", path="/api/v1/switch-plans", handler=rest.create_plan, name="kernel.api_switch_plan",
          permission=MANAGE, request=rest.PlanIn, response=rest.PlanOut, idempotent=True),
    Route(method="DELETE", path="/api/v1/switch-plans/{id}", handler=rest.delete_plan,
          name="kernel.api_switch_plan_cancel", permission=MANAGE, response=rest.PlanOut),
]  # fmt: skip
