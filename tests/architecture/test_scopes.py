"""Who may leave a tenant's scope, who may touch the setting behind it, and how ids from outside become rows."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
#: Files that work over all tenants, and why they have to.
EVERY: Final = {
    "kernel/base/context.py": "is the scope",
    "kernel/console/health.py": "readiness of the whole process",
    "kernel/console/metrics.py": "sums for the operator",
    "kernel/engines/connection.py": "gives a callback the scope it was made in",
    "kernel/operations/bundles/planning.py": "asks whether a slug is taken",
    "kernel/operations/demo.py": "makes the demo's tenants",
    "kernel/operations/restore.py": "counts what was restored",
    "kernel/operations/serving.py": "start-up",
    "kernel/operations/settings.py": "the operator's commands",
    "kernel/plugging/migrate.py": "removes a plugin's rows of all tenants",
    "kernel/tenancy/loading.py": "loads snapshots",
    "kernel/tenancy/usage.py": "writes counters of several tenants at once",
    "kernel/work/breakers.py": "breakers are the platform's",
    "kernel/work/jobs.py": "wakes for whoever has work",
    "kernel/work/schedule.py": "is due for several tenants",
    "kernel/work/table.py": "claims jobs of all tenants",
}
#: Files that name app.tenant.
SETTING: Final = {
    "kernel/engines/client.py": "follows the scope", "kernel/engines/rls.py": "the policies",
    "kernel/engines/connection.py": "a connection of its own, in the scope of now",
    "kernel/operations/backup.py": "the owner's, for a copy of everything",
    "kernel/operations/erasing.py": "the owner's, for the tenant that is erased",
    "kernel/plugging/migrate.py": "the owner's, for migrations that fill columns",
}  # fmt: skip
#: Threads that need no tenant.
THREADS: Final = {"kernel/auth/passwords.py": "hashes", "kernel/engines/outbound.py": "asks the resolver"}
#: Functions that take a raw id into a query, and why they may.
RAW: Final = {
    "plugins/compliance/services/erasing.py:run_erasure": "a job, with the id that we enqueued",
    "plugins/compliance/services/exporting.py:build_export": "a job, with the id that we enqueued",
    "plugins/notifications/webhooks/sending.py:send": "a job, with the id that we enqueued",
    "plugins/scheduling/intake.py:file_of": "one of the ids that the answers name, which are our own",
}
_LOOKING: Final = {"get", "get_or_none", "filter", "exclude", "exists", "get_or_create", "update_or_create"}


def _sources() -> list[tuple[str, ast.Module, str]]:
    found = []
    for folder in ("kernel", "plugins"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if "/testing/" not in name and "/scaffold/" not in name and "/migrations/" not in name:
                text = path.read_text(encoding="utf-8")
                found.append((name, ast.parse(text), text))
    return found


#: Functions that read a body.
_READING: Final = {"read_form", "read_form_data", "read_json", "read_query"}
SOURCES: Final = _sources()


def test_few_leave_the_tenants_scope() -> None:
    found = {
        name
        for name, tree, _text in SOURCES
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and _last(node.func) == "every_tenant"
    }
    assert found - set(EVERY) == set(), "say in this file why these work over all tenants"
    assert set(EVERY) - found <= {"kernel/base/context.py"}, "these no longer do"
    assert not [name for name in found if name.startswith("plugins/")]


def test_only_the_client_sets_the_tenant_of_a_connection() -> None:
    assert {name for name, _tree, text in SOURCES if "app.tenant" in text} == set(SETTING)
    assert not [n for n, _tree, text in SOURCES if "set_config" in text and n not in SETTING]


def test_nobody_builds_a_query_past_the_guard() -> None:
    """`QuerySet(Model)` and `Model._meta.basequery` would start from the rows of every tenant."""
    past = [
        f"{name}:{node.lineno}"
        for name, tree, _text in SOURCES
        if name != "kernel/engines/models.py"
        for node in ast.walk(tree)
        if (isinstance(node, ast.Call) and _last(node.func) in ("QuerySet", "RawSQLQuery", "Manager"))
        or (isinstance(node, ast.Attribute) and node.attr in ("basequery", "_db_queryset"))
    ]  # fmt: skip
    assert past == [], "only kernel/engines/models.py may"


def test_threads_keep_the_scope() -> None:
    found = {n for n, tree, _text in SOURCES for node in ast.walk(tree)
             if isinstance(node, ast.Attribute) and node.attr == "run_in_executor"}  # fmt: skip
    assert found == set(THREADS), "use asyncio.to_thread: run_in_executor loses the tenant"


# --- ids from outside -----------------------------------------------------------------------------------------


def test_ids_from_outside_become_rows_only_by_get_or_404() -> None:
    """`X.filter(id=request.match_info["id"])` would answer malformed, missing and foreign ids in its own way."""
    faults = {fault: line for name, tree, _text in SOURCES for fault, line in _faults(name, tree)}
    assert {f"{fault} (line {line})" for fault, line in faults.items() if fault not in RAW} == set(), (
        "resolve these by get_or_404(Model, id)"
    )
    assert set(RAW) <= set(faults), "these are no longer needed"


def test_the_rule_sees_what_it_is_for() -> None:
    naive = """
