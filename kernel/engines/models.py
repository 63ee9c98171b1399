"""Base classes of every model, and the guard that keeps one tenant's rows from another.

Tortoise does not inherit `Meta.manager` from an abstract model, so an ordinary base class would leak all
rows without a sound; the guard therefore sits in the metaclass. Row-level security (rls.py) is the second
wall behind it and also covers what the ORM builds on its own: joins, prefetches, `QuerySet.raw`.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from tortoise import fields
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.context import require_context
from tortoise.fields import Field
from tortoise.manager import Manager
from tortoise.models import Model, ModelMeta
from tortoise.queryset import BulkCreateQuery, BulkUpdateQuery, QuerySet, RawSQLQuery, UpdateQuery

from ..base.clock import now
from ..base.context import EVERY, CrossTenant, NoTenant, TenantRef, tenant_in_scope
from ..base.errors import Conflict, NotFound
from ..base.ids import new_id, parse_id

M = TypeVar("M", bound=Model)


def _scope() -> UUID | None:
    """The tenant id that rows must carry, or None when the scope is EVERY. Raises NoTenant without a scope."""
    tenant = tenant_in_scope()
    if isinstance(tenant, TenantRef):
        return tenant.id
    if tenant is EVERY:
        return None
    raise NoTenant("tenant data was touched with no tenant in scope")


def _ours(objects: Iterable[Any]) -> list[Any]:
    rows = list(objects)
    for row in rows:
        row._must_be_ours()
    return rows


class TenantRows(QuerySet[Any]):
    """A query over a tenant's rows: refuses to write what its model would refuse, and raw SQL."""

    def update(self, **kwargs: Any) -> UpdateQuery:
        tenant_id = _scope()
        for name, value in kwargs.items():
            whose = value if name == "tenant_id" else value.tenant_id if isinstance(value, TenantModel) else tenant_id
            if tenant_id is not None and whose != tenant_id:
                raise CrossTenant(f"{self.model.__name__}.{name} would point into tenant {whose}")
        return super().update(**kwargs)

    def bulk_create(
        self,
        objects: Iterable[Any],
        batch_size: int | None = None,
        ignore_conflicts: bool = False,
        update_fields: Iterable[str] | None = None,
        on_conflict: Iterable[str] | None = None,
    ) -> BulkCreateQuery[Any]:
        return super().bulk_create(_ours(objects), batch_size, ignore_conflicts, update_fields, on_conflict)

    def bulk_update(
        self, objects: Iterable[Any], fields: Iterable[str], batch_size: int | None = None
    ) -> BulkUpdateQuery[Any]:
        return super().bulk_update(_ours(objects), fields, batch_size)

    def raw(self, sql: str) -> RawSQLQuery:
        raise CrossTenant("raw() is closed on tenant models: use sql() of the connection module")


class TenantManager(Manager):
    """Every queryset of a tenant model starts from the rows of the tenant in scope."""

    def get_queryset(self) -> QuerySet[Any]:
        tenant_id = _scope()
        rows: QuerySet[Any] = TenantRows(self._model)
        return rows if tenant_id is None else rows.filter(tenant_id=tenant_id)


class _OwnFields(ModelMeta):
    """Gives each model its own copies of inherited fields; Tortoise shares them, and the last model wins."""

    def __new__(mcs, name: str, bases: tuple[type, ...], attrs: dict[str, Any]) -> _OwnFields:
        inherited: dict[str, Any] = {}
        for base in bases:
            meta = getattr(base, "_meta", None)
            found = meta.fields_map if meta else {k: v for k, v in vars(base).items() if isinstance(v, Field)}
            for key, value in found.items():
                inherited.setdefault(key, deepcopy(value))
        # Docstrings and comments are for readers of the code; in the schema every edit would be a migration.
        cls = super().__new__(mcs, name, bases, {**inherited, **attrs, "_no_comments": True})
        cls._meta.table_description = getattr(attrs.get("Meta"), "table_description", "")  # type: ignore[attr-defined]
        assert isinstance(cls, _OwnFields)  # noqa: S101 - for the type checker
        return cls


