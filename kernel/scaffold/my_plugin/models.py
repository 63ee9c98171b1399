"""Tables. Written by services.py only. Every row belongs to a tenant; the kernel sees to that."""

from __future__ import annotations

from tortoise import fields

from kernel import TenantModel, Timestamped


class Note(TenantModel, Timestamped):
    """One note on the board. `author_id` is an account; accounts are the kernel's, so there is no foreign key."""

    author_id = fields.UUIDField(db_index=True)
    text = fields.CharField(max_length=500)

    class Meta:
        table = "my_plugin_note"
        indexes = (("tenant_id", "created_at"),)
        personal = ("author_id", "text")
