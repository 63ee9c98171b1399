"""Changing words: terminology, error pages, languages."""

from __future__ import annotations

from collections.abc import Sequence

from kernel import (
    LOCALES,
    audit,
    current_snapshot,
    current_tenant,
    errors,
    set_setting,
    set_settings,
    setting,
    unit_of_work,
    update_tenant,
)
from kernel import gettext as _

from ..settings import OWN_WORDS, PACK, error_key
from ..words.own import parse_lines


async def save_terms(pack: str, locale: str, lines: str) -> None:
    """Store the pack, and the own words of one language. Raises Invalid."""
    words, wrong = parse_lines(lines)
    if wrong:
        raise errors.Invalid({"words": wrong})
    kept = {code: terms for code, terms in setting(OWN_WORDS).items() if code != locale and terms}
    if words:
        kept[locale] = words
    await set_settings({PACK: pack, OWN_WORDS: kept})


async def save_page(page: str, locale: str, title: str, body: str) -> None:
    """Store the words of one page in one language. Raises Invalid."""
    key = error_key(page)
    await set_setting(key, {**setting(key), locale: {"title": title, "body": body}})


async def reset_page(page: str, locale: str) -> None:
    """Back to the standard words in one language."""
    key = error_key(page)
    await set_setting(key, {code: words for code, words in setting(key).items() if code != locale})


async def save_languages(default: str, offered: Sequence[str]) -> None:
    """Which languages readers can choose, and which one they get first. Raises Invalid."""
    chosen = [code for code in LOCALES if code in offered or code == default]
    if default not in LOCALES or set(offered) - set(LOCALES):
        raise errors.Invalid({"default": _("Choose one of the languages.")})
    snapshot = current_snapshot()
    before = {"default": snapshot.locale, "offered": list(snapshot.locales)}
    async with unit_of_work():
        await update_tenant(locale=default, locales=chosen)
        await audit.record(
            "theming.languages_changed", subject="tenant", subject_id=str(current_tenant().id),
            before=before, after={"default": default, "offered": chosen},
        )  # fmt: skip
