"""A client for addresses that others named, and the bounded reading of its answers.

Every failure is an `httpx.HTTPError`, or `httpx.InvalidURL` for what is not an address.
"""

from __future__ import annotations

import ssl
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Final

import certifi
import httpx

from services.outbound.addresses import AddressGuard
from services.outbound.transport import GuardedTransport
from services.settings.outbound import Outbound
from services.version import VERSION

USER_AGENT: Final = f"Stancewire/{VERSION}"
_GZIP: Final = zlib.MAX_WBITS | 16
_CHUNK: Final = 65_536
_HTTPS: Final = frozenset({"https"})
_WEB: Final = frozenset({"http", "https"})


class AnswerTooLarge(httpx.DecodingError):
    """An answer is larger than ``outbound.answer_bytes``; the rest of it was not read."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that was read whole. ``url`` is where it came from, after redirects."""

    status: int
    headers: httpx.Headers
    body: bytes
    url: str
    history: tuple[httpx.Response, ...] = ()


def retry_after_s(headers: httpx.Headers) -> float:
    """Return the seconds from now that ``Retry-After`` asks for, as a number or a date; 0 without it."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdecimal():
        return float(value[:9])
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return 0.0


def guarded_client(settings: Outbound, *, follow_redirects: bool = False, https_only: bool = False) -> httpx.Client:
    """Return a client that connects to public addresses only, and to those of ``outbound.allow_networks``.

    The address that was checked is the one that is connected to, at every redirect again. Proxies, credentials and
    certificates of the environment are ignored. An address that is not allowed raises `AddressNotAllowed`, which is an
    `httpx.ConnectError`; another scheme than HTTP raises `httpx.UnsupportedProtocol`. `fetch` reads answers bounded in
    size. Answers are read by the thread that asked; threads may share a client.
    """
    schemes = _HTTPS if https_only else _WEB

    def check_scheme(request: httpx.Request) -> None:
        if request.url.scheme not in schemes:
            allowed = " or ".join(sorted(schemes))
            raise httpx.UnsupportedProtocol(f"{str(request.url)[:200]!r} is not an address of {allowed}")

    context = ssl.create_default_context(cafile=str(settings.ca_file or certifi.where()))
    return httpx.Client(
        transport=GuardedTransport(AddressGuard(settings.allow_networks), context, settings.total_s),
        timeout=httpx.Timeout(settings.read_s, connect=settings.connect_s),
        follow_redirects=follow_redirects,
        max_redirects=settings.redirects,
        trust_env=False,
        headers={"User-Agent": USER_AGENT, "Accept-Encoding": "gzip"},
        event_hooks={"request": [check_scheme]},
    )


def fetch(client: httpx.Client, request: httpx.Request, max_bytes: int) -> Answer:
    """Send a request and return its answer, of at most ``max_bytes`` bytes after decompression.

    Raises `AnswerTooLarge` and any other `httpx.HTTPError`.
    """
    response = client.send(request, stream=True)
    try:
        body = _read(response, max_bytes)
    finally:
        response.close()
    return Answer(response.status_code, response.headers, body, str(response.url), tuple(response.history))


def _read(response: httpx.Response, max_bytes: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    for part in _decoded(response):
        size += len(part)
        if size > max_bytes:
            raise AnswerTooLarge(f"the answer is larger than {max_bytes} bytes", request=response.request)
        parts.append(part)
    return b"".join(parts)


def _decoded(response: httpx.Response) -> Iterator[bytes]:
    """Yield the body in small parts. HTTPX decodes what arrives at once, whatever its size is then."""
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding in {"identity", ""}:
        yield from response.iter_raw(_CHUNK)
        return
    if encoding not in {"gzip", "x-gzip"}:
        raise httpx.DecodingError(f"Content-Encoding {encoding[:60]!r} was not asked for", request=response.request)
    decoder = zlib.decompressobj(_GZIP)
    try:
        for chunk in response.iter_raw(_CHUNK):
            waiting = chunk
            while waiting:
                yield decoder.decompress(waiting, _CHUNK)
                waiting = decoder.unconsumed_tail
        yield decoder.flush()
    except zlib.error as error:
        raise httpx.DecodingError(f"the answer is not gzip: {error}", request=response.request) from error
    if not decoder.eof:
        raise httpx.DecodingError("the compressed answer is cut off", request=response.request)
