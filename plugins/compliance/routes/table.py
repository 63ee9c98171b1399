"""The addresses of this plugin, who may open them, and what answers."""

from __future__ import annotations

from typing import Any

from kernel import SIGNED_IN, Listing, Page, Route

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
    _json("GET", "requests", rest.list_requests, "compliance.api_requests", SIGNED_IN, query=Listing,
          response=Page[rest.RequestOut]),
    _json("POST", "exports", rest.ask_export, "compliance.api_export", SIGNED_IN, response=rest.RequestOut,
          rate="10/3600", idempotent=True, status=202, twin_of=("compliance.export_ask",)),
    _json("POST", "erasure", rest.ask_erasure, "compliance.api_erasure", SIGNED_IN, request=rest.ErasureIn,
          response=rest.RequestOut, rate="10/600", idempotent=True, status=202, twin_of=("compliance.erasure_ask",)),
    _json("POST", "erasure/{id}/withdraw", rest.withdraw, "compliance.api_erasure_withdraw", SIGNED_IN,
          request=rest.VersionIn, response=rest.RequestOut, idempotent=True),
    _json("GET", "desk", rest.list_desk, "compliance.api_desk", REQUESTS, query=rest.DeskListing,
          response=Page[rest.DeskRequestOut]),
    _json("POST", "desk", rest.create_desk, "compliance.api_request_create", REQUESTS, request=rest.NewRequestIn,
          response=rest.DeskRequestOut, status=201, idempotent=True),
    _json("GET", "desk/{id}", rest.show_desk, "compliance.api_request", REQUESTS, response=rest.DeskRequestOut),
    _json("POST", "desk/{id}/execute", rest.execute, "compliance.api_request_execute", REQUESTS,
          request=rest.ExecuteIn, response=rest.DeskRequestOut, status=202, idempotent=True),
    _json("POST", "desk/{id}/decline", rest.decline, "compliance.api_request_decline", REQUESTS,
          request=rest.DeclineIn, response=rest.DeskRequestOut, idempotent=True),
    _json("GET", "audit", rest.list_entries, "compliance.api_audit", AUDIT, query=rest.AuditListing,
          response=Page[rest.EntryOut]),
    _json("GET", "audit/verify", rest.verify, "compliance.api_verify", AUDIT, response=rest.VerdictOut, rate="20/60",
          twin_of=("compliance.audit_verify",)),
]  # fmt: skip
