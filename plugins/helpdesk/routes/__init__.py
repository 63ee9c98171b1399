"""HTML handlers: parse, call the service, draw the page."""

from __future__ import annotations

from kernel import SIGNED_IN, Route

from ..files import BODY_LIMIT
from ..permissions import WORK
from . import desk, help

_N = r"{number:\d{1,9}}"

ROUTES = [
    Route(method="GET", path="/help", handler=help.show_mine, name="helpdesk.mine", permission=SIGNED_IN),
    Route(method="GET", path="/help/new", handler=help.show_new, name="helpdesk.new", permission=SIGNED_IN),
    Route(method="POST", path="/help/new", handler=help.create, name="helpdesk.create", permission=SIGNED_IN,
          idempotent=True, body_limit=BODY_LIMIT, rate="20/600"),
    Route(method="POST", path="/help/preview", handler=help.preview, name="helpdesk.preview", permission=SIGNED_IN,
          rate="120/60", no_twin="draws what is being typed, for the editor only"),
    Route(method="GET", path=f"/help/{_N}", handler=help.show_ticket, name="helpdesk.ticket", permission=SIGNED_IN),
    Route(method="POST", path=f"/help/{_N}/reply", handler=help.reply, name="helpdesk.reply", permission=SIGNED_IN,
          idempotent=True, body_limit=BODY_LIMIT, rate="60/600"),
    Route(method="POST", path=f"/help/{_N}/close", handler=help.close, name="helpdesk.close", permission=SIGNED_IN),
    Route(method="GET", path=f"/help/{_N}/files/{{id}}", handler=help.show_file, name="helpdesk.file",
          permission=SIGNED_IN),
    Route(method="GET", path="/desk", handler=desk.show_desk, name="helpdesk.desk", permission=WORK),
    Route(method="GET", path=f"/desk/{_N}", handler=desk.show_ticket, name="helpdesk.desk_ticket", permission=WORK),
    Route(method="POST", path=f"/desk/{_N}/reply", handler=desk.write, name="helpdesk.desk_reply", permission=WORK,
          idempotent=True, body_limit=BODY_LIMIT),
    Route(method="POST", path=f"/desk/{_N}/state", handler=desk.set_state, name="helpdesk.desk_state",
          permission=WORK),
    Route(method="POST", path=f"/desk/{_N}/priority", handler=desk.set_priority, name="helpdesk.desk_priority",
          permission=WORK),
    Route(method="POST", path=f"/desk/{_N}/assign", handler=desk.assign, name="helpdesk.desk_assign",
          permission=WORK),
    Route(method="GET", path=f"/desk/{_N}/files/{{id}}", handler=desk.show_file, name="helpdesk.desk_file",
          permission=WORK),
]  # fmt: skip
