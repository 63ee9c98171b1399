"""Everything that this plugin hands over to the kernel: a table of contents."""

from __future__ import annotations

from datetime import timedelta

from kernel import (
    N_,
    Asset,
    DemoData,
    Job,
    MenuItem,
    ModelModule,
    NotificationType,
    Permission,
    PrivacyProvider,
    Route,
    Setting,
    Subscriber,
    TenantRef,
    Widget,
    hookimpl,
)

from . import demo, events, notifications, permissions, privacy, settings, widgets
from .handlers import SUBSCRIBERS
from .routes.table import ROUTES
from .services import erasing, exporting, log


@hookimpl
def register_routes() -> list[Route]:
    return ROUTES


@hookimpl
def register_models() -> list[ModelModule]:
    return [ModelModule(models="plugins.compliance.models", migrations="plugins.compliance.migrations")]


@hookimpl
def register_permissions() -> list[Permission]:
    return permissions.PERMISSIONS


@hookimpl
def register_settings() -> list[Setting]:
    return settings.SETTINGS


@hookimpl
def register_menu() -> list[MenuItem]:
    return [
        MenuItem(section="settings", label=N_("Audit log"), route="compliance.audit", icon="history", order=70),
        MenuItem(section="settings", label=N_("Privacy requests"), route="compliance.requests", icon="lock", order=75),
    ]


@hookimpl
def register_jobs() -> list[Job]:
    return [
        Job(name=exporting.JOB, func=exporting.build_export, timeout=900, drain=True),
        Job(name=erasing.JOB, func=erasing.run_erasure, timeout=1800, drain=True),
        Job(name="compliance.purge_expired", func=exporting.purge_expired, every=timedelta(hours=6), drain=True),
    ]


@hookimpl
def register_events() -> list[type]:
    return list(events.ALL)


@hookimpl
def register_subscribers() -> list[Subscriber]:
    return SUBSCRIBERS


@hookimpl
def register_notification_types() -> list[NotificationType]:
    return notifications.TYPES


@hookimpl
def register_privacy_providers() -> list[PrivacyProvider]:
    return [privacy.PROVIDER]


@hookimpl
def register_widgets() -> list[Widget]:
    return widgets.WIDGETS


@hookimpl
def register_assets() -> list[Asset]:
    return [Asset(kind="style", path="css/compliance.css")]


@hookimpl
def register_demo_data() -> list[DemoData]:
    return [DemoData(seed=demo.seed)]


@hookimpl
async def on_enable(tenant: TenantRef) -> None:
    await log.reconcile()
