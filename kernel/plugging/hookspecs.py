"""Every hook a plugin may implement. All run once at boot, synchronously, without I/O, unless said otherwise.

A hook exists only with a first-party user and a test named for it. Arguments are only ever added.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from ..base import contract as c
    from ..base.context import TenantRef

PROJECT = "greenroom"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class HookSpecs:
    @hookspec
    def register_routes(self) -> list[c.Route]:  # type: ignore[empty-body]
        """Pages and JSON routes; mounted once, visible per tenant while the plugin is on."""

    @hookspec
    def register_models(self) -> list[c.ModelModule]:  # type: ignore[empty-body]
        """At most one module of Tortoise models, with its migrations."""

    @hookspec
    def register_jobs(self) -> list[c.Job]:  # type: ignore[empty-body]
        """Background and periodic work."""

    @hookspec
    def register_menu(self) -> list[c.MenuItem]:  # type: ignore[empty-body]
        """Sidebar entries."""

    @hookspec
    def register_permissions(self) -> list[c.Permission]:  # type: ignore[empty-body]
        """Rights that the plugin's routes and services ask for."""

    @hookspec
    def register_roles(self) -> list[c.Role]:  # type: ignore[empty-body]
        """Built-in roles beyond the kernel's own."""

    @hookspec
    def register_settings(self) -> list[c.Setting]:  # type: ignore[empty-body]
        """Typed settings; the kernel draws their page."""

    @hookspec
    def register_features(self) -> list[c.Feature]:  # type: ignore[empty-body]
        """Switches inside the plugin."""

    @hookspec
    def register_impacts(self) -> list[c.SwitchImpact]:  # type: ignore[empty-body]
        """What of the plugin's own a switch-off would touch; shown before anybody is asked to confirm."""

    @hookspec
    def register_events(self) -> list[type]:  # type: ignore[empty-body]
        """Event classes (`@event(...)` dataclasses) that the plugin publishes."""

    @hookspec
    def register_subscribers(self) -> list[c.Subscriber]:  # type: ignore[empty-body]
        """Durable reactions to events."""

    @hookspec
    def register_filters(self) -> list[c.FilterStep]:  # type: ignore[empty-body]
        """Steps in other plugins' filters."""

    @hookspec
    def register_services(self) -> list[c.Service]:  # type: ignore[empty-body]
        """Protocols that the plugin fulfils for others."""

    @hookspec
    def register_notification_types(self) -> list[c.NotificationType]:  # type: ignore[empty-body]
        """Kinds of messages to people."""

    @hookspec
    def register_privacy_providers(self) -> list[c.PrivacyProvider]:  # type: ignore[empty-body]
        """Export and erasure of what the plugin holds about a person. Every plugin gives exactly one."""

    @hookspec
    def register_widgets(self) -> list[c.Widget]:  # type: ignore[empty-body]
        """Pieces of other pages."""

    @hookspec
    def register_search(self) -> list[c.SearchSource]:  # type: ignore[empty-body]
        """Sources for the command palette."""

    @hookspec
    def register_assets(self) -> list[c.Asset]:  # type: ignore[empty-body]
        """Style sheets and scripts."""

    @hookspec
    def register_gates(self) -> list[c.Gate]:  # type: ignore[empty-body]
        """Checks before any handler of the tenant."""

    @hookspec
    def register_branding(self) -> list[c.Branding]:  # type: ignore[empty-body]
        """The tenant's look and words; the first effective plugin that gives one wins."""

    @hookspec
    def register_error_pages(self) -> list[c.ErrorPages]:  # type: ignore[empty-body]
        """The tenant's words on error pages."""

    @hookspec
    def register_template_globals(self) -> list[c.TemplateGlobal]:  # type: ignore[empty-body]
        """Names for templates of any plugin."""

    @hookspec
    def register_health(self) -> list[c.HealthCheck]:  # type: ignore[empty-body]
        """Readiness checks."""

    @hookspec
    def register_metrics(self) -> list[c.Metric]:  # type: ignore[empty-body]
        """Numbers for the operator's `/metrics`."""

    @hookspec
    def register_quotas(self) -> list[c.Quota]:  # type: ignore[empty-body]
        """Limits of what a tenant may use, shown beside their use and set by the operator."""

    @hookspec
    def register_bundle_parts(self) -> list[c.BundlePart]:  # type: ignore[empty-body]
        """What of the plugin's configuration travels with a tenant's bundle."""

    @hookspec
    def register_commands(self) -> list[c.Command]:  # type: ignore[empty-body]
        """Subcommands of `greenroom <plugin>`."""

    @hookspec
    def register_demo_data(self) -> list[c.DemoData]:  # type: ignore[empty-body]
        """Seeds for the demo tenants."""

    @hookspec
    async def on_enable(self, tenant: TenantRef) -> None:
        """The plugin was switched on for `tenant` (in scope). Idempotent; may reconcile what it missed."""

    @hookspec
    async def on_disable(self, tenant: TenantRef) -> None:
        """The plugin was switched off for `tenant` (in scope). Data stays."""

    @hookspec
    async def on_tenant_created(self, tenant: TenantRef) -> None:
        """A tenant was made (in scope): create rows that every tenant needs. Idempotent."""

    @hookspec
    async def on_tenant_erased(self, tenant: TenantRef) -> None:
        """A tenant (in scope, suspended) is about to be erased: let go of what is not in our tables and files.

        Called for every installed plugin, on or off, before the rows go; perhaps more than once.
        """