class _Guarded(_OwnFields):
    """Puts the tenant's manager on every model, whatever its own Meta says."""

    def __new__(mcs, name: str, bases: tuple[type, ...], attrs: dict[str, Any]) -> _Guarded:
        cls = super().__new__(mcs, name, bases, attrs)
        cls._meta.manager = TenantManager(cls)  # type: ignore[attr-defined]
        assert isinstance(cls, _Guarded)  # noqa: S101 - for the type checker
        return cls


class _Base(Model, metaclass=_OwnFields):
    """What tenant and global models share."""

    class Meta:
        abstract = True

    async def save(
        self,
        using_db: BaseDBAsyncClient | None = None,
        update_fields: Iterable[str] | None = None,
        force_create: bool = False,
        force_update: bool = False,
    ) -> None:
        if "updated_at" in self._meta.fields_map:
            self.updated_at = now()
            if update_fields is not None:
                update_fields = [*dict.fromkeys((*update_fields, "updated_at"))]
        await super().save(using_db, update_fields, force_create, force_update)


class GlobalModel(_Base):
    """A table of the platform, not of a tenant. Only the kernel may declare one.

    One that has a `tenant_id` column is still walled by row-level security (work over all tenants runs in
    `every_tenant()`), unless it says `tenant_wall = False`.
    """

    tenant_wall: ClassVar[bool] = True

    class Meta:
        abstract = True


