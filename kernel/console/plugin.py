"""The kernel's own declaration: its pages, rights, settings, jobs and events go the way of any plugin's."""

from __future__ import annotations

from datetime import timedelta

from ..auth import cleaning, events
from ..auth.tokens import acting
from ..base.contract import (
    SIGNED_IN,
    Job,
    MenuItem,
    ModelModule,
    Permission,
    PrivacyProvider,
    Quota,
    Role,
    Route,
    Setting,
    Subscriber,
    Widget,
)
from ..base.i18n import N_
from ..plugging.hookspecs import hookimpl
from ..tenancy.domains import recheck
from ..tenancy.events import ALL as TENANCY_EVENTS
from ..tenancy.usage import purge_usage
from ..web.idempotency import purge_keys
from ..work.keeping import kernel_jobs
from . import (
    front,
    gallery,
    health,
    metrics,
    preferences,
    privacy,
    quotas,
    reference_pages,
    rest,
    roles_pages,
    search,
    security_pages,
    settings_pages,
    signin_pages,
    tokens_pages,
    view_pages,
)
from .switchboard import planned
from .switchboard import routes as switch_routes
from .tenant import account_pages
from .tenant import routes as tenant_routes
from .work import pausing, problem_pages
from .work import routes as work_routes
from .work.settings import SETTINGS as WORK_SETTINGS

_PLUGINS, _SETTINGS, _ROLES = "kernel.plugins.manage", "kernel.settings.manage", "kernel.roles.manage"
_JOBS_VIEW, _JOBS = "kernel.jobs.view", "kernel.jobs.manage"
_TOKENS = "programs come with an API token instead of signing in and out"
_PRESENT = "a password is changed by the person who knows it, never by a program with a token"
_BROWSER = "language, zone and theme of one browser, kept in its cookies"
_PROBE = "probes of the platform itself, asked without a tenant"


def _get(path: str, handler: object, name: str, permission: str = "", always: str = "") -> Route:
    """A page; without a permission it is public."""
    return Route(
        method="GET", path=path, handler=handler, name=name,  # type: ignore[arg-type]
        permission=permission or None, public=not permission, always=always,
    )  # fmt: skip


def _post(
    path: str, handler: object, name: str, permission: str = "", rate: str | None = None, no_twin: str = ""
) -> Route:
    """A form's target; without a permission it is public."""
    return Route(
        method="POST", path=path, handler=handler, name=name,  # type: ignore[arg-type]
        permission=permission or None, public=not permission, rate=rate, no_twin=no_twin,
    )  # fmt: skip


@hookimpl
def register_routes() -> list[Route]:
    return [
        _get("/", front.landing, "kernel.landing"),
        _get("/home", front.home, "kernel.home", SIGNED_IN),
        _get("/sign-in", signin_pages.show_sign_in, "kernel.sign_in"),
        _post("/sign-in", signin_pages.sign_in, "kernel.sign_in_post", no_twin=_TOKENS),
        _post("/sign-out", signin_pages.sign_out, "kernel.sign_out", no_twin=_TOKENS),
        _get("/account/picture", front.own_picture, "kernel.own_picture", SIGNED_IN),
        _get("/account/security", security_pages.show_security, "kernel.security", SIGNED_IN),
        _post(
            "/account/security/password",
            security_pages.change_password,
            "kernel.change_password",
            SIGNED_IN,
            no_twin=_PRESENT,
        ),
        _post("/account/security/end", security_pages.end_one, "kernel.end_session", SIGNED_IN),
        _post("/account/security/end-others", security_pages.end_others, "kernel.end_other_sessions", SIGNED_IN),
        _post("/preferences/{kind}", preferences.set_preference, "kernel.preference", rate="60/60", no_twin=_BROWSER),
        _get("/search", search.search, "kernel.search", SIGNED_IN),
        *switch_routes.PAGES,
        *switch_routes.JSON,
        _get("/admin/settings", settings_pages.show_settings, "kernel.settings", _SETTINGS),
        _post("/admin/settings/{plugin}", settings_pages.save_settings, "kernel.settings_save", _SETTINGS),
        _post("/admin/settings/{plugin}/reset", settings_pages.reset, "kernel.settings_reset", _SETTINGS),
        _get("/admin/roles", roles_pages.show_roles, "kernel.roles", _ROLES),
        _post("/admin/roles", roles_pages.create_role, "kernel.role_create", _ROLES),
        _get("/admin/roles/{role}", roles_pages.show_role, "kernel.role", _ROLES),
        _post("/admin/roles/{role}", roles_pages.save_role, "kernel.role_save", _ROLES),
        _post("/admin/roles/{role}/delete", roles_pages.delete_role, "kernel.role_delete", _ROLES),
        _post("/admin/roles/{role}/give", roles_pages.give_role, "kernel.role_give", _ROLES),
        _post("/admin/roles/{role}/take", roles_pages.take_role, "kernel.role_take", _ROLES),
        *work_routes.ROUTES,
        *tenant_routes.ROUTES,
        _get("/health/live", health.live, "kernel.health_live", always=_PROBE),
        _get("/metrics", metrics.show, "kernel.metrics", always="scrapers ask by address; only the token opens it"),
        _get("/health/ready", health.ready, "kernel.health_ready", always=_PROBE),
        _get("/health/tls", health.tls, "kernel.health_tls", always=_PROBE),
        *tokens_pages.ROUTES,
        *view_pages.ROUTES,
        *rest.ROUTES,
        *reference_pages.ROUTES,
        _get("/dev/components", gallery.show_gallery, "kernel.gallery"),
    ]


