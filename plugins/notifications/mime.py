"""A mail as bytes: plain and HTML part, calendar entries, attachments, and the headers that good senders set."""

from __future__ import annotations

import re
from collections.abc import Sequence
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime as http_date

from kernel import now

from .models import Attachment, Email
from .texts import one_line

_METHOD = re.compile(rb"^METHOD:([A-Z]+)\s*$", re.MULTILINE)
_MIME_TYPE = re.compile(r"([a-z0-9.+-]+)/([a-z0-9.+-]+)")


def build(row: Email, files: Sequence[Attachment], *, sender: str, sender_name: str, reply_to: str = "") -> bytes:
    """The whole message. Header values cannot begin another line: the policy refuses that, and we fold blanks."""
    message = EmailMessage(policy=SMTP)
    message["From"] = _address(sender_name, sender)
    message["To"] = _address(row.name, row.address)
    if reply_to:
        message["Reply-To"] = reply_to
    message["Subject"] = one_line(row.subject)
    message["Date"] = http_date(row.created_at or now())
    message["Message-ID"] = row.message_id
    # Answering machines keep silent to these, so that no loop begins.
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message["Content-Language"] = row.locale
    if row.unsubscribe_url:
        message["List-Unsubscribe"] = f"<{row.unsubscribe_url}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(row.text, cte="quoted-printable")
    message.add_alternative(row.html, subtype="html", cte="quoted-printable")
    for file in files:
        if _is_calendar(file):
            # Mail programs offer "accept" for the alternative part; the attachment below is for all others.
            message.add_alternative(
                bytes(file.data).decode("utf-8", "replace"),
                subtype="calendar",
                params={"method": calendar_method(file)},
                cte="quoted-printable",
            )
    for file in files:
        _attach(message, file)
    return message.as_bytes()


def headers(row: Email) -> list[tuple[str, str]]:
    """The headers that matter to a reader, for the mailbox viewer."""
    found = [
        ("To", f"{row.name} <{row.address}>" if row.name else row.address),
        ("Subject", row.subject),
        ("Date", http_date(row.created_at)),
        ("Message-ID", row.message_id),
        ("Content-Language", row.locale),
    ]
    if row.unsubscribe_url:
        found.append(("List-Unsubscribe", f"<{row.unsubscribe_url}>"))
        found.append(("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
    return found


def _address(name: str, address: str) -> Address:
    local, _at, domain = address.rpartition("@")
    return Address(display_name=one_line(name), username=local, domain=domain)


def _is_calendar(file: Attachment) -> bool:
    return file.content_type.lower().startswith("text/calendar")


def calendar_method(file: Attachment) -> str:
    """REQUEST, CANCEL …: what the type says, else what the file says, else PUBLISH."""
    said = re.search(r"method=\"?([A-Za-z]+)", file.content_type)
    if said:
        return said[1].upper()
    found = _METHOD.search(bytes(file.data))
    return found[1].decode() if found else "PUBLISH"


def _attach(message: EmailMessage, file: Attachment) -> None:
    found = _MIME_TYPE.match(file.content_type.lower())
    kind, subtype = (found[1], found[2]) if found else ("application", "octet-stream")
    if kind in ("multipart", "message"):
        kind, subtype = "application", "octet-stream"
    data = bytes(file.data)
    if kind == "text":
        params = {"method": calendar_method(file)} if subtype == "calendar" else {}
        message.add_attachment(
            data.decode("utf-8", "replace"), subtype=subtype, filename=file.name, params=params, cte="quoted-printable"
        )
    else:
        message.add_attachment(data, maintype=kind, subtype=subtype, filename=file.name)