async def a(request): return await Book.get(id=request.match_info["id"])
async def b(request):
    key = request.match_info["id"]
    return await Book.filter(shelf=1).get_or_none(pk=key)
async def c(request):
    wanted = await read_form(request, Form)
    return await Book.filter(author_id=wanted.value.author)
async def d(id: str): return await Book.get(id=id)
async def e(request): return await Book.filter(id__in=request.query.getall("id"))
"""
    good = """
async def a(request): return await get_or_404(Book, request.match_info["id"])
async def b(request): return await Book.filter(slug=request.match_info["slug"]).first()
async def c(request):
    book = await get_or_404(Book, request.match_info["id"])
    return await Page.filter(book_id=book.id)
async def d(id: UUID): return await Book.get(id=id)
"""
    assert [fault for fault, _line in _faults("x", ast.parse(naive))] == ["x:a", "x:b", "x:c", "x:d", "x:e"]
    assert list(_faults("x", ast.parse(good))) == []


def _faults(name: str, tree: ast.Module) -> Iterator[tuple[str, int]]:
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            outside = _outside(function)
            for call in ast.walk(function):
                if isinstance(call, ast.Call) and _last(call.func) in _LOOKING and _is_query(call.func):
                    ids = [k.value for k in call.keywords if k.arg and _is_id(k.arg)]
                    if any(_touches(value, outside) for value in ids):
                        yield f"{name}:{function.name}", call.lineno


def _outside(function: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    """Names in a function that hold text from a request: raw ids as parameters, and what was read from it."""
    args = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    names = {a.arg for a in args if _is_id(a.arg) and isinstance(a.annotation, ast.Name) and a.annotation.id == "str"}
    for node in ast.walk(function):  # in the order of the source, as far as it matters
        if isinstance(node, ast.Assign) and _touches(node.value, names):
            names |= {t.id for t in node.targets if isinstance(t, ast.Name)}
    return names


def _touches(value: ast.expr, outside: set[str]) -> bool:
    """Whether raw text from a request is in a value. What a call gives back is not raw, unless it reads the request."""
    if isinstance(value, ast.Name):
        return value.id in outside
    if isinstance(value, ast.Attribute) and value.attr in ("match_info", "query"):
        return _last(value.value) == "request"
    if isinstance(value, ast.Await):
        inner = value.value
        return isinstance(inner, ast.Call) and _last(inner.func) in _READING
    if isinstance(value, ast.Call) and _last(value.func) in _READING:
        return True
    if isinstance(value, ast.Call) and _last(value.func) in ("get_or_404", "parse_id"):
        return False
    parts = (value.body, value.orelse) if isinstance(value, ast.IfExp) else ast.iter_child_nodes(value)
    return any(isinstance(part, ast.expr) and _touches(part, outside) for part in parts)


def _is_id(name: str) -> bool:
    name = name.removesuffix("__in")
    return name in ("id", "pk") or name.endswith("_id")


def _is_query(func: ast.expr) -> bool:
    """Whether a call is on a model (`Book.get`) or on a query that began with one."""
    while isinstance(func, ast.Attribute | ast.Call):
        func = func.value if isinstance(func, ast.Attribute) else func.func
    return isinstance(func, ast.Name) and func.id[:1].isupper() and not func.id.isupper()


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
