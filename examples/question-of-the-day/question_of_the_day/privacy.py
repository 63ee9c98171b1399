"""What is held about a person: whether they follow."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from kernel import N_, PrivacyProvider, _

from . import queries
from .models import Follower


async def export(account_id: UUID) -> dict[str, Any]:
    return {_("Question of the day"): {"follows": await queries.is_following(account_id)}}


async def erase(account_id: UUID) -> list[str]:
    await Follower.filter(account_id=account_id).delete()
    return []


PROVIDER = PrivacyProvider(
    title=N_("Question of the day"), models=(Follower.__name__,), export=export, erase=erase
)  # fmt: skip
