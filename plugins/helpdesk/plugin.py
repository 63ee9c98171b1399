"""Table of contents: what this plugin hands over to the kernel."""

from __future__ import annotations

from kernel import (
    N_,
    SIGNED_IN,
    Asset,
    DemoData,
    Job,
    MenuItem,
    ModelModule,
    NotificationType,
    Permission,
    PrivacyProvider,
    Role,
    Route,
    SearchSource,
    Setting,
    Widget,
    hookimpl,
)

from . import events, rest, routes
from .demo import seed
from .jobs import JOBS
from .notifications import NOTIFICATION_TYPES
from .permissions import PERMISSIONS, ROLES, WORK
from .privacy import PRIVACY
from .settings import SETTINGS
from .widgets import SEARCH, WIDGETS


@hookimpl
def register_routes() -> list[Route]:
    return [*routes.ROUTES, *rest.ROUTES]


@hookimpl
def register_models() -> list[ModelModule]:
    return [ModelModule(models="plugins.helpdesk.models", migrations="plugins.helpdesk.migrations")]


@hookimpl
def register_menu() -> list[MenuItem]:
    return [
        MenuItem(section="workspace", label=N_("Help"), route="helpdesk.mine", icon="life", order=80,
                 permission=SIGNED_IN),
        MenuItem(section="operations", label=N_("Support desk"), route="helpdesk.desk", icon="chat", order=50,
                 permission=WORK),
    ]  # fmt: skip


@hookimpl
def register_permissions() -> list[Permission]:
    return PERMISSIONS


@hookimpl
def register_roles() -> list[Role]:
    return ROLES


@hookimpl
def register_settings() -> list[Setting]:
    return SETTINGS


@hookimpl
def register_jobs() -> list[Job]:
    return JOBS


@hookimpl
def register_events() -> list[type]:
    return list(events.ALL)


@hookimpl
def register_notification_types() -> list[NotificationType]:
    return NOTIFICATION_TYPES


@hookimpl
def register_privacy_providers() -> list[PrivacyProvider]:
    return [PRIVACY]


@hookimpl
def register_widgets() -> list[Widget]:
    return WIDGETS


@hookimpl
def register_search() -> list[SearchSource]:
    return SEARCH


@hookimpl
def register_assets() -> list[Asset]:
    return [Asset(kind="style", path="css/helpdesk.css")]


@hookimpl
def register_demo_data() -> list[DemoData]:
    return [DemoData(seed=seed, after=("users", "scheduling"))]
