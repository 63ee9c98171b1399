"""Words for the states of e-mails and for why one did not arrive."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kernel import N_
from kernel import gettext as _

from .models import FAILED, QUEUED, SENDING, SENT, SUPPRESSED

#: State -> (word, tone of its badge).
STATES: Final[Mapping[str, tuple[str, str]]] = {
    QUEUED: (N_("Waiting"), "info"),
    SENDING: (N_("Sending"), "info"),
    SENT: (N_("Sent"), "ok"),
    FAILED: (N_("Failed"), "bad"),
    SUPPRESSED: (N_("Not sent"), ""),
}

_REASONS: Final[Mapping[str, str]] = {
    "not_wanted": N_("The recipient has turned these emails off."),
    "account_gone": N_("The account does not exist any more."),
    "account_locked": N_("The account is locked."),
    "refused": N_("The address does not take mail. Nothing more is sent there, except about the account itself."),
    "refused_before": N_("The address turned an earlier mail away for good."),
    "rejected": N_("The mail server did not accept this message."),
    "deferred": N_("The mail server asked to come back later."),
    "server_away": N_("The mail server could not be reached."),
    "uncertain": N_("The mail server's answer was lost: the mail may have arrived. It is not sent again by itself."),
    "no_server": N_("No mail server is set up."),
    "address_unsupported": N_("The mail server cannot write to addresses with such letters."),
}


def reason(code: str) -> str:
    """One sentence, or "" when there is nothing to explain."""
    return _(_REASONS[code]) if code in _REASONS else ""


def state(code: str) -> tuple[str, str]:
    """Word and tone of a state."""
    word, tone = STATES.get(code, (code, ""))
    return _(word), tone
