"""Table of contents: what this plugin hands over to the kernel."""

from __future__ import annotations

from kernel import (
    N_,
    Asset,
    Command,
    DemoData,
    Job,
    MenuItem,
    ModelModule,
    Permission,
    PrivacyProvider,
    Route,
    Setting,
    Subscriber,
    TenantRef,
    Widget,
    enqueue,
    hookimpl,
)

from . import rest, routes
from .commands import COMMANDS
from .demo import seed
from .handlers import SUBSCRIBERS
from .jobs import JOBS
from .permissions import PERMISSIONS, VIEW
from .privacy import PRIVACY
from .settings import SETTINGS
from .widgets import WIDGETS


@hookimpl
def register_routes() -> list[Route]:
    return [*routes.ROUTES, *rest.ROUTES]


@hookimpl
def register_models() -> list[ModelModule]:
    return [ModelModule(models="plugins.analytics.models", migrations="plugins.analytics.migrations")]


@hookimpl
def register_menu() -> list[MenuItem]:
    return [
        MenuItem(
            section="operations", label=N_("Analytics"), route="analytics.dashboard", icon="chart", order=5,
            permission=VIEW,
        )
    ]  # fmt: skip


@hookimpl
def register_permissions() -> list[Permission]:
    return PERMISSIONS


@hookimpl
def register_settings() -> list[Setting]:
    return SETTINGS


@hookimpl
def register_jobs() -> list[Job]:
    return JOBS


@hookimpl
def register_subscribers() -> list[Subscriber]:
    return SUBSCRIBERS


@hookimpl
def register_privacy_providers() -> list[PrivacyProvider]:
    return [PRIVACY]


@hookimpl
def register_widgets() -> list[Widget]:
    return WIDGETS


@hookimpl
def register_assets() -> list[Asset]:
    return [Asset(kind="style", path="css/analytics.css", routes=("analytics.*", "kernel.home"))]


@hookimpl
def register_commands() -> list[Command]:
    return COMMANDS


@hookimpl
def register_demo_data() -> list[DemoData]:
    return [DemoData(seed=seed, after=("users", "scheduling", "payments", "feedback"))]


@hookimpl
async def on_enable(tenant: TenantRef) -> None:
    """While it was off nothing was counted: catch up."""
    await enqueue("analytics.rebuild", key="analytics.rebuild")
