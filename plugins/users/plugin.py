"""Everything that this plugin hands over to the kernel: a table of contents."""

from __future__ import annotations

from datetime import timedelta

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
    Role,
    Route,
    SearchSource,
    Service,
    Setting,
    Widget,
    hookimpl,
)

from . import api, demo, events, notifications, permissions, privacy, queries, settings, widgets
from .routes.table import ROUTES
from .services import people, signup


@hookimpl
def register_routes() -> list[Route]:
    return ROUTES


@hookimpl
def register_models() -> list[ModelModule]:
    return [ModelModule(models="plugins.users.models", migrations="plugins.users.migrations")]


@hookimpl
def register_permissions() -> list[Permission]:
    return permissions.PERMISSIONS


@hookimpl
def register_roles() -> list[Role]:
    return permissions.ROLES


@hookimpl
def register_settings() -> list[Setting]:
    return settings.SETTINGS


@hookimpl
def register_features() -> list[Feature]:
    return [
        Feature(
            id="users.applications",
            label=N_("Applications of interviewers"),
            help=N_("People can apply to become interviewers; you decide."),
        )
    ]


@hookimpl
def register_menu() -> list[MenuItem]:
    return [
        MenuItem(section="workspace", label=N_("Interviewer profile"), route="users.interviewer", icon="user",
                 order=70, role="interviewer"),
        MenuItem(section="operations", label=N_("Applications"), route="users.applications", icon="inbox", order=30,
                 feature="users.applications"),
        MenuItem(section="operations", label=N_("People"), route="users.people", icon="users", order=20),
    ]  # fmt: skip


@hookimpl
def register_jobs() -> list[Job]:
    return [
        Job(name=signup.MAIL_JOB, func=signup.mail_link),
        Job(name="users.purge_unconfirmed", func=people.purge_unconfirmed, every=timedelta(hours=6)),
    ]


@hookimpl
def register_events() -> list[type]:
    return list(events.ALL)


@hookimpl
def register_services() -> list[Service]:
    return [
        Service(protocol=api.Interviewers, provider=queries.interviewers),
        Service(protocol=api.People, provider=queries.people),
    ]


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
def register_search() -> list[SearchSource]:
    return widgets.SEARCH


@hookimpl
def register_assets() -> list[Asset]:
    return [Asset(kind="style", path="users.css")]


@hookimpl
def register_demo_data() -> list[DemoData]:
    return [DemoData(seed=demo.seed)]