class TenantModel(_Base, metaclass=_Guarded):
    """A row that belongs to one tenant: seen, written and deleted only inside that tenant's scope.

    `tenant_id` is filled from the scope. Outside any scope everything raises NoTenant; touching another
    tenant's row raises CrossTenant. In `every_tenant()` rows of all tenants are seen, and a new row must
    say whose it is. `Meta.personal` names columns that tell something about a person, `Meta.sealed` those that hold
    what `sealing.seal(text, sealing.row_place(table, id))` gave, so that `greenroom secrets rotate` finds them.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    tenant_id = fields.UUIDField(db_index=True)

    class Meta:
        abstract = True

    def __init__(self, **values: Any) -> None:
        if "tenant_id" not in values:
            tenant = tenant_in_scope()
            if isinstance(tenant, TenantRef):
                values["tenant_id"] = tenant.id
        super().__init__(**values)

    def _must_be_ours(self) -> None:
        tenant_id = _scope()
        own: UUID | None = self.tenant_id
        if own is None and not self._meta.fields_map["tenant_id"].null:
            raise NoTenant(f"a {type(self).__name__} made in every_tenant() must be given its tenant_id")
        if tenant_id is not None and own != tenant_id:
            raise CrossTenant(f"{type(self).__name__} of tenant {own} touched in the scope of {tenant_id}")
        for name in self._meta.fk_fields | self._meta.o2o_fields:
            other = self.__dict__.get(f"_{name}")
            if isinstance(other, TenantModel) and other.tenant_id != own:
                raise CrossTenant(f"{type(self).__name__}.{name} points into tenant {other.tenant_id}")

    async def save(
        self,
        using_db: BaseDBAsyncClient | None = None,
        update_fields: Iterable[str] | None = None,
        force_create: bool = False,
        force_update: bool = False,
    ) -> None:
        self._must_be_ours()
        await super().save(using_db, update_fields, force_create, force_update)

    async def delete(self, using_db: BaseDBAsyncClient | None = None) -> None:
        self._must_be_ours()
        await super().delete(using_db)

    async def refresh_from_db(
        self, fields: Iterable[str] | None = None, using_db: BaseDBAsyncClient | None = None
    ) -> None:
        self._must_be_ours()
        await super().refresh_from_db(fields, using_db)

    async def fetch_related(self, *args: Any, using_db: BaseDBAsyncClient | None = None) -> None:
        self._must_be_ours()
        await super().fetch_related(*args, using_db=using_db)

    @classmethod
    async def fetch_for_list(
        cls, instance_list: Iterable[Model], *args: Any, using_db: BaseDBAsyncClient | None = None
    ) -> None:
        await super().fetch_for_list(_ours(instance_list), *args, using_db=using_db)


class Timestamped:
    """Mixin: when a row was made and last saved. `QuerySet.update()` does not move `updated_at`."""

    created_at = fields.DatetimeField(default=now)
    updated_at = fields.DatetimeField(default=now)


class VersionedModel:
    """Mixin: a row that several people may change at once; written through `compare_and_set`."""

    version = fields.IntField(default=1)


async def compare_and_set(obj: Model, /, **changes: Any) -> None:
    """Write `changes` if the row still has the version that `obj` was read with, else raise Conflict.

    Values may be model objects for foreign keys. `obj` carries the new values and version afterwards.
    """
    for name, value in changes.items():
        if isinstance(value, TenantModel) and value.tenant_id != getattr(obj, "tenant_id", value.tenant_id):
            raise CrossTenant(f"{type(obj).__name__}.{name} would point into tenant {value.tenant_id}")
    if isinstance(obj, TenantModel):
        obj._must_be_ours()
    if "updated_at" in obj._meta.fields_map:
        changes = {"updated_at": now(), **changes}
    read: int = obj.version  # type: ignore[attr-defined]
    written = await type(obj).filter(pk=obj.pk, version=read).update(**changes, version=read + 1)
    if not written:
        raise Conflict()
    for name, value in changes.items():
        setattr(obj, name, value)
    obj.version = read + 1


async def get_or_404(source: type[M] | QuerySet[M], id: str | UUID, /, **filters: Any) -> M:
    """The row with this id among those in scope. NotFound for a malformed, missing or foreign id alike."""
    key = id if isinstance(id, UUID) else parse_id(id)
    if key is None:
        raise NotFound()
    found = await source.filter(id=key, **filters).first()
    if found is None:
        raise NotFound()
    return found


def all_models() -> list[type[Model]]:
    """Every concrete model of the open database."""
    apps = require_context().apps
    if apps is None:
        raise RuntimeError("no database is open")
    return [model for models in apps.values() for model in models.values()]


def check_models(models: Iterable[type[Model]] | None = None) -> None:
    """Raise TypeError naming each model that is neither a tenant's nor one of the kernel's global ones."""
    faults: list[str] = []
    for model in all_models() if models is None else models:
        where = f"{model.__module__}.{model.__name__}"
        if issubclass(model, GlobalModel):
            if model.__module__.partition(".")[0] == "plugins":
                faults.append(f"{where}: only the kernel may declare a GlobalModel")
        elif not issubclass(model, TenantModel):
            faults.append(f"{where}: derive it from TenantModel")
        elif not isinstance(model._meta.manager, TenantManager):
            faults.append(f"{where}: its manager was replaced, so its rows are not kept apart")
        elif model._meta.m2m_fields:
            # the table that Tortoise makes for the link has no tenant_id, hence no wall
            faults.append(f"{where}: declare the many-to-many link as a TenantModel of its own")
    if faults:
        raise TypeError("; ".join(faults))


def unscoped_uniques(models: Iterable[type[Model]]) -> list[str]:
    """Unique fields of tenant models that do not begin with tenant_id and so would tell of other tenants."""
    found: list[str] = []
    for model in models:
        if not issubclass(model, TenantModel):
            continue
        meta = model._meta
        found += [f"{model.__name__}.{name}" for name, f in meta.fields_map.items() if f.unique and not f.pk]
        found += [f"{model.__name__}{t}" for t in meta.unique_together if t[0] not in ("tenant_id", "tenant")]
    return found
