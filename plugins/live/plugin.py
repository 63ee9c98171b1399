"""Table of contents: what this plugin hands over to the kernel."""

from __future__ import annotations

from kernel import (
    N_,
    Asset,
    DemoData,
    Feature,
    Job,
    MenuItem,
    ModelModule,
    NotificationType,
    Permission,
    PrivacyProvider,
    Route,
    Service,
    Setting,
    Subscriber,
    TenantRef,
    Widget,
    hookimpl,
)

from . import rest, routes
from .ai.practice import seed_bank
from .api import Practices, Sessions
from .demo import DEMO
from .events import NoShow, ParticipantWaiting, SessionEnded, SessionStarted
from .handlers import SUBSCRIBERS
from .jobs import JOBS
from .notifications import NOTIFICATION_TYPES
from .permissions import MANAGE_QUESTIONS, PERMISSIONS
from .privacy import PRIVACY
from .queries import PracticesOfRooms, SessionsOfRooms
from .settings import FEATURES, SETTINGS
from .widgets import WIDGETS


@hookimpl
def register_routes() -> list[Route]:
    return [*routes.ROUTES, *rest.ROUTES]


@hookimpl
def register_models() -> list[ModelModule]:
    return [ModelModule(models="plugins.live.models", migrations="plugins.live.migrations")]


@hookimpl
def register_menu() -> list[MenuItem]:
    return [
        MenuItem(
            section="operations",
            label=N_("Question bank"),
            route="live.questions",
            icon="book",
            order=70,
            permission=MANAGE_QUESTIONS,
        )
    ]


@hookimpl
def register_permissions() -> list[Permission]:
    return PERMISSIONS


@hookimpl
def register_settings() -> list[Setting]:
    return SETTINGS


@hookimpl
def register_features() -> list[Feature]:
    return FEATURES


@hookimpl
def register_jobs() -> list[Job]:
    return JOBS


@hookimpl
def register_events() -> list[type]:
    return [SessionStarted, SessionEnded, NoShow, ParticipantWaiting]


@hookimpl
def register_subscribers() -> list[Subscriber]:
    return SUBSCRIBERS


@hookimpl
def register_services() -> list[Service]:
    return [
        Service(protocol=Sessions, provider=SessionsOfRooms()),
        Service(protocol=Practices, provider=PracticesOfRooms()),
    ]


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
def register_assets() -> list[Asset]:
    return [
        Asset(kind="style", path="css/live.css", routes=("live.*",)),
        Asset(kind="style", path="css/practice.css", routes=("live.practice_room", "live.questions")),
        Asset(kind="style", path="css/prejoin.css", routes=("live.room", "live.guest_room")),
        Asset(kind="style", path="css/room.css", routes=("live.room", "live.guest_room")),
        Asset(kind="style", path="css/side.css", routes=("live.room", "live.guest_room")),
        Asset(kind="module", path="js/room.js", routes=("live.room", "live.guest_room")),
        Asset(kind="module", path="js/practice.js", routes=("live.practice_room",)),
    ]


@hookimpl
def register_demo_data() -> list[DemoData]:
    return [DEMO]


@hookimpl
async def on_tenant_created(tenant: TenantRef) -> None:
    await seed_bank()


@hookimpl
async def on_enable(tenant: TenantRef) -> None:
    await seed_bank()
