"""A person's own profile and picture."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from kernel import (
    File,
    accounts,
    delete_file,
    errors,
    publish,
    sanitise_picture,
    save_file,
    unit_of_work,
)

from .. import events
from ..models import Profile

SMALL, LARGE = 64, 256
#: Fields whose visibility a person decides. The name is always seen.
FIELDS = ("picture", "pronouns", "headline", "target_roles", "bio", "links")
#: What others see until somebody decides: nothing that says more than a name badge would.
VISIBLE_AT_FIRST = ("picture", "pronouns", "headline")


async def profile_of(account_id: UUID) -> Profile:
    """The profile of an account; an unsaved, empty one for somebody who never wrote one."""
    found = await Profile.get_or_none(account_id=account_id)
    return found or Profile(account_id=account_id, visible=list(VISIBLE_AT_FIRST))


async def _locked(account_id: UUID) -> Profile:
    """The row, made if need be, held until the end of the unit of work."""
    await Profile.bulk_create([Profile(account_id=account_id, visible=list(VISIBLE_AT_FIRST))], ignore_conflicts=True)
    return await Profile.filter(account_id=account_id).select_for_update().get()


async def save_profile(
    account_id: UUID,
    *,
    name: str,
    pronouns: str,
    headline: str,
    bio: str,
    target_roles: Sequence[str],
    links: Sequence[str],
    visible: Sequence[str],
) -> None:
    """Write everything at once; unknown names in `visible` are dropped."""
    async with unit_of_work():
        await accounts.update_account(account_id, name=name)
        row = await _locked(account_id)
        row.pronouns, row.headline, row.bio = pronouns, headline, bio
        row.target_roles, row.links = list(target_roles), list(links)
        row.visible = [field for field in FIELDS if field in visible]
        await row.save()
        await publish(events.ProfileChanged(account_id=account_id))


async def save_place(account_id: UUID, *, locale: str, zone: str) -> None:
    """Language and time zone. Raises Invalid for what is not offered."""
    await accounts.update_account(account_id, locale=locale, zone=zone)


async def set_picture(account_id: UUID, data: bytes) -> None:
    """Replace the picture. Raises Invalid with a sentence when `data` is no picture that we take."""
    try:
        made = await sanitise_picture(data, (SMALL, LARGE))
    except ValueError as exc:
        raise errors.Invalid({"picture": str(exc)}) from None
    async with unit_of_work():
        row = await _locked(account_id)
        await drop_files(row)
        small = await save_file("picture-64.webp", "image/webp", made[SMALL], owner_id=account_id)
        large = await save_file("picture.webp", "image/webp", made[LARGE], owner_id=account_id)
        row.picture_small_id, row.picture_id = small.id, large.id
        await row.save(update_fields=["picture_small_id", "picture_id"])
        await accounts.update_account(account_id, picture_id=large.id)
        await publish(events.ProfileChanged(account_id=account_id))


async def drop_picture(account_id: UUID) -> None:
    """Back to initials. Idempotent."""
    async with unit_of_work():
        row = await _locked(account_id)
        if row.picture_id is None:
            return
        await drop_files(row)
        row.picture_small_id = row.picture_id = None
        await row.save(update_fields=["picture_small_id", "picture_id"])
        await accounts.update_account(account_id, drop_picture=True)
        await publish(events.ProfileChanged(account_id=account_id))


async def drop_files(row: Profile) -> None:
    """Delete the picture's files; the caller forgets their ids."""
    wanted = [i for i in (row.picture_id, row.picture_small_id) if i is not None]
    for file in await File.filter(id__in=wanted):
        await delete_file(file)
