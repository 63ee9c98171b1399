"""Tables of the little application."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.indexes import PartialIndex

from kernel.engines.models import GlobalModel, TenantModel, Timestamped, VersionedModel


class Author(TenantModel):
    name = fields.CharField(max_length=50)

    class Meta:
        table = "shelf_author"
        unique_together = (("tenant_id", "name"),)


class Book(TenantModel, Timestamped, VersionedModel):
    title = fields.CharField(max_length=50)
    author: Any = fields.ForeignKeyField("shelf.Author", related_name="books", null=True, db_index=True)
    notes: Any = fields.JSONField(default=dict)
    state = fields.CharField(max_length=10, default="open")

    class Meta:
        table = "shelf_book"
        indexes = (PartialIndex(fields=("state",), name="shelf_book_open", condition={"state": "open"}),)


class Reader(TenantModel):
    favourite: Any = fields.ForeignKeyField(
        "shelf.Book", related_name="fans", null=True, on_delete=fields.SET_NULL, db_index=True
    )

    class Meta:
        table = "shelf_reader"


class Chore(GlobalModel):
    """Belongs to a tenant or to the platform; walled although global."""

    id = fields.IntField(primary_key=True)
    tenant_id = fields.UUIDField(null=True)
    name = fields.CharField(max_length=20)

    class Meta:
        table = "shelf_chore"


class Country(GlobalModel):
    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=50)

    class Meta:
        table = "shelf_country"
