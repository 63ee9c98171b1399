"""Out over HTTP: never into our own network, never for long, never for much."""

from __future__ import annotations

import asyncio
import gzip
import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from kernel.base.config import Config, load_config
from kernel.base.runtime import Runtime, use_runtime
from kernel.engines import outbound
from kernel.engines.outbound import OutboundFailed, OutboundRefused, fetch

Serve = Callable[[Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[TestServer]]


def config(tmp_path: Path, **env: str) -> Config:
    return load_config(env, mode="test", data=tmp_path)


@pytest.fixture(autouse=True)
def loopback(tmp_path: Path) -> Iterator[None]:
    """127.0.0.0/8 may be called, as tests and developers need it."""
    with use_runtime(Runtime(config(tmp_path, GREENROOM_OUTBOUND_ALLOW="127.0.0.0/8"))):
        yield


@pytest.fixture
def strict(tmp_path: Path) -> Iterator[None]:
    """As it is in production."""
    with use_runtime(Runtime(config(tmp_path))):
        yield


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    running: list[TestServer] = []

    async def start(handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> TestServer:
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", handler)
        server = TestServer(app)
        await server.start_server()
        running.append(server)
        return server

    yield start
    for server in running:
        await server.close()


def names(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """A name server that answers these lists in turn, the last one for ever; returns what it was asked."""
    asked: list[str] = []

    async def lookup(host: str, port: int) -> list[outbound.Address]:
        asked.append(host)
        return [ip_address(text) for text in answers[min(len(asked), len(answers)) - 1]]

    monkeypatch.setattr(outbound, "lookup", lookup)
    return asked


PRIVATE = (
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254",
    "169.254.169.254", "169.254.170.2", "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.0.192", "192.0.2.1",
    "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255",
    "240.0.0.1", "255.255.255.255", "168.63.129.16",
    "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::7f00:1", "100::1", "2001::1", "2001:10::1", "2001:db8::1",
    "2002:7f00:1::1", "2002:a9fe:a9fe::1", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1",
    "fe80::1%1", "fec0::1", "ff02::1",
)  # fmt: skip
PUBLIC = ("1.1.1.1", "8.8.8.8", "93.184.216.34", "2606:4700::1111", "2a00:1450::200e", "::ffff:8.8.8.8",
          "64:ff9b::808:808")  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
async def test_private_addresses_are_refused(strict: None, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    assert not outbound.is_public(ip_address(address))
    names(monkeypatch, [address])
    with pytest.raises(OutboundRefused, match="private network"):
        await fetch("GET", "https://innocent.example/")
    literal = f"[{address.partition('%')[0]}]" if ":" in address else address
    with pytest.raises(OutboundRefused):
        await fetch("GET", f"https://{literal}/")


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_pass(address: str) -> None:
    assert outbound.is_public(ip_address(address))


def test_no_private_network_slips_through_at_its_edges() -> None:
    for text in ("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16",
                 "224.0.0.0/4", "240.0.0.0/4", "fc00::/7", "fe80::/10", "ff00::/8", "2002::/16"):  # fmt: skip
        network = ip_network(text)
        assert not outbound.is_public(network[0])
        assert not outbound.is_public(network[-1])


@pytest.mark.parametrize(
    "url",
    [
        "", "nonsense", "//host/x", "/path", "ftp://example.com/", "file:///etc/passwd", "gopher://example.com/",
        "https://", "https:///x", "https://user:pw@example.com/", "https://user@example.com/",
        "https://exa mple.com/", "https://example.com/\r\nX: y", "https://example.com\\@127.0.0.1/",
        "https://example.com:99999/", "https://127.1/", "https://2130706433/", "https://0x7f000001/",
        "https://0177.0.0.1/", "https://0x7f.1/", "https://[::1", "https://example.com/" + "x" * 3000,
    ],
)  # fmt: skip
async def test_odd_addresses_are_refused(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    asked = names(monkeypatch, ["127.0.0.1"])
    with pytest.raises(OutboundRefused) as caught:
        await fetch("GET", url)
    assert caught.value.detail
    assert asked == []


async def test_plain_http_and_other_ports_are_refused(
    strict: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    names(monkeypatch, ["93.184.216.34"])
    with pytest.raises(OutboundRefused, match="https"):
        await outbound.check("http://example.com/")
    await outbound.check("http://example.com/", plain_http=True)
    for port in (22, 25, 6379, 8443):
        with pytest.raises(OutboundRefused, match=str(port)):
            await outbound.check(f"https://example.com:{port}/")
    with use_runtime(Runtime(config(tmp_path, GREENROOM_OUTBOUND_PORTS="8443"))):
        await outbound.check("https://example.com:8443/")


async def test_of_mixed_addresses_only_public_ones_are_used(strict: None, monkeypatch: pytest.MonkeyPatch) -> None:
    names(monkeypatch, ["10.0.0.1", "93.184.216.34", "::1"])
    url = outbound._parse("https://example.com/")
    assert [str(a) for a in await outbound._addresses(url, False)] == ["93.184.216.34"]


async def test_rebinding_does_not_help(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name is asked for once; the connection goes to what was checked, not to a later answer."""

    async def hello(request: web.Request) -> web.Response:
        return web.Response(text=request.host)

    server = await serve(hello)
    asked = names(monkeypatch, ["127.0.0.1"], ["127.0.0.9"])
    answer = await fetch("GET", f"http://rebinder.example:{server.port}/")
    assert answer.body.decode() == f"rebinder.example:{server.port}"
    assert asked == ["rebinder.example"]


async def test_no_socket_is_made_for_an_unchecked_address() -> None:
    connector = outbound._connector([ip_address("93.184.216.34")])
    factory = connector._socket_factory
    assert factory is not None
    with pytest.raises(OSError, match="not checked"):
        factory((2, 1, 6, "", ("127.0.0.1", 443)))
    await connector.close()


async def test_any_method_headers_and_bytes_go_through(serve: Serve) -> None:
    async def echo(request: web.Request) -> web.Response:
        seen = f"{request.method} {request.headers['Depth']} {(await request.read()).decode()}"
        return web.Response(status=207, text=seen, headers={"ETag": '"1"'})

    server = await serve(echo)
    for method in ("PROPFIND", "REPORT", "PATCH", "PUT", "DELETE", "MKCALENDAR"):
        answer = await fetch(method, str(server.make_url("/dav/")), headers={"Depth": "1"}, body=b"<x/>")
        assert (answer.status, answer.headers["etag"], answer.body) == (207, '"1"', f"{method} 1 <x/>".encode())


@pytest.mark.parametrize(
    "headers", [{"X-A": "b\r\nEvil: 1"}, {"X\nA": "b"}, {"Host": "127.0.0.1"}, {"Content-Length": "3"}, {"": "x"}]
)
async def test_headers_cannot_smuggle(headers: dict[str, str]) -> None:
    with pytest.raises(OutboundRefused):
        await fetch("GET", "https://example.com/", headers=headers)
    with pytest.raises(OutboundRefused):
        await fetch("GET /x HTTP/1.1\r\n", "https://example.com/")


async def test_a_redirect_is_an_answer(serve: Serve) -> None:
    async def away(request: web.Request) -> web.Response:
        raise web.HTTPFound("http://169.254.169.254/latest/")

    server = await serve(away)
    assert (await fetch("GET", str(server.make_url("/")))).status == 302
    with pytest.raises(OutboundRefused):
        await fetch("GET", str(server.make_url("/")), redirects=3)


async def test_redirects_are_bounded_and_lose_secrets(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    names(monkeypatch, ["127.0.0.1"])
    seen: list[tuple[str, str | None, bytes]] = []

    async def hop(request: web.Request) -> web.Response:
        seen.append((request.path, request.headers.get("Authorization"), await request.read()))
        match request.path:
            case "/a":
                raise web.HTTPPermanentRedirect("/b")
            case "/b":
                raise web.HTTPTemporaryRedirect(f"http://other.example:{request.url.port}/c")
            case "/loop":
                raise web.HTTPFound("/loop")
        return web.Response(text="here")

    server = await serve(hop)
    secret = {"Authorization": "Basic eDp5"}
    answer = await fetch("PROPFIND", str(server.make_url("/a")), headers=secret, body=b"q", redirects=2)
    assert answer.body == b"here"
    assert seen == [("/a", "Basic eDp5", b"q"), ("/b", "Basic eDp5", b"q"), ("/c", None, b"q")]
    with pytest.raises(OutboundFailed) as caught:
        await fetch("GET", str(server.make_url("/loop")), redirects=3)
    assert caught.value.reason == "redirects"


async def test_size_is_capped_on_the_wire_and_unpacked(serve: Serve) -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)

    async def big(request: web.Request) -> web.StreamResponse:
        if request.path == "/bomb":
            return web.Response(body=bomb, headers={"Content-Encoding": "gzip"})
        if request.path == "/fine":
            return web.Response(body=gzip.compress(b"calendar" * 100), headers={"Content-Encoding": "gzip"})
        if request.path == "/torn":
            return web.Response(body=bomb[:40], headers={"Content-Encoding": "gzip"})
        if request.path == "/odd":
            return web.Response(body=b"x", headers={"Content-Encoding": "br"})
        return web.Response(body=b"x" * 5_000_000)

    server = await serve(big)
    for path in ("/big", "/bomb"):
        with pytest.raises(OutboundFailed) as caught:
            await fetch("GET", str(server.make_url(path)), limit=100_000)
        assert caught.value.reason == "too_large"
        answer = await fetch("GET", str(server.make_url(path)), limit=1000, clip=True)
        assert (len(answer.body), answer.clipped) == (1000, True)
    answer = await fetch("GET", str(server.make_url("/fine")), limit=800)
    assert (answer.body, answer.clipped) == (b"calendar" * 100, False)
    for path in ("/torn", "/odd"):
        with pytest.raises(OutboundFailed) as caught:
            await fetch("GET", str(server.make_url(path)))
        assert caught.value.reason == "protocol"


async def test_a_dripping_or_silent_server_is_left(serve: Serve) -> None:
    async def drip(request: web.Request) -> web.StreamResponse:
        if request.path == "/silent":
            await asyncio.sleep(30)
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b".")
            await asyncio.sleep(0.02)

    server = await serve(drip)
    for path in ("/drip", "/silent"):
        with pytest.raises(OutboundFailed) as caught:
            await fetch("GET", str(server.make_url(path)), timeout=0.3)
        assert caught.value.reason == "timeout"


async def test_a_slow_name_server_counts_too(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(host: str, port: int) -> list[outbound.Address]:
        await asyncio.sleep(30)
        return []

    monkeypatch.setattr(outbound, "lookup", never)
    with pytest.raises(OutboundFailed) as caught:
        await fetch("GET", "https://slow.example/", timeout=0.2)
    assert caught.value.reason == "timeout"


@pytest.mark.parametrize("raw", [b"", b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"])
async def test_nonsense_is_a_failure(raw: bytes) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(raw)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(OutboundFailed) as caught:
            await fetch("GET", f"http://127.0.0.1:{port}/")
    assert caught.value.reason == "protocol"
    with pytest.raises(OutboundFailed) as caught:  # and now nobody listens there
        await fetch("GET", f"http://127.0.0.1:{port}/")
    assert caught.value.reason == "connect"


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return folder / "cert.pem", folder / "key.pem"


async def test_tls_verifies_the_name_though_the_address_is_pinned(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    cert, key = certificate(tmp_path, "hooks.example")
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.load_cert_chain(cert, key)
    ours = ssl.create_default_context(cafile=str(cert))
    names(monkeypatch, ["127.0.0.1"])

    async def hello(request: web.Request) -> web.Response:
        return web.Response(text="sealed")

    app = web.Application()
    app.router.add_get("/", hello)
    server = TestServer(app, scheme="https")
    await server.start_server(ssl=theirs)
    try:
        with pytest.raises(OutboundFailed) as caught:  # nobody we trust signed it
            await fetch("GET", f"https://hooks.example:{server.port}/")
        assert caught.value.reason == "tls"
        monkeypatch.setattr(outbound, "_tls", lambda: ours)
        assert (await fetch("GET", f"https://hooks.example:{server.port}/")).body == b"sealed"
        with pytest.raises(OutboundFailed) as caught:
            await fetch("GET", f"https://else.example:{server.port}/")
        assert caught.value.reason == "tls"
    finally:
        await server.close()


async def test_proxies_and_cookies_are_nobodys(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    cookies: list[str | None] = []

    async def bake(request: web.Request) -> web.Response:
        cookies.append(request.headers.get("Cookie"))
        answer = web.Response()
        answer.set_cookie("tenant", "a")
        return answer

    server = await serve(bake)
    for _ in range(2):
        assert (await fetch("GET", str(server.make_url("/")))).status == 200
    assert cookies == [None, None]


async def test_the_log_tells_where_but_no_secret(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    async def hello(request: web.Request) -> web.Response:
        return web.Response()

    server = await serve(hello)
    with caplog.at_level(logging.INFO, "kernel.engines.outbound"):
        await fetch("POST", str(server.make_url("/hook/T0P?k=S3C")), headers={"Authorization": "x"}, purpose="webhook")
    [line] = [r for r in caplog.records if r.name == "kernel.engines.outbound"]
    assert line.getMessage() == "outbound POST 127.0.0.1"
    assert (line.__dict__["purpose"], line.__dict__["result"]) == ("webhook", "200")
    assert "T0P" not in str(line.__dict__) and "S3C" not in str(line.__dict__)
