"""Files in an object store that speaks S3 (the extra `s3`): streamed, large ones in parts, links signed with s3v4.

Keys and secrets come from where every such program looks for them (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, a profile,
the machine's role). A store that is away or refuses us is a 503 for the person who waits; the log says why.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from ..base.config import Config, ConfigError
from ..base.errors import Unavailable
from ..base.i18n import _
from ..base.log import get_logger
from .storage import Data, Stored, _checked, _chunks

log = get_logger(__name__)

#: Objects up to this size go in one request; larger ones in parts of it (S3 wants 5 MiB at least).
PART: Final = 8 * 1024 * 1024
_CHUNK: Final = 256 * 1024
_MISSING: Final = frozenset({"NoSuchKey", "404", "NotFound"})


class S3Storage:
    """A bucket, or a folder of one."""

    def __init__(self, config: Config) -> None:
        try:
            from aiobotocore.config import AioConfig
            from aiobotocore.session import get_session
            from botocore.exceptions import BotoCoreError, ClientError
        except ImportError as exc:
            raise ConfigError("GREENROOM_STORAGE_URL needs the extra: pip install 'greenroom[s3]'.") from exc
        place = urlsplit(config.storage_url or "")
        self._bucket = place.netloc
        self._prefix = place.path.strip("/") + "/" if place.path.strip("/") else ""
        self._refused, self._broken = ClientError, BotoCoreError
        #: Checksum trailers and host-style buckets are understood by Amazon, not by every other maker.
        style = {"addressing_style": "path" if config.s3_endpoint else "auto", "payload_signing_enabled": True}
        settings = AioConfig(
            signature_version="s3v4", s3=style, connect_timeout=5, read_timeout=30, max_pool_connections=50,
            retries={"mode": "standard", "total_max_attempts": 3},
            request_checksum_calculation="when_required", response_checksum_validation="when_required",
        )  # fmt: skip
        self._making: Callable[[], Any] = lambda: get_session().create_client(
            "s3", region_name=config.s3_region, endpoint_url=config.s3_endpoint, config=settings
        )
        self._stack = AsyncExitStack()
        self._client: Any = None
        self._turn = asyncio.Lock()

    def path(self, key: str) -> Path | None:
        _checked(key)
        return None

    async def put(self, key: str, data: Data) -> Stored:
        name = self._name(key)
        digest, size, waiting = hashlib.sha256(), 0, bytearray()
        upload: _Upload | None = None
        try:
            async for chunk in _chunks(data):
                digest.update(chunk)
                size += len(chunk)
                waiting += chunk
                while len(waiting) > PART:
                    upload = upload or await _Upload.begin(self, name)
                    await upload.part(bytes(waiting[:PART]))
                    del waiting[:PART]
            if upload is None:
                await self._ask("put_object", Key=name, Body=bytes(waiting))
            else:
                await upload.part(bytes(waiting))
                await upload.finish()
        except BaseException:
            if upload is not None:
                await asyncio.shield(upload.abandon())
            raise
        return Stored(size, digest.hexdigest())

    async def open(self, key: str) -> AsyncIterator[bytes]:
        found = await self._ask("get_object", missing=key, Key=self._name(key))
        async with found["Body"] as body:
            while True:
                async with self._translating("get_object", key):
                    chunk = await body.read(_CHUNK)
                if not chunk:
                    return
                yield chunk

    async def read(self, key: str) -> bytes:
        return b"".join([chunk async for chunk in self.open(key)])

    async def delete(self, key: str) -> None:
        await self._ask("delete_object", Key=self._name(key))

    async def link(self, key: str, *, seconds: int, content_type: str, disposition: str) -> str | None:
        """An address at which the object itself can be had for a while, by whoever has the address."""
        client = await self._open()
        wanted = {
            "Bucket": self._bucket, "Key": self._name(key), "ResponseContentType": content_type,
            "ResponseContentDisposition": disposition, "ResponseCacheControl": "private, no-store",
        }  # fmt: skip
        return str(await client.generate_presigned_url("get_object", Params=wanted, ExpiresIn=seconds))

    async def close(self) -> None:
        self._client = None
        await self._stack.aclose()

    def _name(self, key: str) -> str:
        return self._prefix + _checked(key)

    async def _open(self) -> Any:
        async with self._turn:
            if self._client is None:
                self._client = await self._stack.enter_async_context(self._making())
            return self._client

    async def _ask(self, verb: str, *, missing: str = "", **named: Any) -> Any:
        async with self._translating(verb, missing):
            return await getattr(await self._open(), verb)(Bucket=self._bucket, **named)

    @asynccontextmanager
    async def _translating(self, verb: str, missing: str) -> AsyncIterator[None]:
        try:
            yield
        except self._refused as exc:
            code = str(exc.response.get("Error", {}).get("Code", ""))
            if missing and code in _MISSING:
                raise FileNotFoundError(missing) from None
            log.error("the object store refused %s: %s", verb, exc)
            raise Unavailable(_("Files cannot be stored or read right now.")) from exc
        except (self._broken, OSError, TimeoutError) as exc:
            log.error("the object store cannot be reached for %s: %s", verb, exc)
            raise Unavailable(_("Files cannot be stored or read right now.")) from exc


class _Upload:
    """A large object under way: it appears when it is finished, or never."""

    def __init__(self, storage: S3Storage, name: str, upload_id: str) -> None:
        self._storage, self._name, self._id = storage, name, upload_id
        self._parts: list[dict[str, Any]] = []

    @classmethod
    async def begin(cls, storage: S3Storage, name: str) -> _Upload:
        made = await storage._ask("create_multipart_upload", Key=name)
        return cls(storage, name, made["UploadId"])

    async def part(self, data: bytes) -> None:
        number = len(self._parts) + 1
        done = await self._storage._ask("upload_part", Key=self._name, UploadId=self._id, PartNumber=number, Body=data)
        self._parts.append({"ETag": done["ETag"], "PartNumber": number})

    async def finish(self) -> None:
        await self._storage._ask(
            "complete_multipart_upload", Key=self._name, UploadId=self._id, MultipartUpload={"Parts": self._parts}
        )

    async def abandon(self) -> None:
        """Have the store forget the parts, which else cost money for ever."""
        with suppress(Unavailable):
            await self._storage._ask("abort_multipart_upload", Key=self._name, UploadId=self._id)
