"""The rewriter of the tenant in scope."""

from __future__ import annotations

from functools import lru_cache

from kernel import setting

from ..settings import OWN_WORDS, PACK
from .engine import Rewriter, rewriter
from .own import own_terms
from .packs import PACKS


def rewrite(locale: str, text: str) -> str:
    """`text`, a translated message, in the tenant's terms. The kernel keeps the result per snapshot."""
    own = setting(OWN_WORDS).get(locale, {})
    pack = setting(PACK)
    return text if pack == "none" and not own else made(pack, locale, tuple(own.items()))(text)


@lru_cache(maxsize=256)
def made(pack: str, locale: str, own: tuple[tuple[str, str], ...]) -> Rewriter:
    """Own words win over the pack's."""
    return rewriter([*own_terms(locale, dict(own)), *PACKS.get(pack, {}).get(locale, [])])
