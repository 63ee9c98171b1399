"""Everything that this plugin hands over to the kernel: a table of contents."""

from __future__ import annotations

from kernel import (
    N_,
    Job,
    MenuItem,
    ModelModule,
    Permission,
    PrivacyProvider,
    Route,
    Setting,
    hookimpl,
)

from . import events, jobs, permissions, privacy, rest, routes, settings


@hookimpl
def register_routes() -> list[Route]:
    return [*routes.ROUTES, *rest.ROUTES]


@hookimpl
def register_models() -> list[ModelModule]:
    return [ModelModule(models="my_plugin.models", migrations="my_plugin.migrations")]


@hookimpl
def register_menu() -> list[MenuItem]:
    return [MenuItem(section="workspace", label=N_("My plugin"), route="my_plugin.notes", icon="note", order=90)]


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
    return [events.NoteAdded]


@hookimpl
def register_privacy_providers() -> list[PrivacyProvider]:
    return [privacy.PROVIDER]
