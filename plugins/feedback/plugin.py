"""Table of contents: what this plugin hands over to the kernel."""

from __future__ import annotations

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
    Role,
    Route,
    Service,
    Setting,
    Subscriber,
    TenantRef,
    Widget,
    hookimpl,
)

from . import rest, routes
from .api import Gaps, Ratings
from .demo_data import seed
from .events import ALL
from .handlers import SUBSCRIBERS
from .jobs import JOBS
from .notifications import NOTIFICATION_TYPES
from .permissions import MODERATE, PERMISSIONS, ROLES, RUBRICS
from .privacy import PRIVACY
from .progress import GapsOfScorecards
from .ratings import RatingsOfReviews
from .services import exchanges, rubrics
from .settings import SETTINGS
from .widgets import WIDGETS


@hookimpl
def register_routes() -> list[Route]:
    return [*routes.ROUTES, *rest.ROUTES]


@hookimpl
def register_models() -> list[ModelModule]:
    return [ModelModule(models="plugins.feedback.models", migrations="plugins.feedback.migrations")]


@hookimpl
def register_menu() -> list[MenuItem]:
    return [
        MenuItem(section="workspace", label=N_("Feedback"), route="feedback.mine", icon="star", order=40),
        MenuItem(
            section="operations",
            label=N_("Reviews"),
            route="feedback.admin",
            icon="flag",
            order=40,
            permission=MODERATE,
        ),
        MenuItem(
            section="settings", label=N_("Rubrics"), route="feedback.rubrics", icon="list", order=40, permission=RUBRICS
        ),
    ]


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
    return list(ALL)


@hookimpl
def register_subscribers() -> list[Subscriber]:
    return SUBSCRIBERS


@hookimpl
def register_services() -> list[Service]:
    return [
        Service(protocol=Ratings, provider=RatingsOfReviews()),
        Service(protocol=Gaps, provider=GapsOfScorecards()),
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
    pages = ("feedback.*", "kernel.home", "scheduling.*")
    return [
        Asset(kind="style", path="css/feedback.css", routes=pages),
        Asset(kind="module", path="js/feedback.js", routes=("feedback.scorecard*", "feedback.session")),
    ]


@hookimpl
def register_demo_data() -> list[DemoData]:
    return [DemoData(seed=seed, after=("users", "scheduling", "live"))]


@hookimpl
async def on_tenant_created(tenant: TenantRef) -> None:
    await rubrics.seed()


@hookimpl
async def on_enable(tenant: TenantRef) -> None:
    await rubrics.seed()
    await exchanges.catch_up()
