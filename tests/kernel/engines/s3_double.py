"""An object store that is stricter than most: every signature (header or link) is computed anew and compared."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

from aiohttp import web
from yarl import URL

KEY, SECRET, REGION = "AKIAGREENROOM", "double/secret+key", "eu-test-1"


class Refused(Exception):
    """What the client got wrong."""


@dataclass
class Double:
    """What is stored, and what shall go wrong."""

    url: str = ""
    objects: dict[str, bytes] = field(default_factory=dict)
    uploads: dict[str, dict[int, bytes]] = field(default_factory=dict)
    #: Method and marker ("PUT partNumber") -> status that is answered instead.
    faults: dict[str, int] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        query = dict(parse_qsl(request.rel_url.raw_query_string, keep_blank_values=True))
        mark = f"{request.method} {next((q for q in ('uploads', 'partNumber', 'uploadId') if q in query), '')}".strip()
        self.seen.append(mark)
        try:
            check(request, body, query)
        except Refused as exc:
            self.refused.append(str(exc))
            return error(403, "SignatureDoesNotMatch", str(exc))
        if mark in self.faults:
            return error(self.faults[mark], "InternalError" if self.faults[mark] >= 500 else "AccessDenied", "planned")
        bucket, _, key = unquote(request.rel_url.raw_path).lstrip("/").partition("/")
        if bucket != "greenroom":
            return error(404, "NoSuchBucket", bucket)
        answer = getattr(self, "on_" + mark.lower().replace(" ", "_"), None)
        return answer(key, body, query) if answer else error(405, "MethodNotAllowed", mark)

    def on_put(self, key: str, body: bytes, query: dict[str, str]) -> web.Response:
        self.objects[key] = body
        return web.Response(headers={"ETag": tag(body)})

    def on_get(self, key: str, body: bytes, query: dict[str, str]) -> web.Response:
        if key not in self.objects:
            return error(404, "NoSuchKey", key)
        told = {"content-type": "Content-Type", "content-disposition": "Content-Disposition"}
        headers = {told[n]: query[f"response-{n}"] for n in told if f"response-{n}" in query}
        return web.Response(body=self.objects[key], headers={"ETag": tag(self.objects[key]), **headers})

    def on_delete(self, key: str, body: bytes, query: dict[str, str]) -> web.Response:
        self.objects.pop(key, None)
        return web.Response(status=204)

    def on_post_uploads(self, key: str, body: bytes, query: dict[str, str]) -> web.Response:
        upload = f"u{len(self.uploads) + 1}"
        self.uploads[upload] = {}
        return xml(f"<InitiateMultipartUploadResult><UploadId>{upload}</UploadId></InitiateMultipartUploadResult>")

    def on_put_partnumber(self, key: str, body: bytes, query: dict[str, str]) -> web.Response:
        self.uploads[query["uploadId"]][int(query["partNumber"])] = body
        return web.Response(headers={"ETag": tag(body)})

    def on_post_uploadid(self, key: str, body: bytes, query: dict[str, str]) -> web.Response:
        parts = self.uploads.pop(query["uploadId"])
        if any(len(part) < 5 * 1024 * 1024 for number, part in parts.items() if number < max(parts)):
            return error(400, "EntityTooSmall", "a part but the last is below 5 MiB")
        self.objects[key] = b"".join(parts[number] for number in sorted(parts))
        return xml(
            f"<CompleteMultipartUploadResult><ETag>{tag(self.objects[key])}</ETag></CompleteMultipartUploadResult>"
        )

    def on_delete_uploadid(self, key: str, body: bytes, query: dict[str, str]) -> web.Response:
        self.uploads.pop(query["uploadId"], None)
        return web.Response(status=204)


def tag(data: bytes) -> str:
    return f'"{hashlib.md5(data).hexdigest()}"'


def xml(text: str) -> web.Response:
    return web.Response(body=f'<?xml version="1.0" encoding="UTF-8"?>{text}', content_type="application/xml")


def error(status: int, code: str, message: str) -> web.Response:
    response = xml(f"<Error><Code>{code}</Code><Message>{message}</Message></Error>")
    response.set_status(status)
    return response


# --- signature version 4 ---------------------------------------------------------------------------------------


def check(request: web.Request, body: bytes, query: dict[str, str]) -> None:
    """Raises Refused unless the request is signed with our secret, now, for just this content."""
    if "X-Amz-Signature" in query:
        signed, given = query["X-Amz-SignedHeaders"], query["X-Amz-Signature"]
        scope, at, content = query["X-Amz-Credential"], query["X-Amz-Date"], "UNSIGNED-PAYLOAD"
        lasts = int(query["X-Amz-Expires"])
    else:
        head = request.headers.get("Authorization", "")
        if not head.startswith("AWS4-HMAC-SHA256 "):
            raise Refused("not signed with version 4")
        fields = dict(part.strip().split("=", 1) for part in head.partition(" ")[2].split(","))
        signed, given, scope = fields["SignedHeaders"], fields["Signature"], fields["Credential"]
        at, content, lasts = request.headers["X-Amz-Date"], request.headers["X-Amz-Content-SHA256"], 900
        if content != hashlib.sha256(body).hexdigest():
            raise Refused(f"content is not what was signed ({content})")
        for name in request.headers:
            if name.lower().startswith("x-amz-") and name.lower() not in signed.split(";"):
                raise Refused(f"{name} is not signed")
    key, day, region, service, kind = scope.split("/")
    if (key, region, service, kind) != (KEY, REGION, "s3", "aws4_request") or "host" not in signed.split(";"):
        raise Refused(f"wrong scope {scope}")
    moment = datetime.strptime(at, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    if not moment - timedelta(seconds=60) <= datetime.now(UTC) <= moment + timedelta(seconds=lasts):
        raise Refused("too late")
    canonical = "\n".join((
        request.method, quote(unquote(request.rel_url.raw_path), safe="/-_.~"), _query(request.rel_url),
        "".join(f"{n}:{' '.join(request.headers[n].split())}\n" for n in signed.split(";")), signed, content,
    ))  # fmt: skip
    text = f"AWS4-HMAC-SHA256\n{at}\n{day}/{region}/s3/aws4_request\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    secret: bytes = b"AWS4" + SECRET.encode()
    for step in (day, region, "s3", "aws4_request", text):
        secret = hmac.digest(secret, step.encode(), "sha256")
    if not hmac.compare_digest(secret.hex(), given):
        raise Refused("the signature does not match")


def _query(url: URL) -> str:
    pairs = parse_qsl(url.raw_query_string, keep_blank_values=True)
    kept = sorted((quote(k, safe="-_.~"), quote(v, safe="-_.~")) for k, v in pairs if k != "X-Amz-Signature")
    return "&".join(f"{k}={v}" for k, v in kept)


@asynccontextmanager
async def double() -> AsyncIterator[Double]:
    """A running store."""
    store = Double()
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_route("*", "/{path:.*}", store.serve)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    address: Any = runner.addresses[0]
    store.url = f"http://127.0.0.1:{address[1]}"
    yield store
    await runner.cleanup()
