"""The transport under a guarded client: resolves a host once, checks its addresses, and connects to those it checked.

A client that checks a name and then connects to it resolves twice, and a hostile DNS server answers differently the
second time (DNS rebinding). Here the connection is made to the checked address; TLS and ``Host`` keep the name.
"""

from __future__ import annotations

import contextlib
import math
import ssl
import time
from collections.abc import Iterable
from contextvars import ContextVar
from typing import Any, Final

import httpcore
import httpx

from services.outbound.addresses import AddressGuard

_deadline: Final[ContextVar[float]] = ContextVar("deadline", default=math.inf)  # monotonic clock, s


class GuardedTransport(httpx.HTTPTransport):
    """A transport to allowed addresses only. Each request has ``total_s`` seconds until the end of its answer.

    The body of an answer has to be read by the thread that sent the request, before that sends another one.
    """

    def __init__(self, guard: AddressGuard, ssl_context: ssl.SSLContext, total_s: float) -> None:
        """Connect through ``guard``. Proxies and other settings of the environment are ignored."""
        super().__init__(verify=ssl_context, trust_env=False)
        self._total_s = total_s
        # HTTPX has no parameter for the network backend of its pool, which HTTPCore documents.
        self._pool = httpcore.ConnectionPool(
            ssl_context=ssl_context, network_backend=_GuardedBackend(guard), keepalive_expiry=5
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return its answer, whose body is still to be read."""
        _deadline.set(time.monotonic() + self._total_s)
        return super().handle_request(request)


class _GuardedBackend(httpcore.NetworkBackend):
    """Opens connections to the addresses that the guard resolved and checked."""

    def __init__(self, guard: AddressGuard) -> None:
        self._guard = guard
        self._backend = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        try:
            addresses = self._guard.resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"{host}: {getattr(error, 'strerror', None) or error}") from error
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in addresses:
            try:
                stream = self._backend.connect_tcp(address, port, _left_s(timeout), local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _BoundedStream(stream)
        raise failure


class _BoundedStream(httpcore.NetworkStream):
    """A connection on which every step ends at the deadline of the request at the latest."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left_s(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left_s(timeout))

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _BoundedStream(self._stream.start_tls(ssl_context, server_hostname, _left_s(timeout)))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left_s(timeout: float | None) -> float:
    """Return the seconds that a step may take. Raises `httpcore.ReadTimeout` once the request's time is over."""
    left_s = _deadline.get() - time.monotonic()
    if left_s <= 0:
        raise httpcore.ReadTimeout("the request took longer than `outbound.total_s`")
    return left_s if timeout is None else min(timeout, left_s)
