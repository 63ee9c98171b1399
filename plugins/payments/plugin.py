"""Table of contents: what this plugin hands over to the kernel."""

from __future__ import annotations

from kernel import (
    N_,
    SIGNED_IN,
    Asset,
    DemoData,
    HealthCheck,
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
    SwitchImpact,
    TenantRef,
    Widget,
    enqueue,
    hookimpl,
)

from . import events, rest, routes
from .api import Checkout, PaymentGateway
from .demo import seed
from .gateways.sandbox import SANDBOX
from .handlers import SUBSCRIBERS
from .health import HEALTH
from .impacts import IMPACTS
from .jobs import JOBS
from .notifications import NOTIFICATION_TYPES
from .permissions import EARN, LEDGER, MANAGE, PERMISSIONS
from .privacy import PRIVACY
from .services import CHECKOUT, close_open
from .settings import SETTINGS
from .widgets import WIDGETS


@hookimpl
def register_routes() -> list[Route]:
    return [*routes.ROUTES, *rest.ROUTES]


@hookimpl
def register_models() -> list[ModelModule]:
    return [ModelModule(models="plugins.payments.models", migrations="plugins.payments.migrations")]


@hookimpl
def register_menu() -> list[MenuItem]:
    return [
        MenuItem(section="workspace", label=N_("My payments"), route="payments.mine", icon="card", order=50,
                 permission=SIGNED_IN),
        MenuItem(section="workspace", label=N_("Earnings"), route="payments.earnings", icon="money", order=55,
                 permission=EARN, role="interviewer"),
        MenuItem(section="operations", label=N_("Payments"), route="payments.admin", icon="card", order=40,
                 permission=MANAGE),
        MenuItem(section="operations", label=N_("Ledger"), route="payments.ledger", icon="book", order=45,
                 permission=LEDGER),
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
def register_impacts() -> list[SwitchImpact]:
    return IMPACTS


@hookimpl
def register_health() -> list[HealthCheck]:
    return HEALTH


@hookimpl
def register_events() -> list[type]:
    return list(events.ALL)


@hookimpl
def register_subscribers() -> list[Subscriber]:
    return SUBSCRIBERS


@hookimpl
def register_services() -> list[Service]:
    return [Service(protocol=Checkout, provider=CHECKOUT), Service(protocol=PaymentGateway, provider=SANDBOX)]


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
        Asset(kind="style", path="css/payments.css"),
        Asset(kind="style", path="css/home.css", routes=("kernel.home",)),
        Asset(kind="module", path="js/receipt.js", routes=("payments.receipt",)),
    ]


@hookimpl
def register_demo_data() -> list[DemoData]:
    return [DemoData(seed=seed, after=("users", "scheduling"))]


@hookimpl
async def on_tenant_erased(tenant: TenantRef) -> None:
    """Nobody may pay at the provider for a site that is gone."""
    await close_open()


@hookimpl
async def on_enable(tenant: TenantRef) -> None:
    """Bookings may have been cancelled meanwhile: refund what is due."""
    await enqueue("payments.catch_up", key="payments.catch_up")
