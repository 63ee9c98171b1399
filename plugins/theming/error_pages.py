"""The tenant's words on the kernel's error pages."""

from __future__ import annotations

from kernel import ErrorText

from .queries import page_words
from .settings import ERROR_PAGES


def lookup(status: int, locale: str) -> ErrorText | None:
    """In the reader's language only: others get the standard words in theirs."""
    page = str(status)
    words = page_words(page, locale) if page in ERROR_PAGES else None
    return ErrorText(words["title"], words["body"]) if words else None
