"""What a tenant's people were mailed, for tests of any plugin."""

from __future__ import annotations

from dataclasses import dataclass

from kernel.testing.people import TenantKit
from plugins.notifications.models import SUPPRESSED, Attachment, Email


@dataclass(frozen=True, slots=True)
class Mail:
    """An e-mail in the outbox or sent. `attachments` are (file name, content type, bytes)."""

    to: str
    subject: str
    text: str
    html: str
    attachments: tuple[tuple[str, str, bytes], ...]
    type_id: str = ""
    state: str = ""


async def mails(tenant: TenantKit) -> list[Mail]:
    """All mails of the tenant, newest first; without those that their recipients did not want."""
    found: list[Mail] = []
    with tenant.scope():
        for row in await Email.exclude(state=SUPPRESSED).order_by("-created_at", "-id"):
            files = await Attachment.filter(email_id=row.id).order_by("position")
            attachments = tuple((f.name, f.content_type, bytes(f.data)) for f in files)
            found.append(Mail(row.address, row.subject, row.text, row.html, attachments, row.type_id, row.state))
    return found
