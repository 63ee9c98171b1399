"""The addresses of this plugin, who may open them, and what answers."""

from __future__ import annotations

from typing import Any

from kernel import SIGNED_IN, Route

from .. import rest
from ..permissions import AUDIT, REQUESTS
from . import audit, desk, mine


def _get(path: str, handler: Any, name: str, permission: str, **more: Any) -> Route:
    return Route(method="GET", path=path, handler=handler, name=name, permission=permission, **more)


def _post(path: str, handler: Any, name: str, permission: str, **more: Any) -> Route:
    return Route(method="POST", path=path, handler=handler, name=name, permission=permission, **more)


def _json(method: Any, path: str, handler: Any, name: str, permission: str, **more: Any) -> Route:
    path = f"/api/v1/compliance/{path}"
    return Route(method=method, path=path, handler=handler, name=name, permission=permission, **more)


_STAYS = "a download that was promised stays reachable for its owner"

ROUTES = [
    _get("/admin/audit", audit.show, "compliance.audit", AUDIT),
    _get("/admin/audit.csv", audit.as_csv, "compliance.audit_csv", AUDIT, rate="20/600"),
    _post("/admin/audit/verify", audit.verify, "compliance.audit_verify", AUDIT, rate="20/60"),
    _get("/privacy", mine.show, "compliance.privacy", SIGNED_IN),
    _post("/privacy/exports", mine.ask_export, "compliance.export_ask", SIGNED_IN, rate="10/3600", idempotent=True),
    _get("/privacy/exports/{id}/download", mine.download, "compliance.export", SIGNED_IN, always=_STAYS),
    _post("/privacy/erasure", mine.ask_erasure, "compliance.erasure_ask", SIGNED_IN, rate="10/600", idempotent=True),
    _post("/privacy/erasure/{id}/withdraw", mine.withdraw, "compliance.erasure_withdraw", SIGNED_IN),
    _get("/admin/privacy-requests", desk.show, "compliance.requests", REQUESTS),
    _post("/admin/privacy-requests", desk.create, "compliance.request_create", REQUESTS, idempotent=True),
    _get("/admin/privacy-requests/{id}", desk.show_one, "compliance.request", REQUESTS),
    _post("/admin/privacy-requests/{id}/execute", desk.execute, "compliance.request_execute", REQUESTS,
          idempotent=True),
    _post("/admin/privacy-requests/{id}/decline", desk.decline, "compliance.request_decline", REQUESTS,
          idempotent=True),
    _json("GET", "map", rest.data_map, "compliance.api_map", SIGNED_IN, response=rest.MapOut, rate="60/60"),
    _json("GET", "requests", rest.list_requests, "compliance.api_requests", SIGNED_IN, response=rest.RequestsOut),
    _json("POST", "exports", rest.ask_export, "compliance.api_export", SIGNED_IN, response=rest.RequestOut,
          rate="10/3600", idempotent=True),
    _json("POST", "erasure", rest.ask_erasure, "compliance.api_erasure", SIGNED_IN, request=rest.ErasureIn,
          response=rest.RequestOut, rate="10/600", idempotent=True),
    _json("GET", "audit", rest.list_entries, "compliance.api_audit", AUDIT, response=rest.EntriesOut),
    _json("GET", "audit/verify", rest.verify, "compliance.api_verify", AUDIT, response=rest.VerdictOut, rate="20/60"),
]  # fmt: skip
