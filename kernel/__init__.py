"""Greenroom's public names for plugin authors, and the version of that promise. Nothing else here is public.

Loaded on first use, so that a small command does not pay for the whole house.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

API_VERSION = "1.0"

if TYPE_CHECKING:
    from .auth import (
        accounts as accounts,
        audit as audit,
        grants as grants,
        one_time as one_time,
        passwords as passwords,
        sessions as sessions,
    )
    from .auth.permissions import can as can, require as require
    from .base import errors as errors, zones as zones
    from .base.clock import now as now
    from .base.context import (
        Actor as Actor,
        TenantRef as TenantRef,
        acting_as as acting_as,
        current_actor as current_actor,
        current_locale as current_locale,
        current_tenant as current_tenant,
        current_zone as current_zone,
        request_id as request_id,
        speaking as speaking,
        tenant_key as tenant_key,
        tenant_scope as tenant_scope,
    )
    from .base.contract import (
        Asset as Asset,
        Brand as Brand,
        Branding as Branding,
        BundlePart as BundlePart,
        Command as Command,
        DemoData as DemoData,
        EVERY_EVENT as EVERY_EVENT,
        ErrorPages as ErrorPages,
        ErrorText as ErrorText,
        Feature as Feature,
        FilterStep as FilterStep,
        Gate as Gate,
        Happened as Happened,
        HealthCheck as HealthCheck,
        Job as Job,
        MenuItem as MenuItem,
        Metric as Metric,
        ModelModule as ModelModule,
        Money as Money,
        Notice as Notice,
        NoticeSink as NoticeSink,
        NotificationType as NotificationType,
        Permission as Permission,
        PrivacyProvider as PrivacyProvider,
        Quota as Quota,
        Role as Role,
        Route as Route,
        SIGNED_IN as SIGNED_IN,
        SearchHit as SearchHit,
        SearchSource as SearchSource,
        Service as Service,
        Setting as Setting,
        Subscriber as Subscriber,
        SwitchImpact as SwitchImpact,
        TemplateGlobal as TemplateGlobal,
        Text as Text,
        Widget as Widget,
    )
    from .base.events import event as event, from_data as from_data, to_data as to_data
    from .base.i18n import (
        LOCALES as LOCALES,
        N_ as N_,
        currency_digits as currency_digits,
        first_weekday as first_weekday,
        format_date as format_date,
        format_datetime as format_datetime,
        format_duration as format_duration,
        format_money as format_money,
        format_number as format_number,
        format_percent as format_percent,
        format_time as format_time,
        gettext as gettext,
        is_rtl as is_rtl,
        month_name as month_name,
        ngettext as ngettext,
        relative as relative,
        weekday_names as weekday_names,
    )
    from .base.i18n import _ as _
    from .base.ids import new_id as new_id, parse_id as parse_id
    from .base.log import get_logger as get_logger
    from .console.landmarks import plugin_title as plugin_title
    from .engines import outbound as outbound
    from .engines.bus import Bus
    from .engines.cache import Cache
    from .engines.connection import (
        after_commit as after_commit,
        execute as execute,
        in_unit_of_work as in_unit_of_work,
        retrying as retrying,
        sql as sql,
        sql_one as sql_one,
        unit_of_work as unit_of_work,
        violated as violated,
    )
    from .engines.images import fit_picture as fit_picture, sanitise_picture as sanitise_picture
    from .engines.models import (
        GlobalModel as GlobalModel,
        TenantModel as TenantModel,
        Timestamped as Timestamped,
        VersionedModel as VersionedModel,
        compare_and_set as compare_and_set,
        get_or_404 as get_or_404,
    )
    from .engines.storage import (
        File as File,
        delete_file as delete_file,
        read_file as read_file,
        save_file as save_file,
        stream_file as stream_file,
    )
    from .operations.commands import run_in_tenant as run_in_tenant
    from .plugging.hookspecs import hookimpl as hookimpl
    from .plugging.migrate import Sql as Sql
    from .plugging.privacy import privacy_providers as privacy_providers
    from .tenancy import sealing as sealing
    from .tenancy.epoch import touch_tenant as touch_tenant
    from .tenancy.quotas import room_for as room_for
    from .tenancy.settings import (
        account_setting as account_setting,
        reset_setting as reset_setting,
        set_account_setting as set_account_setting,
        set_setting as set_setting,
        set_settings as set_settings,
        setting as setting,
    )
    from .tenancy.snapshots import current_snapshot as current_snapshot, is_on as is_on
    from .tenancy.tenants import origin as origin, update_tenant as update_tenant
    from .web import charts as charts, templating as templates
    from .web.body import Upload as Upload, read_json as read_json
    from .web.csvs import csv_answer as csv_answer
    from .web.forms import Form as Form, Parsed as Parsed, read_form as read_form, read_query as read_query
    from .web.headers import allow_devices as allow_devices, allow_sources as allow_sources
    from .web.limits import client_ip as client_ip, spend as spend
    from .web.markdown import render_markdown as render_markdown
    from .web.paging import Listing as Listing, Page as Page, read_listing as read_listing
    from .web.routing import absolute_url as absolute_url, has_route as has_route, url as url, url_with as url_with
    from .web.saved_views import SavedViews as SavedViews, saved_views as saved_views
    from .web.sockets import open_socket as open_socket, sse as sse
    from .web.views import (
        bytes_answer as bytes_answer,
        file_answer as file_answer,
        flash as flash,
        fragment as fragment,
        html_answer as html_answer,
        json_answer as json_answer,
        local_path as local_path,
        page as page,
        see_other as see_other,
    )
    from .web.visit import route_name as route_name, route_stays as route_stays
    from .web.words import Words as Words
    from .work import services as services
    from .work.events import event_types as event_types, happened as happened
    from .work.events import publish as publish, published_events as published_events
    from .work.filters import Filter as Filter, Stop as Stop, apply as apply
    from .work.isolation import guarded as guarded
    from .work.execution import Dropped as Dropped
    from .work.jobs import (
        cancel_jobs as cancel_jobs,
        enqueue as enqueue,
        enqueue_batches as enqueue_batches,
        unchanged as unchanged,
    )

#: Public name -> the module of the kernel where it lives.
_HOMES: dict[str, str] = {
    "_": "base.i18n",
    "Actor": "base.context",
    "Asset": "base.contract",
    "Brand": "base.contract",
    "Branding": "base.contract",
    "BundlePart": "base.contract",
    "Command": "base.contract",
    "DemoData": "base.contract",
    "EVERY_EVENT": "base.contract",
    "Dropped": "work.execution",
    "ErrorPages": "base.contract",
    "ErrorText": "base.contract",
    "Feature": "base.contract",
    "File": "engines.storage",
    "Filter": "work.filters",
    "FilterStep": "base.contract",
    "Form": "web.forms",
    "Gate": "base.contract",
    "GlobalModel": "engines.models",
    "Happened": "base.contract",
    "HealthCheck": "base.contract",
    "Job": "base.contract",
    "Listing": "web.paging",
    "LOCALES": "base.i18n",
    "MenuItem": "base.contract",
    "Metric": "base.contract",
    "ModelModule": "base.contract",
    "Money": "base.contract",
    "N_": "base.i18n",
    "Notice": "base.contract",
    "NoticeSink": "base.contract",
    "NotificationType": "base.contract",
    "Page": "web.paging",
    "Parsed": "web.forms",
    "Permission": "base.contract",
    "PrivacyProvider": "base.contract",
    "Quota": "base.contract",
    "Role": "base.contract",
    "Route": "base.contract",
    "SIGNED_IN": "base.contract",
    "SavedViews": "web.saved_views",
    "SearchHit": "base.contract",
    "SearchSource": "base.contract",
    "Service": "base.contract",
    "Setting": "base.contract",
    "Sql": "plugging.migrate",
    "Stop": "work.filters",
    "Subscriber": "base.contract",
    "SwitchImpact": "base.contract",
    "TemplateGlobal": "base.contract",
    "TenantModel": "engines.models",
    "TenantRef": "base.context",
    "Text": "base.contract",
    "Timestamped": "engines.models",
    "Upload": "web.body",
    "VersionedModel": "engines.models",
    "Widget": "base.contract",
    "Words": "web.words",
    "absolute_url": "web.routing",
    "account_setting": "tenancy.settings",
    "acting_as": "base.context",
    "after_commit": "engines.connection",
    "allow_devices": "web.headers",
    "allow_sources": "web.headers",
    "apply": "work.filters",
    "bytes_answer": "web.views",
    "can": "auth.permissions",
    "cancel_jobs": "work.jobs",
    "client_ip": "web.limits",
    "compare_and_set": "engines.models",
    "csv_answer": "web.csvs",
    "currency_digits": "base.i18n",
    "current_actor": "base.context",
    "current_locale": "base.context",
    "current_snapshot": "tenancy.snapshots",
    "current_tenant": "base.context",
    "current_zone": "base.context",
    "delete_file": "engines.storage",
    "enqueue": "work.jobs",
    "enqueue_batches": "work.jobs",
    "event": "base.events",
    "event_types": "work.events",
    "execute": "engines.connection",
    "file_answer": "web.views",
    "first_weekday": "base.i18n",
    "fit_picture": "engines.images",
    "flash": "web.views",
    "format_date": "base.i18n",
    "format_datetime": "base.i18n",
    "format_duration": "base.i18n",
    "format_money": "base.i18n",
    "format_number": "base.i18n",
    "format_percent": "base.i18n",
    "format_time": "base.i18n",
    "fragment": "web.views",
    "from_data": "base.events",
    "get_logger": "base.log",
    "get_or_404": "engines.models",
    "gettext": "base.i18n",
    "guarded": "work.isolation",
    "happened": "work.events",
    "has_route": "web.routing",
    "hookimpl": "plugging.hookspecs",
    "html_answer": "web.views",
    "in_unit_of_work": "engines.connection",
    "is_on": "tenancy.snapshots",
    "is_rtl": "base.i18n",
    "json_answer": "web.views",
    "local_path": "web.views",
    "month_name": "base.i18n",
    "new_id": "base.ids",
    "ngettext": "base.i18n",
    "now": "base.clock",
    "open_socket": "web.sockets",
    "origin": "tenancy.tenants",
    "page": "web.views",
    "parse_id": "base.ids",
    "plugin_title": "console.landmarks",
    "privacy_providers": "plugging.privacy",
    "publish": "work.events",
    "published_events": "work.events",
    "read_file": "engines.storage",
    "read_form": "web.forms",
    "read_json": "web.body",
    "read_listing": "web.paging",
    "read_query": "web.forms",
    "relative": "base.i18n",
    "render_markdown": "web.markdown",
    "request_id": "base.context",
    "require": "auth.permissions",
    "reset_setting": "tenancy.settings",
    "retrying": "engines.connection",
    "room_for": "tenancy.quotas",
    "route_name": "web.visit",
    "run_in_tenant": "operations.commands",
    "route_stays": "web.visit",
    "sanitise_picture": "engines.images",
    "save_file": "engines.storage",
    "saved_views": "web.saved_views",
    "see_other": "web.views",
    "set_account_setting": "tenancy.settings",
    "set_setting": "tenancy.settings",
    "set_settings": "tenancy.settings",
    "setting": "tenancy.settings",
    "speaking": "base.context",
    "spend": "web.limits",
    "sql": "engines.connection",
    "sql_one": "engines.connection",
    "sse": "web.sockets",
    "stream_file": "engines.storage",
    "tenant_key": "base.context",
    "tenant_scope": "base.context",
    "to_data": "base.events",
    "touch_tenant": "tenancy.epoch",
    "unchanged": "work.jobs",
    "unit_of_work": "engines.connection",
    "update_tenant": "tenancy.tenants",
    "url": "web.routing",
    "url_with": "web.routing",
    "violated": "engines.connection",
    "weekday_names": "base.i18n",
}
#: Public modules: used as `accounts.create_account(...)`.
_MODULES: dict[str, str] = {
    "accounts": "auth.accounts",
    "audit": "auth.audit",
    "charts": "web.charts",
    "errors": "base.errors",
    "grants": "auth.grants",
    "one_time": "auth.one_time",
    "outbound": "engines.outbound",
    "passwords": "auth.passwords",
    "sealing": "tenancy.sealing",
    "services": "work.services",
    "sessions": "auth.sessions",
    "templates": "web.templating",
    "zones": "base.zones",
}

__all__ = ["API_VERSION", "bus", "cache", "mail_server", *_HOMES, *_MODULES]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        value: Any = import_module(f"{__name__}.{_MODULES[name]}")
    elif name in _HOMES:
        value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    else:
        raise AttributeError(f"the kernel has no public name {name!r}")
    globals()[name] = value
    return value


def bus() -> Bus:
    """Fan-out between sockets and processes; name channels with `tenant_key()`."""
    from .base.runtime import runtime

    return runtime().bus


def cache() -> Cache:
    """Values that may vanish at any time; name keys with `tenant_key()`."""
    from .base.runtime import runtime

    return runtime().cache


def mail_server() -> str | None:
    """Where e-mail goes: an `smtp://` or `smtps://` address; `mailbox:` where it is only kept to be read; else None."""
    from .base.runtime import runtime

    config = runtime().config
    return config.smtp_url or ("mailbox:" if config.dev else None)
