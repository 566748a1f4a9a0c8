"""Bytes that no HTTP client library sends: malformed and incomplete requests on the socket."""

from __future__ import annotations

import contextlib
import socket
import time
from typing import Final
from urllib.parse import urlsplit

import httpx
import pytest

from tests.hostile.service import Service

BODY: Final = b'{"body": "The minister said no."}'
HEAD: Final = (
    b"POST /v1/articles HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"  # the key is inserted after HOST
)
HOST: Final = b"Host: x\r\n"
CLOSE: Final = b"Connection: close\r\n"
CHUNKED: Final = HEAD + CLOSE + b"Transfer-Encoding: chunked\r\n\r\n"


def head_with_length(number: bytes) -> bytes:
    return HEAD + CLOSE + b"Content-Length: " + number + b"\r\n\r\n"


def chunked_body(*pieces: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (*pieces, b""))


# The bytes to send, and the allowed statuses of the answer.
WIRE: Final[dict[str, tuple[bytes, set[int]]]] = {
    "right": (head_with_length(b"%d" % len(BODY)) + BODY, {200, 202}),
    "chunked": (CHUNKED + chunked_body(BODY), {200, 202}),
    "chunked-byte-by-byte": (CHUNKED + chunked_body(*(BODY[i : i + 1] for i in range(len(BODY)))), {200, 202}),
    "chunked-bad-size": (CHUNKED + b"zz\r\n" + BODY, {400}),
    "chunked-negative-size": (CHUNKED + b"-5\r\n" + BODY, {400}),
    "chunked-huge-size": (CHUNKED + b"f" * 40 + b"\r\n" + BODY, {400}),
    "chunked-too-large": (CHUNKED + chunked_body(*[b"a" * 100_000] * 110), {413}),
    "chunked-extensions": (CHUNKED + b"%x;%s\r\n%s\r\n0\r\n\r\n" % (len(BODY), b"a" * 1000, BODY), {200, 202, 400}),
    "length-too-short": (head_with_length(b"5") + BODY, {400}),
    "length-negative": (head_with_length(b"-1") + BODY, {400}),
    "length-no-number": (head_with_length(b"many") + BODY, {400}),
    "length-huge": (head_with_length(b"9" * 30) + BODY, {400, 413}),
    "length-large": (head_with_length(b"12000000") + BODY, {413}),
    "length-twice": (HEAD + CLOSE + b"Content-Length: 5\r\nContent-Length: 33\r\n\r\n" + BODY, {400}),
    "length-and-chunked": (
        HEAD + CLOSE + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked_body(BODY),
        {400, 200, 202},
    ),
    "transfer-unknown": (HEAD + CLOSE + b"Transfer-Encoding: gzip\r\n\r\n" + BODY, {400, 411, 422, 501}),
    "no-length": (HEAD + CLOSE + b"\r\n", {400}),
    "no-request": (b"hello\r\n\r\n", {400}),
    "empty-lines": (b"\r\n" * 1000 + b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + CLOSE + b"\r\n", {200, 400}),
    "tls": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200, {400}),
    "http-2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400, 404}),
    "version-unknown": (b"GET /healthz HTTP/9.9\r\nHost: x\r\n\r\n", {400, 200, 505}),
    "method-unknown": (b"BREW /v1/articles HTTP/1.1\r\nHost: x\r\n" + CLOSE + b"\r\n", {400, 405}),
    "header-without-colon": (b"GET /healthz HTTP/1.1\r\nHost: x\r\nbroken\r\n\r\n", {400}),
    "header-folded": (b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + CLOSE + b"A: b\r\n c\r\n\r\n", {200, 400}),
    "header-nul": (b"GET /healthz HTTP/1.1\r\nHost: x\r\nA: b\x00c\r\n\r\n", {400}),
    "header-long": (b"GET /healthz HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 200_000 + b"\r\n\r\n", {400, 431, 200}),
    "path-long": (
        b"GET /v1/jobs?guid=" + b"a" * 60_000 + b" HTTP/1.1\r\nHost: x\r\n" + CLOSE + b"\r\n",
        {400, 414, 422},
    ),
    "path-broken-escape": (b"GET /v1/jobs/%zz HTTP/1.1\r\nHost: x\r\n" + CLOSE + b"\r\n", {400, 422}),
    "path-no-utf-8": (b"GET /v1/jobs/%ff%fe HTTP/1.1\r\nHost: x\r\n" + CLOSE + b"\r\n", {400, 404, 422}),
    "path-nul": (b"GET /v1/jobs/%00 HTTP/1.1\r\nHost: x\r\n" + CLOSE + b"\r\n", {400, 404, 422}),
    "path-dots": (b"GET /v1/../../etc/passwd HTTP/1.1\r\nHost: x\r\n" + CLOSE + b"\r\n", {400, 404}),
    "query-no-utf-8": (b"GET /v1/jobs?guid=%ff HTTP/1.1\r\nHost: x\r\n" + CLOSE + b"\r\n", {200, 422}),
    "query-nul": (b"GET /v1/jobs?guid=%00 HTTP/1.1\r\nHost: x\r\n" + CLOSE + b"\r\n", {422}),
    "query-surrogate": (b"GET /v1/jobs?guid=%ed%a0%80 HTTP/1.1\r\nHost: x\r\n" + CLOSE + b"\r\n", {200, 422}),
    "query-many": (b"GET /v1/jobs?" + b"a=b&" * 10_000 + b" HTTP/1.1\r\nHost: x\r\n" + CLOSE + b"\r\n", {200, 422}),
    "query-limit-endless": (
        b"GET /v1/jobs?limit=" + b"9" * 5_000 + b" HTTP/1.1\r\nHost: x\r\n" + CLOSE + b"\r\n",
        {422},
    ),
    "idempotency-key-blank": (
        HEAD + CLOSE + b"Idempotency-Key:  \r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY,
        {422},
    ),
    "date-of-five-digits": (b"GET /v1/stances?from=10000-01-01 HTTP/1.1\r\nHost: x\r\n" + CLOSE + b"\r\n", {422}),
    "host-missing": (b"GET /healthz HTTP/1.1\r\n" + CLOSE + b"\r\n", {200, 400}),
    "upgrade": (
        b"GET /v1/jobs HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        {200, 400, 426},
    ),
}


