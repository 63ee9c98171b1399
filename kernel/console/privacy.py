"""What the kernel holds about a person, over all its floors: export and erasure."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from ..auth import privacy
from ..base.contract import PrivacyProvider
from ..base.i18n import N_
from ..web import saved_views


async def export(account_id: UUID) -> dict[str, Any]:
    """The account with its sign-ins, and the views saved under it."""
    return {**await privacy.export(account_id), "saved views": await saved_views.held(account_id)}


async def erase(account_id: UUID) -> list[str]:
    """Forget the person; what they shared stays without a name."""
    await saved_views.forget(account_id)
    return await privacy.erase(account_id)


MODELS = ("Account", "Session", "OneTimeToken", "ApiToken", "ApiCall", "Grant", "SavedView")
PRIVACY = PrivacyProvider(title=N_("Account"), models=MODELS, export=export, erase=erase)
