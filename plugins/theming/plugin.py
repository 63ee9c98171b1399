"""Everything that this plugin hands over to the kernel: a table of contents."""

from __future__ import annotations

from kernel import (
    N_,
    Asset,
    Branding,
    BundlePart,
    DemoData,
    ErrorPages,
    FilterStep,
    Gate,
    MenuItem,
    ModelModule,
    NotificationType,
    Permission,
    PrivacyProvider,
    Route,
    Setting,
    Widget,
    hookimpl,
)

from . import brand, bundles, demo, error_pages, events, gate, notifications, permissions, privacy, settings
from .routes.table import ROUTES
from .words.rewriting import rewrite


@hookimpl
def register_routes() -> list[Route]:
    return ROUTES


@hookimpl
def register_models() -> list[ModelModule]:
    return [ModelModule(models="plugins.theming.models", migrations="plugins.theming.migrations")]


@hookimpl
def register_permissions() -> list[Permission]:
    return permissions.PERMISSIONS


@hookimpl
def register_settings() -> list[Setting]:
    return settings.SETTINGS


@hookimpl
def register_menu() -> list[MenuItem]:
    return [
        MenuItem(section="settings", label=N_("Branding"), route="theming.branding", icon="drop", order=50),
        MenuItem(section="settings", label=N_("Texts"), route="theming.texts", icon="edit", order=55),
        MenuItem(section="settings", label=N_("Maintenance"), route="theming.maintenance", icon="wrench", order=60),
    ]


@hookimpl
def register_branding() -> list[Branding]:
    return [Branding(brand=brand.brand, rewrite=rewrite)]


@hookimpl
def register_error_pages() -> list[ErrorPages]:
    return [ErrorPages(lookup=error_pages.lookup)]


@hookimpl
def register_gates() -> list[Gate]:
    return [Gate(name="maintenance", check=gate.check)]


@hookimpl
def register_widgets() -> list[Widget]:
    return [Widget(slot="shell.banner", name="maintenance", render=gate.banner)]


@hookimpl
def register_filters() -> list[FilterStep]:
    return [FilterStep(filter="scheduling.booking_requested.v1", step=gate.no_booking_over)]


@hookimpl
def register_events() -> list[type]:
    return list(events.ALL)


@hookimpl
def register_notification_types() -> list[NotificationType]:
    return notifications.TYPES


@hookimpl
def register_privacy_providers() -> list[PrivacyProvider]:
    return [privacy.PROVIDER]


@hookimpl
def register_assets() -> list[Asset]:
    return [Asset(kind="style", path="css/theming.css")]


@hookimpl
def register_demo_data() -> list[DemoData]:
    return [DemoData(seed=demo.seed)]


@hookimpl
def register_bundle_parts() -> list[BundlePart]:
    return bundles.PARTS
