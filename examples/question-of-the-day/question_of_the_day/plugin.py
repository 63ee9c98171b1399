"""Everything that this plugin hands over to the kernel: a table of contents."""

from __future__ import annotations

from kernel import (
    N_,
    Job,
    MenuItem,
    ModelModule,
    NotificationType,
    Permission,
    PrivacyProvider,
    Route,
    Setting,
    TenantRef,
    Widget,
    hookimpl,
)

from . import events, jobs, notifications, permissions, privacy, rest, routes, services, settings, widgets


@hookimpl
def register_routes() -> list[Route]:
    return [*routes.ROUTES, *rest.ROUTES]


@hookimpl
def register_models() -> list[ModelModule]:
    return [ModelModule(models="question_of_the_day.models", migrations="question_of_the_day.migrations")]


@hookimpl
def register_menu() -> list[MenuItem]:
    label = N_("Question of the day")
    return [MenuItem(section="workspace", label=label, route="question_of_the_day.today", icon="question", order=80)]


@hookimpl
def register_widgets() -> list[Widget]:
    return widgets.WIDGETS


@hookimpl
def register_permissions() -> list[Permission]:
    return permissions.PERMISSIONS


@hookimpl
def register_settings() -> list[Setting]:
    return settings.SETTINGS


@hookimpl
def register_jobs() -> list[Job]:
    return jobs.JOBS


@hookimpl
def register_events() -> list[type]:
    return [events.QuestionAsked]


@hookimpl
def register_notification_types() -> list[NotificationType]:
    return notifications.TYPES


@hookimpl
def register_privacy_providers() -> list[PrivacyProvider]:
    return [privacy.PROVIDER]


@hookimpl
async def on_enable(tenant: TenantRef) -> None:
    """A board without questions gets a few, and today has its question at once."""
    await services.start()