def with_key(service: Service, content: bytes) -> bytes:
    """Insert the admin key after the Host header."""
    return content.replace(HOST, HOST + f"Authorization: Bearer {service.stack.key}\r\n".encode(), 1)


def send(service: Service, content: bytes) -> int:
    """Send bytes; return the status of the answer, or 0 if the connection is closed without one."""
    address = urlsplit(service.url)
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        with contextlib.suppress(
            BrokenPipeError, ConnectionResetError
        ):  # the server may answer before everything is sent
            connection.sendall(with_key(service, content))
        try:
            answer = connection.recv(65_536)
        except ConnectionResetError:
            return 0
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/") else 0


@pytest.mark.parametrize(("content", "statuses"), WIRE.values(), ids=WIRE)
def test_malformed_request_gets_an_allowed_status(service: Service, content: bytes, statuses: set[int]) -> None:
    assert send(service, content) in statuses


@pytest.mark.parametrize(
    "partial", [HEAD, head_with_length(b"100") + BODY, CHUNKED + b"ff\r\nhalf"], ids=["headers", "length", "chunk"]
)
def test_incomplete_requests_do_not_delay_others(service: Service, partial: bytes) -> None:
    address = urlsplit(service.url)
    connections = [socket.create_connection((address.hostname, address.port), timeout=20) for _ in range(50)]
    for connection in connections:
        connection.sendall(with_key(service, partial))
    began = time.monotonic()
    answer = service.stack.client.post("/v1/articles", json={"body": f"The minister said no to {began}."})
    for connection in connections:
        connection.close()
    assert answer.status_code == 202
    assert httpx.get(f"{service.url}/healthz", timeout=20).status_code == 200
    assert "Traceback" not in service.log()
