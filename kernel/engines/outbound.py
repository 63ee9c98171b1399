"""The one way out over HTTP: to addresses that users typed, so never into our own network (SSRF).

A name is resolved once, every address is checked, and the connection goes to a checked address only, while TLS
still verifies the name. Nothing else in kernel and plugins may open an HTTP connection; the linter says so.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import time
import zlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, Final

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from ..base.errors import Problem
from ..base.i18n import _
from ..base.log import get_logger
from ..base.runtime import runtime
from ..base.tracing import span

__all__ = ["Answer", "OutboundFailed", "OutboundRefused", "check", "fetch", "is_public"]

log = get_logger(__name__)

Address = IPv4Address | IPv6Address

_CONNECT: Final = 3.0
_CHUNK: Final = 16_384
_PORTS: Final = frozenset({80, 443})
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_VALUE: Final = re.compile(r"[\t\x20-\x7e\x80-\uffff]*")
#: The connection's own business.
_OURS: Final = frozenset({"host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer"})
#: What must not follow a redirect to another origin.
_SECRET_HEADERS: Final = ("Authorization", "Cookie", "Proxy-Authorization")
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})

_NAT64: Final = ip_network("64:ff9b::/96")
_GLOBAL_V6: Final = ip_network("2000::/3")
#: Not for us, though the standard library's `is_global` lets some of them pass in some of its versions.
_NEVER: Final = tuple(
    ip_network(text)
    for text in (
        "192.0.0.0/24",  # protocol assignments, also a cloud's metadata
        "192.88.99.0/24",  # relays of 6to4
        "168.63.129.16/32",  # a cloud's metadata on a public number
        "2001::/23",  # Teredo, ORCHID, benchmarks
        "2002::/16",  # 6to4: hides any v4 address
        "3fff::/20",  # documentation
    )
)
# Its own threads: a name server that dawdles must not use up those in which passwords are hashed.
_names = ThreadPoolExecutor(4, thread_name_prefix="outbound-names")


class OutboundRefused(Problem):
    """We do not go there. `detail` is a sentence for whoever typed the address."""

    status = 422


class OutboundFailed(Problem):
    """We went and got no whole answer. `reason`: name, connect, tls, timeout, too_large, protocol or redirects."""

    status = 502

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer of any status; `body` is decompressed. `clipped`: the body went on behind the limit."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes
    clipped: bool = False


def is_public(address: Address) -> bool:
    """May we talk to it: a global unicast address, also after undoing what embeds a v4 address in a v6 one."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address in _NAT64:
            return is_public(IPv4Address(int(address) & 0xFFFFFFFF))
        if address not in _GLOBAL_V6:
            return False
    if any(address in network for network in _NEVER if network.version == address.version):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


async def fetch(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    timeout: float = 5.0,  # noqa: ASYNC109  all of it: name, connection, redirects, answer
    limit: int = 1_000_000,
    clip: bool = False,
    redirects: int = 0,
    plain_http: bool = False,
    purpose: str = "",
) -> Answer:
    """Ask `url` with any method and return whatever it answers; a redirect is an answer unless `redirects` > 0.

    At most `limit` bytes of body are read, counted after decompression; more is a failure, or cut off with `clip`.
    `plain_http` permits http besides https. `purpose` is for the log, which gets the host but no path and no header.
    Every hop of a redirect is checked anew; secrets do not travel to another origin.
    Raises OutboundRefused before anything is sent to that hop, OutboundFailed without a whole answer.
    """
    asked = _Asked(method, CIMultiDict(headers or {}), body, limit, clip)
    _check_request(asked)
    target, started = _parse(url), time.monotonic()
    result = "failed"
    try:
        async with asyncio.timeout(timeout):
            answer = await _follow(asked, target, redirects, plain_http)
        result = str(answer.status)
        return answer
    except TimeoutError as exc:
        result = "timeout"
        raise OutboundFailed(
            "timeout", _("No answer within {seconds} seconds.").format(seconds=f"{timeout:g}")
        ) from exc
    except OutboundRefused:
        result = "refused"
        raise
    except OutboundFailed as exc:
        result = exc.reason
        raise
    finally:
        spent = {"purpose": purpose, "result": result, "ms": round((time.monotonic() - started) * 1000)}
        log.info("outbound %s %s", method, target.host, extra=spent)


