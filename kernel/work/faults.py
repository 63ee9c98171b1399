"""How an exception is written down for admins: short, and without secrets."""

from __future__ import annotations

import re
import traceback
from typing import Final

#: Bytes of a traceback that are kept; its end says most.
LIMIT: Final = 4096

_MASK: Final = "•••"
_SECRETS: Final = (
    # user:password@host in any address
    (re.compile(r"(?P<keep>[a-z][a-z0-9+.-]{0,20}://[^\s:/@]{0,200}:)[^\s@/]+(?=@)", re.I), rf"\g<keep>{_MASK}"),
    # Authorization: Bearer abc / Basic abc
    (re.compile(r"(?P<keep>\b(?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{6,}", re.I), rf"\g<keep>{_MASK}"),
    # provider keys: sk_live_..., whsec_..., xoxb-...
    (re.compile(r"\b(?:[srp]k_(?:live|test)|whsec|rk|xox[abp])[_-][A-Za-z0-9_-]{6,}"), _MASK),
    # password=..., "token": "...", api_key='...'
    (
        re.compile(
            r"(?P<keep>\b[\w-]{0,40}(?:passw(?:or)?d|passphrase|secret|token|api[_-]?key|authorization|cookie)[\w-]{0,40}"
            r"""["']?\s*[=:]\s*)(?:"[^"]*"|'[^']*'|[^\s,;)}\]]+)""",
            re.I,
        ),
        rf"\g<keep>{_MASK}",
    ),
)


def masked(text: str) -> str:
    """`text` with passwords, tokens and keys blotted out."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


def describe(exc: BaseException) -> str:
    """The traceback of `exc`, masked, at most LIMIT bytes; its beginning is cut first."""
    # Cut before masking: a message may be megabytes. Four times the limit, so that what masking shortens and
    # a secret that the cut beheads both fall outside of what is kept.
    text = masked("".join(traceback.format_exception(exc))[-4 * LIMIT :]).replace("\x00", "")
    raw = text.encode("utf-8", "replace")
    if len(raw) <= LIMIT:
        return raw.decode()
    return "…" + raw[-(LIMIT - 3) :].decode("utf-8", "ignore")


def brief(exc: BaseException) -> str:
    """Type and message of `exc` in one line, masked, at most 500 characters."""
    return masked(" ".join(traceback.format_exception_only(exc)[-1].split())[:2000])[:500]
