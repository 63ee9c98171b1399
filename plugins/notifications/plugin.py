"""Table of contents: what this plugin hands over to the kernel."""

from __future__ import annotations

from kernel import Job, ModelModule, NoticeSink, NotificationType, Permission, PrivacyProvider, Route, Service, Setting, hookimpl

from . import routes
from .jobs import JOBS
from .notifications import NOTIFICATION_TYPES
from .permissions import PERMISSIONS
from .privacy import PRIVACY
from .services import Sink
from .settings import SETTINGS


@hookimpl
def register_routes() -> list[Route]:
    return routes.ROUTES


@hookimpl
def register_models() -> list[ModelModule]:
    return [ModelModule(models="plugins.notifications.models", migrations="plugins.notifications.migrations")]


@hookimpl
def register_services() -> list[Service]:
    return [Service(protocol=NoticeSink, provider=Sink())]


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
def register_privacy_providers() -> list[PrivacyProvider]:
    return [PRIVACY]


@hookimpl
def register_notification_types() -> list[NotificationType]:
    return NOTIFICATION_TYPES
