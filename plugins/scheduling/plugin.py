"""Table of contents: what this plugin hands over to the kernel."""

from __future__ import annotations

from kernel import (
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
from .api import Bookings, Invitations
from .handlers import SUBSCRIBERS
from .impacts import IMPACTS
from .invitations import INVITATIONS
from .jobs import JOBS
from .menu import ASSETS, MENU
from .notifications import NOTIFICATION_TYPES
from .permissions import PERMISSIONS
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
    return MENU


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
    return [Service(protocol=Bookings, provider=BOOKINGS), Service(protocol=Invitations, provider=INVITATIONS)]


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
    return ASSETS


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
