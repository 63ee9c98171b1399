"""The first wall: tenant models in the ORM."""

from __future__ import annotations

import pytest
from tortoise import fields
from tortoise.models import Model

from kernel.base.context import CrossTenant, NoTenant, every_tenant, tenant_scope
from kernel.base.errors import Conflict, NotFound
from kernel.base.ids import new_id
from kernel.engines.models import TenantModel, check_models, compare_and_set, get_or_404, unscoped_uniques

from .conftest import A, B

pytestmark = pytest.mark.usefixtures("tables")


def models():
    import shelf.models

    return shelf.models


async def foreign():
    with every_tenant():
        return await models().Book.get(tenant_id=B.id).prefetch_related("author")


async def test_each_tenant_sees_its_own():
    for tenant in (A, B):
        with tenant_scope(tenant):
            assert await models().Book.all().values_list("title", flat=True) == [f"Book {tenant.slug}"]
            assert (await models().Book.first()).tenant_id == tenant.id
            assert await models().Book.exists(title="Book b") is (tenant is B)
            joined = await models().Book.all().select_related("author")
            assert [book.author.name for book in joined] == [f"Author {tenant.slug}"]
    with every_tenant():
        assert await models().Book.all().count() == 2


@pytest.mark.parametrize("name", ["all", "first", "exists", "select_for_update"])
async def test_nothing_without_a_tenant(name):
    with pytest.raises(NoTenant):
        await getattr(models().Book, name)()


async def test_no_write_without_a_tenant():
    with pytest.raises(NoTenant):
        await models().Book.create(title="x")
    with every_tenant(), pytest.raises(NoTenant):
        await models().Book.create(title="whose?")


async def test_another_tenants_row_is_untouchable():
    book = await foreign()
    with tenant_scope(A):
        for work in (book.save, book.delete, book.refresh_from_db, lambda: book.fetch_related("author")):
            with pytest.raises(CrossTenant):
                await work()
        for name in ("bulk_create", "bulk_update"):
            with pytest.raises(CrossTenant):
                getattr(models().Book, name)([book], *([["title"]] if name == "bulk_update" else []))
        with pytest.raises(CrossTenant):
            await models().Book.create(tenant_id=B.id, title="forged")
        with pytest.raises(CrossTenant):
            await models().Book.create(title="x", author=book.author)
        with pytest.raises(CrossTenant):
            models().Book.raw("SELECT 1")
        own = await models().Book.get()
        own.tenant_id = B.id
        with pytest.raises(CrossTenant):
            await own.save()
        with pytest.raises(CrossTenant):
            await compare_and_set(await models().Book.get(), author=book.author)


async def test_mass_changes_stay_inside():
    with tenant_scope(A):
        assert await models().Book.filter(title="Book b").update(title="x") == 0
        assert await models().Book.filter(tenant_id=B.id).delete() == 0
        assert await models().Book.all().update(title="mine") == 1
    assert (await foreign()).title == "Book b"


async def test_tenant_is_filled_in():
    with tenant_scope(A):
        author, made = await models().Author.get_or_create(name="New")
        assert made and author.tenant_id == A.id
        await models().Book.bulk_create([models().Book(title="1", author=author), models().Book(title="2")])
        assert await models().Book.filter(author=author).count() == 1
        await author.fetch_related("books")
        assert [b.title for b in author.books] == ["1"]


async def test_get_or_404():
    book = await foreign()
    with tenant_scope(B):
        assert (await get_or_404(models().Book, str(book.id))).id == book.id
        assert (await get_or_404(models().Book.filter(title="Book b"), book.id, state="open")).id == book.id
    with tenant_scope(A):
        for bad in (str(book.id), book.id, new_id(), "", "1", "x" * 5000, "\x00", f"{{{book.id}}}"):
            with pytest.raises(NotFound):
                await get_or_404(models().Book, bad)


async def test_compare_and_set():
    with tenant_scope(A):
        one, two = await models().Book.get(), await models().Book.get()
        before = one.updated_at
        await compare_and_set(one, title="first")
        assert (one.title, one.version) == ("first", 2) and one.updated_at > before
        with pytest.raises(Conflict):
            await compare_and_set(two, title="second")
        assert (await models().Book.get()).title == "first"


async def test_updated_at_moves_with_save():
    with tenant_scope(A):
        book = await models().Book.get()
        before = book.updated_at
        book.title = "t"
        await book.save(update_fields=["title"])
        await book.refresh_from_db()
        assert book.updated_at > before and book.created_at < book.updated_at


async def test_check_models():
    class Plain(Model):
        id = fields.IntField(primary_key=True)

    class Linked(TenantModel):
        others = fields.ManyToManyField("shelf.Author")

    class Sneaky(TenantModel):
        email = fields.CharField(max_length=9, unique=True)

        class Meta:
            manager = Plain._meta.manager

    check_models()
    check_models([Sneaky])  # its own manager does not replace the guard's
    with pytest.raises(TypeError, match=r"Plain.*TenantModel.*Linked"):
        check_models([Plain, Linked])
    assert unscoped_uniques([Sneaky, models().Author]) == ["Sneaky.email"]


async def test_fields_are_not_shared_between_models():
    assert models().Author._meta.fields_map["id"] is not models().Book._meta.fields_map["id"]
    assert models().Author._meta.fields_map["id"].model is models().Author
