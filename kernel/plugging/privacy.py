"""Who holds something about people: asked for every installed plugin, whether a tenant has it on or off."""

from __future__ import annotations

from ..base.contract import PrivacyProvider
from ..base.runtime import runtime


def privacy_providers() -> tuple[tuple[str, PrivacyProvider], ...]:
    """(plugin id, provider) of the kernel and of every plugin that works, in plugin order."""
    registry = runtime().registry
    return tuple((pid, provider) for pid, found in registry.privacy_providers.items() for provider in found)
