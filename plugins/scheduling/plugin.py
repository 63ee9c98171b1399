"""Table of contents: what this plugin hands over to the kernel."""

from __future__ import annotations

from kernel import (
    N_,
    SIGNED_IN,
    Asset,
    BundlePart,
    Command,
    DemoData,
    Job,
    MenuItem,
    ModelModule,
    NotificationType,
    Permission,
    PrivacyProvider,
    Route,
    SearchSource,
    Service,
    Setting,
    Subscriber,
    SwitchImpact,
    TenantRef,
    Widget,
    hookimpl,
)

from . import bundles, demo, events, exchange
from .api import Bookings
from .handlers import SUBSCRIBERS
from .impacts import IMPACTS
from .jobs import JOBS
from .notifications import NOTIFICATION_TYPES
from .permissions import HOURS, MANAGE, PERMISSIONS, POLICIES, TYPES, VIEW
from .privacy import PRIVACY
from .queries import BOOKINGS
from .routes import ROUTES
from .search import SEARCH
from .services.types import ensure_types
from .settings import SETTINGS
from .widgets import WIDGETS


@hookimpl
def register_routes() -> list[Route]:
    return ROUTES


@hookimpl
def register_models() -> list[ModelModule]:
    return [ModelModule(models="plugins.scheduling.models", migrations="plugins.scheduling.migrations")]


@hookimpl
def register_jobs() -> list[Job]:
    return JOBS


@hookimpl
def register_menu() -> list[MenuItem]:
    return [
        MenuItem(section="workspace", label=N_("My sessions"), route="scheduling.bookings", icon="calendar", order=10,
                 permission=SIGNED_IN),
        MenuItem(section="workspace", label=N_("Find an interviewer"), route="scheduling.directory", icon="search",
                 order=20),
        MenuItem(section="workspace", label=N_("AI practice"), route="scheduling.practice", icon="spark", order=30,
                 permission=SIGNED_IN),
        MenuItem(section="workspace", label=N_("Availability"), route="scheduling.availability", icon="clock",
                 order=40, permission=HOURS, role="interviewer"),
        MenuItem(section="operations", label=N_("Bookings"), route="scheduling.admin_bookings", icon="calendar",
                 order=10, permission=VIEW),
        MenuItem(section="operations", label=N_("Strikes"), route="scheduling.strikes", icon="alert", order=15,
                 permission=MANAGE),
        MenuItem(section="settings", label=N_("Interview types"), route="scheduling.types", icon="list", order=40,
                 permission=TYPES),
        MenuItem(section="settings", label=N_("Cancellation policies"), route="scheduling.policies", icon="shield",
                 order=41, permission=POLICIES),
    ]  # fmt: skip


@hookimpl
def register_permissions() -> list[Permission]:
    return PERMISSIONS


@hookimpl
def register_settings() -> list[Setting]:
    return SETTINGS


@hookimpl
def register_impacts() -> list[SwitchImpact]:
    return IMPACTS


@hookimpl
def register_events() -> list[type]:
    return list(events.ALL)


@hookimpl
def register_subscribers() -> list[Subscriber]:
    return SUBSCRIBERS


@hookimpl
def register_services() -> list[Service]:
    return [Service(protocol=Bookings, provider=BOOKINGS)]


@hookimpl
def register_notification_types() -> list[NotificationType]:
    return NOTIFICATION_TYPES


@hookimpl
def register_privacy_providers() -> list[PrivacyProvider]:
    return PRIVACY


@hookimpl
def register_widgets() -> list[Widget]:
    return WIDGETS


@hookimpl
def register_search() -> list[SearchSource]:
    return SEARCH


@hookimpl
def register_assets() -> list[Asset]:
    return [
        Asset(kind="style", path="scheduling.css", routes=("scheduling.*", "kernel.landing")),
        Asset(kind="style", path="booking.css", routes=("scheduling.*",)),
        Asset(
            kind="module",
            path="book.js",
            routes=(
                "scheduling.book*",
                "scheduling.reschedule*",
                "scheduling.hold",
                "scheduling.link*",
                "scheduling.now*",
                "scheduling.any*",
            ),
        ),
        Asset(kind="style", path="hours.css", routes=("scheduling.availability*", "scheduling.schedule*")),
        Asset(kind="module", path="hours.js", routes=("scheduling.availability*", "scheduling.schedule*")),
    ]


@hookimpl
def register_commands() -> list[Command]:
    return [Command(name="slots", help="answer a slot query: JSON in, JSON out", run=exchange.run)]


@hookimpl
def register_demo_data() -> list[DemoData]:
    return [DemoData(seed=demo.seed, after=("users",))]


@hookimpl
async def on_enable(tenant: TenantRef) -> None:
    await ensure_types()


@hookimpl
async def on_tenant_created(tenant: TenantRef) -> None:
    await ensure_types()


@hookimpl
def register_bundle_parts() -> list[BundlePart]:
    return bundles.PARTS