async def check(url: str, *, plain_http: bool = False) -> None:
    """Would `fetch` go there now? Raises OutboundRefused or OutboundFailed; sends nothing but a name query."""
    target = _parse(url)
    try:
        async with asyncio.timeout(_CONNECT):
            await _addresses(target, plain_http)
    except TimeoutError as exc:
        raise OutboundFailed("name", _("The host name cannot be looked up just now.")) from exc


# --- what is asked ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Asked:
    method: str
    headers: CIMultiDict[str]
    body: bytes | None
    limit: int
    clip: bool


def _check_request(asked: _Asked) -> None:
    if not _TOKEN.fullmatch(asked.method):
        raise OutboundRefused(_("That is not a method of HTTP."))
    for name, value in asked.headers.items():
        if not _TOKEN.fullmatch(name) or not _VALUE.fullmatch(value) or name.lower() in _OURS:
            raise OutboundRefused(_("A header of that request is not allowed."))


def _parse(text: str) -> URL:
    """The address, or why not. No I/O."""
    if len(text) > 2000 or any(ord(c) <= 32 or ord(c) == 127 for c in text) or "\\" in text:
        raise OutboundRefused(_("That is not a web address."))
    try:
        url = URL(text)
        host, port = url.raw_host, url.port
    except ValueError:
        raise OutboundRefused(_("That is not a web address.")) from None
    if url.scheme not in ("http", "https") or not host or port is None:
        raise OutboundRefused(_("That is not a web address: it begins with https://."))
    if url.user is not None or url.password is not None:
        raise OutboundRefused(_("The address must not contain a user name or password."))
    if _number(host) and _literal(host) is None:
        raise OutboundRefused(_("That is not a web address."))  # 127.1, 0x7f.1: read differently by everybody
    return url.with_fragment(None)


def _number(host: str) -> bool:
    last = host.rstrip(".").rpartition(".")[2]
    return last.isdigit() or last.lower().startswith("0x")


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


async def lookup(host: str, port: int) -> list[Address]:
    """Every address of a name, in the system's order. The tests' way to play name server."""
    loop = asyncio.get_running_loop()
    found = await loop.run_in_executor(_names, socket.getaddrinfo, host, port, 0, socket.SOCK_STREAM)
    return list(dict.fromkeys(ip_address(str(entry[4][0])) for entry in found))


async def _addresses(url: URL, plain_http: bool) -> list[Address]:
    """Those addresses of the host that we may connect to with this scheme and port; at least one."""
    config, host, port = runtime().config, url.raw_host or "", url.port or 0
    literal = _literal(host)
    try:
        found = [literal] if literal is not None else await lookup(host, port)
    except (OSError, UnicodeError) as exc:
        raise OutboundFailed("name", _("There is no host of that name.")) from exc
    named = [a for a in found if any(a in n for n in config.outbound_allow if n.version == a.version)]
    if named:  # the operator answers for these networks: any scheme and port
        return named
    if url.scheme != "https" and not plain_http:
        raise OutboundRefused(_("The address must begin with https://."))
    if port not in _PORTS and port not in config.outbound_ports:
        raise OutboundRefused(_("Port {port} is not allowed here.").format(port=port))
    public = [a for a in found if is_public(a)]
    if not public:
        raise OutboundRefused(_("That address belongs to a private network, which we do not call."))
    return public


# --- going there --------------------------------------------------------------------------------------------------


async def _follow(asked: _Asked, url: URL, redirects: int, plain_http: bool) -> Answer:
    for hop in range(redirects + 1):
        with span(f"outgoing {asked.method}", host=url.host or ""):
            answer = await _once(asked, url, await _addresses(url, plain_http))
        place = answer.headers.get("Location", "")
        if answer.status not in _REDIRECTS or not place or not redirects:
            return answer
        if hop < redirects:
            to = _next(url, place)
            asked, url = _sent_on(asked, answer.status, same_origin=to.origin() == url.origin()), to
    raise OutboundFailed("redirects", _("The server sends us on too many times."))