@hookimpl
def register_models() -> list[ModelModule]:
    return []  # the kernel's own models are listed by plugging/migrate.py: it migrates before any plugin


@hookimpl
def register_permissions() -> list[Permission]:
    return [
        Permission(id=_PLUGINS, label=N_("Switch plugins on and off")),
        Permission(id=_SETTINGS, label=N_("Change settings")),
        *tenant_routes.PERMISSIONS,
        Permission(id=_ROLES, label=N_("Manage roles and who has them")),
        Permission(id=acting.OWN, label=N_("Use API tokens of one's own"), roles=("admin", "member")),
        Permission(id=tokens_pages.MANAGE, label=N_("Manage API tokens of programs and see everybody's")),
        Permission(id="kernel.people.manage", label=N_("Lock accounts and sign people out")),
        Permission(id=_JOBS_VIEW, label=N_("See background jobs")),
        Permission(id=_JOBS, label=N_("Replay and discard failed jobs")),
    ]


@hookimpl
def register_roles() -> list[Role]:
    return [
        Role(id="owner", label=N_("Owner")),
        Role(id="admin", label=N_("Administrator")),
        Role(id="member", label=N_("Member")),
    ]


@hookimpl
def register_settings() -> list[Setting]:
    return [
        Setting(
            key="kernel.idle_days", type=int, default=14, minimum=1, maximum=90,
            label=N_("Days until an unused sign-in ends"),
            help=N_("Whoever does not come back within this time has to sign in again."),
        ),
        Setting(
            key="kernel.session_days", type=int, default=30, minimum=1, maximum=365,
            label=N_("Days until every sign-in ends"),
            help=N_("Counted from signing in, however often somebody comes back."),
        ),
        Setting(
            key="kernel.token_max_days", type=int, default=365, minimum=1, maximum=3650,
            label=N_("Longest life of an API token in days"),
            help=N_("New tokens end after this time at the latest. Those that exist keep their own end."),
        ),
        *quotas.SETTINGS,
        *WORK_SETTINGS,
    ]  # fmt: skip


@hookimpl
def register_quotas() -> list[Quota]:
    return quotas.QUOTAS


@hookimpl
def register_menu() -> list[MenuItem]:
    return [
        MenuItem(section="workspace", label=N_("Home"), route="kernel.home", icon="home", order=0,
                 permission=SIGNED_IN),
        MenuItem(section="settings", label=N_("Plugins"), route="kernel.plugins", icon="toggle", order=10,
                 permission=_PLUGINS),
        MenuItem(section="settings", label=N_("Settings"), route="kernel.settings", icon="settings", order=20,
                 permission=_SETTINGS),
        MenuItem(section="settings", label=N_("Roles"), route="kernel.roles", icon="shield", order=30,
                 permission=_ROLES),
        MenuItem(section="settings", label=N_("API access"), route="kernel.service_tokens", icon="lock", order=60,
                 permission=tokens_pages.MANAGE),
        MenuItem(section="settings", label=N_("Jobs"), route="kernel.jobs", icon="clock", order=90,
                 permission=_JOBS_VIEW),
        MenuItem(section="settings", label=N_("Events"), route="kernel.events", icon="bell", order=91,
                 permission=_JOBS_VIEW),
        MenuItem(section="settings", label=N_("Problems"), route="kernel.problems", icon="alert", order=92,
                 permission=_JOBS_VIEW),
        *tenant_routes.MENU,
    ]  # fmt: skip


@hookimpl
def register_jobs() -> list[Job]:
    return [
        *kernel_jobs(),
        Job(name=pausing.RESUME, func=pausing.resume, attempts=3),
        Job(name="kernel.clean_auth", func=cleaning.clean_auth, every=timedelta(hours=12)),
        Job(name=planned.RUN, func=planned.run_planned, attempts=5),
        Job(name=planned.TURN, func=planned.turn_dates, attempts=5),
        Job(name="kernel.purge_keys", func=purge_keys, every=timedelta(hours=6)),
        Job(name="kernel.recheck_domains", func=recheck, every=timedelta(hours=6), timeout=300, attempts=2),
        Job(name="kernel.purge_usage", func=purge_usage, every=timedelta(hours=24), attempts=3),
    ]


@hookimpl
def register_subscribers() -> list[Subscriber]:
    return [Subscriber(event="kernel.plugin_switched.v1", handler=planned.on_switched)]


@hookimpl
def register_widgets() -> list[Widget]:
    return [
        Widget(slot="shell.banner", name="kernel.problems", render=problem_pages.banner, order=5),
        Widget(slot="shell.account", name="kernel.preferences", render=account_pages.menu_link, permission=SIGNED_IN),
    ]


@hookimpl
def register_events() -> list[type]:
    return [*events.ALL, *TENANCY_EVENTS]


@hookimpl
def register_privacy_providers() -> list[PrivacyProvider]:
    return [privacy.PRIVACY]
