"""Table of contents: what this plugin hands over to the kernel."""

from __future__ import annotations

from kernel import (
    EVERY_EVENT,
    N_,
    Asset,
    DemoData,
    Job,
    MenuItem,
    Metric,
    ModelModule,
    NoticeSink,
    NotificationType,
    Permission,
    PrivacyProvider,
    Quota,
    Route,
    Service,
    Setting,
    Subscriber,
    Widget,
    hookimpl,
)

from . import routes
from .demo import DEMO
from .jobs import JOBS
from .metrics import METRICS
from .notifications import NOTIFICATION_TYPES
from .permissions import PERMISSIONS, VIEW, WEBHOOKS
from .privacy import PRIVACY
from .services import Sink
from .settings import SETTINGS
from .webhooks.sending import relay, wanted
from .webhooks.services import QUOTAS
from .widgets import WIDGETS


@hookimpl
def register_routes() -> list[Route]:
    return routes.ROUTES


@hookimpl
def register_models() -> list[ModelModule]:
    return [ModelModule(models="plugins.notifications.models", migrations="plugins.notifications.migrations")]


@hookimpl
def register_services() -> list[Service]:
    return [Service(protocol=NoticeSink, provider=Sink())]


@hookimpl
def register_permissions() -> list[Permission]:
    return PERMISSIONS


@hookimpl
def register_settings() -> list[Setting]:
    return SETTINGS


@hookimpl
def register_subscribers() -> list[Subscriber]:
    return [Subscriber(event=EVERY_EVENT, handler=relay, wanted=wanted)]


@hookimpl
def register_quotas() -> list[Quota]:
    return QUOTAS


@hookimpl
def register_jobs() -> list[Job]:
    return JOBS


@hookimpl
def register_metrics() -> list[Metric]:
    return METRICS


@hookimpl
def register_privacy_providers() -> list[PrivacyProvider]:
    return [PRIVACY]


@hookimpl
def register_notification_types() -> list[NotificationType]:
    return NOTIFICATION_TYPES


@hookimpl
def register_widgets() -> list[Widget]:
    return WIDGETS


@hookimpl
def register_menu() -> list[MenuItem]:
    return [
        MenuItem(section="operations", label=N_("Emails"), route="notifications.emails", icon="mail", order=85,
                 permission=VIEW),
        MenuItem(section="settings", label=N_("Webhooks"), route="notifications.webhooks", icon="bolt", order=62,
                 permission=WEBHOOKS),
    ]  # fmt: skip


@hookimpl
def register_assets() -> list[Asset]:
    return [
        Asset(kind="style", path="css/bell.css", routes=("*",)),
        Asset(kind="style", path="css/pages.css"),
        Asset(kind="style", path="css/webhooks.css"),
        Asset(kind="module", path="js/bell.js", routes=("*",)),
    ]


@hookimpl
def register_demo_data() -> list[DemoData]:
    return [DEMO]
