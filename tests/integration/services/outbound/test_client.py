from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.outbound.addresses import AddressNotAllowed
from services.outbound.client import AnswerTooLarge, fetch, guarded_client
from services.settings import Outbound
from tests.support.proxies import NAME, make_certificate
from tests.support.web_server import Reply, Request, WebServer, run_web_server

HERE = Outbound(allow_networks="127.0.0.1/32")


@pytest.fixture
def web() -> Iterator[WebServer]:
    with run_web_server() as server:
        yield server


def get(url: str, settings: Outbound = HERE, max_bytes: int = 1_000, **options: Any) -> Any:
    with guarded_client(settings, **options) as client:
        return fetch(client, client.build_request("GET", url), max_bytes)


def test_loopback_is_refused_before_anything_is_sent(web: WebServer) -> None:
    for host in ("127.0.0.1", "localhost", "2130706433", "[::ffff:127.0.0.1]"):
        with pytest.raises(AddressNotAllowed, match="is not a public address"):
            get(web.url(host=host), Outbound())
    assert web.requests == []


def test_host_that_is_resolved_to_another_address_later_is_connected_to_the_checked_one(
    web: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve = socket.getaddrinfo
    asked: list[str] = []

    def rebind(host: Any, *arguments: Any, **options: Any) -> Any:
        if host != "rebinding.example":
            return resolve(host, *arguments, **options)
        asked.append(host)
        return resolve("127.0.0.1" if len(asked) == 1 else "127.0.0.2", *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", rebind)
    assert get(web.url(host="rebinding.example")).status == 200
    assert asked == ["rebinding.example"]
    assert web.requests[0].headers["Host"] == f"rebinding.example:{web.port}"


def test_redirect_to_an_address_that_is_not_allowed_is_refused(web: WebServer) -> None:
    web.answer = lambda _request: Reply(status=302, headers={"Location": web.url(host="127.0.0.2")})
    with pytest.raises(AddressNotAllowed, match=r"127\.0\.0\.2"):
        get(web.url(), follow_redirects=True)


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/x"])
def test_redirect_to_another_scheme_is_refused(web: WebServer, location: str) -> None:
    web.answer = lambda _request: Reply(status=301, headers={"Location": location})
    with pytest.raises(httpx.UnsupportedProtocol, match="is not an address of http or https"):
        get(web.url(), follow_redirects=True)


def test_certificate_is_checked_for_the_name_and_not_for_the_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda _host, *rest, **options: resolve("127.0.0.1", *rest, **options))
    certificate = make_certificate(tmp_path)
    settings = Outbound(allow_networks="127.0.0.1", ca_file=certificate[0])
    with run_web_server(certificate=certificate) as secure:
        assert get(f"https://{NAME}:{secure.port}/", settings, https_only=True).status == 200
        with pytest.raises(httpx.ConnectError, match=r"certificate is not valid for 'other\.example'"):
            get(f"https://other.example:{secure.port}/", settings)
        with pytest.raises(httpx.ConnectError, match=r"self-signed certificate"):
            get(f"https://{NAME}:{secure.port}/")


def test_plain_http_is_refused_where_only_https_is_wanted(web: WebServer) -> None:
    with pytest.raises(httpx.UnsupportedProtocol, match="is not an address of https"):
        get(web.url(), https_only=True)


def test_redirects_are_followed_to_the_end_and_bounded(web: WebServer) -> None:
    def count_down(request: Request) -> Reply:
        left = int(request.path.strip("/"))
        return Reply(status=307, headers={"Location": f"/{left - 1}"}) if left else Reply(b"here")

    web.answer = count_down
    answer = get(web.url("/3"), follow_redirects=True)
    assert (answer.body, answer.url, len(answer.history)) == (b"here", web.url("/0"), 3)
    with pytest.raises(httpx.TooManyRedirects):
        get(web.url("/9"), follow_redirects=True)


def test_redirect_is_not_followed_unless_asked_for(web: WebServer) -> None:
    web.answer = lambda _request: Reply(status=302, headers={"Location": "/other"})
    assert get(web.url()).status == 302


def test_proxy_and_credentials_of_the_environment_are_ignored(web: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert get(web.url()).status == 200


@pytest.mark.parametrize("is_compressed", [False, True])
def test_answer_larger_than_allowed_is_not_read(web: WebServer, *, is_compressed: bool) -> None:
    body = b"a" * 5_000_000
    headers = {"Content-Encoding": "gzip"} if is_compressed else {}
    web.answer = lambda _request: Reply(gzip.compress(body) if is_compressed else body, headers=headers)
    with pytest.raises(AnswerTooLarge, match="larger than 1000000 bytes"):
        get(web.url(), max_bytes=1_000_000)


def test_compressed_answer_is_decompressed(web: WebServer) -> None:
    web.answer = lambda _request: Reply(gzip.compress(b"abc"), headers={"Content-Encoding": "gzip"})
    assert get(web.url()).body == b"abc"


@pytest.mark.parametrize(
    ("body", "encoding"),
    [(b"no gzip", "gzip"), (gzip.compress(b"abc")[:-9], "gzip"), (b"", "br")],
    ids=["not-gzip", "truncated", "unknown-coding"],
)
def test_answer_that_cannot_be_decompressed_is_an_error(web: WebServer, body: bytes, encoding: str) -> None:
    web.answer = lambda _request: Reply(body, headers={"Content-Encoding": encoding})
    with pytest.raises(httpx.DecodingError):
        get(web.url())


def test_answer_that_trickles_ends_with_the_time_of_the_whole_request() -> None:
    with trickle() as port, pytest.raises(httpx.ReadTimeout):
        get(f"http://127.0.0.1:{port}/", Outbound(allow_networks="127.0.0.0/8", total_s=0.2))


def test_host_that_does_not_exist_is_an_error_that_names_it() -> None:
    with pytest.raises(httpx.ConnectError, match=r"nowhere\.invalid"):
        get("http://nowhere.invalid/")


@contextmanager
def trickle() -> Iterator[int]:
    """Answer with a header that never ends, a byte at a time."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ended = threading.Event()

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
                while not ended.wait(0.02):
                    try:
                        connection.sendall(b"a")
                    except OSError:
                        return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        ended.set()
        thread.join()
