"""Pages, and the paths on which they are."""

from __future__ import annotations

from kernel import SIGNED_IN, Route

from ..permissions import RETRY, VIEW
from ..permissions import WEBHOOKS as MANAGE
from ..rest import ROUTES as REST
from ..webhooks.rest import ROUTES as WEBHOOKS_REST
from . import emails, inbox, mailbox, settings, unsubscribe, webhooks

_IN_MAILS = "mails that are sent already point here, and people must always be able to say no"

_HOOKS = "/admin/webhooks"
_HOOK = f"{_HOOKS}/{{id}}"

WEBHOOK_PAGES = [
    Route(method="GET", path=_HOOKS, handler=webhooks.show_all, name="notifications.webhooks", permission=MANAGE),
    Route(method="POST", path=_HOOKS, handler=webhooks.register, name="notifications.webhook_register",
          permission=MANAGE, rate="30/60"),
    Route(method="GET", path=f"{_HOOKS}/new", handler=webhooks.new, name="notifications.webhook_new",
          permission=MANAGE),
    Route(method="GET", path=_HOOK, handler=webhooks.show, name="notifications.webhook", permission=MANAGE),
    Route(method="GET", path=f"{_HOOK}/edit", handler=webhooks.edit, name="notifications.webhook_edit",
          permission=MANAGE),
    Route(method="POST", path=f"{_HOOK}/edit", handler=webhooks.change, name="notifications.webhook_change",
          permission=MANAGE, rate="30/60"),
    Route(method="POST", path=f"{_HOOK}/rotate", handler=webhooks.rotate, name="notifications.webhook_rotate",
          permission=MANAGE, rate="10/60"),
    Route(method="POST", path=f"{_HOOK}/pause", handler=webhooks.pause, name="notifications.webhook_pause",
          permission=MANAGE),
    Route(method="POST", path=f"{_HOOK}/resume", handler=webhooks.resume, name="notifications.webhook_resume",
          permission=MANAGE),
    Route(method="POST", path=f"{_HOOK}/remove", handler=webhooks.remove, name="notifications.webhook_remove",
          permission=MANAGE),
    Route(method="POST", path=f"{_HOOK}/test", handler=webhooks.test, name="notifications.webhook_test",
          permission=MANAGE, rate="30/60"),
    Route(method="POST", path=f"{_HOOK}/replay", handler=webhooks.replay_failed,
          name="notifications.webhook_replay_failed", permission=MANAGE, rate="10/60"),
    Route(method="GET", path=f"{_HOOK}/deliveries/{{delivery}}", handler=webhooks.delivery,
          name="notifications.webhook_delivery", permission=MANAGE),
    Route(method="POST", path=f"{_HOOK}/deliveries/{{delivery}}/replay", handler=webhooks.replay,
          name="notifications.webhook_replay", permission=MANAGE),
]  # fmt: skip

ROUTES: list[Route] = [
    Route(method="GET", path="/notifications", handler=inbox.show, name="notifications.list", permission=SIGNED_IN),
    Route(method="GET", path="/notifications/bell", handler=inbox.bell, name="notifications.bell",
          permission=SIGNED_IN),
    Route(method="GET", path="/notifications/stream", handler=inbox.stream, name="notifications.stream",
          permission=SIGNED_IN, rate="120/60"),
    Route(method="POST", path="/notifications/read-all", handler=inbox.read_all, name="notifications.read_all",
          permission=SIGNED_IN),
    Route(method="GET", path="/notifications/preferences", handler=settings.show, name="notifications.preferences",
          permission=SIGNED_IN),
    Route(method="POST", path="/notifications/preferences", handler=settings.save, permission=SIGNED_IN,
          name="notifications.save_preferences"),
    Route(method="POST", path="/notifications/preferences/try-address", handler=settings.try_address,
          name="notifications.try_address", permission=SIGNED_IN, rate="5/3600"),
    Route(method="POST", path="/notifications/test", handler=settings.send_test, name="notifications.send_test",
          permission=SIGNED_IN, rate="5/600"),
    Route(method="POST", path="/notifications/{id}/read", handler=inbox.mark, name="notifications.mark",
          permission=SIGNED_IN),
    Route(method="POST", path="/notifications/{id}/open", handler=inbox.follow, name="notifications.open",
          permission=SIGNED_IN),
    Route(method="GET", path="/unsubscribe/{token}", handler=unsubscribe.show, name="notifications.unsubscribe",
          public=True, always=_IN_MAILS, rate="60/60"),
    # No CSRF token: a mail program posts here by itself. The signed token in the path is the proof.
    Route(method="POST", path="/unsubscribe/{token}", handler=unsubscribe.act, name="notifications.unsubscribe_post",
          public=True, csrf=False, always=_IN_MAILS, rate="60/60", body_limit=4096,
          no_twin="is JSON's equal already: a mail program posts here by itself"),
    Route(method="GET", path="/admin/messages", handler=emails.show, name="notifications.emails", permission=VIEW),
    Route(method="GET", path="/admin/messages/{id}", handler=emails.detail, name="notifications.email",
          permission=VIEW),
    Route(method="POST", path="/admin/messages/{id}/retry", handler=emails.retry, name="notifications.retry",
          permission=RETRY),
    Route(method="GET", path="/dev/mailbox", handler=mailbox.show, name="notifications.mailbox", public=True),
    Route(method="GET", path="/dev/mailbox/{id}", handler=mailbox.detail, name="notifications.mail", public=True),
    Route(method="GET", path="/dev/mailbox/{id}/html", handler=mailbox.html, name="notifications.mail_html",
          public=True),
    Route(method="GET", path="/dev/mailbox/{id}/files/{position}", handler=mailbox.file,
          name="notifications.mail_file", public=True),
    *REST,
    *WEBHOOK_PAGES,
    *WEBHOOKS_REST,
]  # fmt: skip