def _next(url: URL, place: str) -> URL:
    try:
        to = url.join(URL(place))
    except ValueError as exc:
        raise OutboundFailed("protocol", _("The server sent an answer that cannot be read.")) from exc
    if to.scheme == "http" and url.scheme == "https":
        raise OutboundRefused(_("The server sends us on to an address that is not encrypted."))
    return _parse(str(to))


def _sent_on(asked: _Asked, status: int, *, same_origin: bool) -> _Asked:
    """The request for the next hop, as browsers do it; methods other than POST keep their body (CalDAV)."""
    headers = asked.headers.copy()
    if not same_origin:
        for name in _SECRET_HEADERS:
            headers.popall(name, None)
    if status == 303 or (status in (301, 302) and asked.method == "POST"):
        headers.popall("Content-Type", None)
        return _Asked("GET", headers, None, asked.limit, asked.clip)
    return _Asked(asked.method, headers, asked.body, asked.limit, asked.clip)


class _Pinned(AbstractResolver):
    """Answers with the addresses that were checked, whatever the name server says meanwhile."""

    def __init__(self, addresses: list[Address]) -> None:
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host=str(address),
                port=port,
                family=socket.AF_INET6 if address.version == 6 else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address in self._addresses
        ]

    async def close(self) -> None:
        """Nothing is held."""


def _connector(addresses: list[Address]) -> aiohttp.TCPConnector:
    def open_socket(info: tuple[Any, ...]) -> socket.socket:
        # The second lock: whatever path led here, no socket is made for an address that was not checked.
        if ip_address(str(info[4][0])) not in addresses:
            raise OSError("address was not checked")
        return socket.socket(info[0], info[1], info[2])

    return aiohttp.TCPConnector(
        resolver=_Pinned(addresses), use_dns_cache=False, force_close=True, socket_factory=open_socket, ssl=_tls()
    )


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


async def _once(asked: _Asked, url: URL, addresses: list[Address]) -> Answer:
    headers = CIMultiDict({"User-Agent": "Greenroom", "Accept": "*/*", "Accept-Encoding": "gzip, deflate"})
    headers.update(asked.headers)
    try:
        # A session of its own: no cookie, connection or proxy setting of one tenant's request serves another's.
        async with (
            aiohttp.ClientSession(
                connector=_connector(addresses),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT),
            ) as session,
            session.request(asked.method, url, headers=headers, data=asked.body, allow_redirects=False) as got,
        ):
            body, clipped = await _read(got, asked)
            return Answer(got.status, got.headers, body, clipped)
    except (aiohttp.ClientSSLError, ssl.SSLError) as exc:
        raise OutboundFailed("tls", _("The server's certificate is not valid for that name.")) from exc
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as exc:
        raise OutboundFailed("connect", _("The server cannot be reached.")) from exc
    except (aiohttp.ClientError, OSError, zlib.error, ValueError) as exc:
        if isinstance(exc, TimeoutError):
            raise
        raise OutboundFailed("protocol", _("The server sent an answer that cannot be read.")) from exc


async def _read(got: aiohttp.ClientResponse, asked: _Asked) -> tuple[bytes, bool]:
    """The body up to the limit, unpacked bit by bit so that a small bomb never becomes big."""
    coding = got.headers.get("Content-Encoding", "identity").strip().lower()
    if coding not in ("", "identity", "gzip", "x-gzip", "deflate"):
        raise ValueError(f"content coding {coding[:40]!r}")
    # 47: gzip or zlib, whichever the data begins with. A bare deflate stream, as some send, begins with neither.
    unpack: Any = None if coding in ("", "identity") else zlib.decompressobj(47)
    whole, wire = bytearray(), 0
    async for chunk in got.content.iter_chunked(_CHUNK):
        wire += len(chunk)
        if unpack is None:
            whole += chunk
        else:
            whole += unpack.decompress(chunk, asked.limit + 1 - len(whole))
        if len(whole) > asked.limit or wire > asked.limit + _CHUNK or (unpack is not None and unpack.unconsumed_tail):
            if asked.clip:
                return bytes(whole[: asked.limit]), True
            raise OutboundFailed("too_large", _("The answer is larger than we accept."))
    if unpack is not None and whole and not unpack.eof:
        raise ValueError("compressed body ends early")
    return bytes(whole), False
