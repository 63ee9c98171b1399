"""One conversation with a mail server, step by step, so that each way it can fail has its own consequence."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote, urlsplit

import aiosmtplib
from aiosmtplib import SMTPException, SMTPResponseException

from kernel import get_logger

log = get_logger(__name__)

_TIMEOUT = 20.0
#: RCPT answers that say "this mailbox does not exist or takes nothing", not "this message is not liked".
_NO_MAILBOX = frozenset({550, 551, 553, 556})


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server as its address names it: smtp (STARTTLS when offered), smtps (TLS from the start)."""

    host: str
    port: int
    tls: bool
    user: str = ""
    password: str = ""

    @classmethod
    def parse(cls, address: str) -> Server:
        """`smtp://user:password@host:587`. Raises ValueError for anything else."""
        parts = urlsplit(address)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise ValueError("the mail server's address must look like smtp://user:password@host:587")
        tls = parts.scheme == "smtps"
        port = parts.port or (465 if tls else 587)
        return cls(parts.hostname, port, tls, unquote(parts.username or ""), unquote(parts.password or ""))


@dataclass(frozen=True, slots=True)
class Outcome:
    """sent; later: a temporary refusal; refused: this address takes no mail; failed: not this time, nor later."""

    kind: Literal["sent", "later", "refused", "failed"]
    reason: str = ""
    detail: str = ""


async def send(server: Server, sender: str, to: str, message: bytes, over: Callable[[], None]) -> Outcome:
    """Hand `message` over. Raises nothing but cancellation: every other end is an outcome.

    `over` is called right before the content goes out: from then on nobody can tell that it did not arrive.
    """
    client = aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        use_tls=server.tls,
        start_tls=None,
        timeout=_TIMEOUT,
        tls_context=ssl.create_default_context(),
    )
    try:
        try:
            await client.connect()
            if server.user:
                await client.login(server.user, server.password)
        except (SMTPException, OSError) as exc:
            return _no_connection(exc)
        outcome = await _hand_over(client, sender, to, message, over)
        await _part(client)
        return outcome
    finally:
        client.close()  # whoever is cancelled does not wait for a goodbye


def _no_connection(exc: Exception) -> Outcome:
    """Whatever is wrong with the way to the server is for its keepers to mend; the mail waits."""
    log.warning("the mail server cannot be used: %s", exc)
    return Outcome("later", "server_away", _said(exc))


async def _hand_over(
    client: aiosmtplib.SMTP, sender: str, to: str, message: bytes, over: Callable[[], None]
) -> Outcome:
    try:
        options = ["SMTPUTF8", "BODY=8BITMIME"] if not to.isascii() and client.supports_extension("smtputf8") else []
        await client.mail(sender, options=options, encoding="utf-8" if options else "ascii")
        await client.rcpt(to, encoding="utf-8" if options else "ascii")
    except UnicodeEncodeError:
        return Outcome("failed", "address_unsupported")
    except SMTPResponseException as exc:
        return _answered(exc, at_recipient=isinstance(exc, aiosmtplib.SMTPRecipientRefused))
    except (SMTPException, OSError) as exc:
        return _no_connection(exc)
    over()
    try:
        await client.data(message)
    except SMTPResponseException as exc:
        return _answered(exc, at_recipient=False)
    except (SMTPException, OSError) as exc:
        # The content went out and no answer came back: sending again could deliver it twice.
        return Outcome("failed", "uncertain", _said(exc))
    return Outcome("sent")


def _answered(exc: SMTPResponseException, *, at_recipient: bool) -> Outcome:
    if 400 <= exc.code < 500:
        return Outcome("later", "deferred", _said(exc))
    if at_recipient and exc.code in _NO_MAILBOX:
        return Outcome("refused", "refused", _said(exc))
    return Outcome("failed", "rejected", _said(exc))


def _said(exc: Exception) -> str:
    if isinstance(exc, SMTPResponseException):
        return f"{exc.code} {exc.message}"
    return f"{type(exc).__name__}: {exc}"


async def _part(client: aiosmtplib.SMTP) -> None:
    """Say goodbye if the line still stands; nothing depends on it."""
    try:
        if client.is_connected:
            await client.quit()
    except (SMTPException, OSError):
        log.debug("the mail server did not say goodbye", exc_info=True)
