"""Around each request: its ID on every log line and on the answer; its count, time and, for a push, refusal in the metrics."""

from __future__ import annotations

import re
import time
import uuid
from typing import Final

import structlog
from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.api.long_poll import waits
from services.api.problems import code_of
from services.metrics import ApiMetrics

REQUEST_ID: Final = "X-Request-ID"
_QUIET: Final = frozenset({"/healthz", "/readyz", "/metrics"})
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})
_ACCEPTABLE: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}")


class RequestLogMiddleware:
    """ASGI middleware, the outermost. Counts by route, never by path, so that labels stay few.

    A client's ``X-Request-ID`` is kept if it is a plain word of at most 64 characters; else the request gets one.
    """

    def __init__(self, app: ASGIApp, metrics: ApiMetrics, pushes: frozenset[str]) -> None:
        """Wrap ``app``; ``pushes`` are the paths whose problems are articles refused."""
        self._app = app
        self._metrics = metrics
        self._pushes = pushes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and observe its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        structlog.contextvars.bind_contextvars(request=request_id)
        status = 500

        async def observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[REQUEST_ID] = request_id
            await send(message)

        if scope["path"] in _QUIET:
            await self._app(scope, receive, observed)
            return
        began = time.perf_counter()
        waited = waits()
        self._metrics.in_flight.inc()
        try:
            await self._app(scope, receive, observed)
        finally:
            self._metrics.in_flight.dec()
            method = scope["method"] if scope["method"] in _METHODS else "other"
            answered_early = scope["path"] if scope["path"] in self._pushes and method == "POST" else "none"
            route = getattr(scope.get("route"), "path_format", answered_early)
            self._metrics.requests.labels(method, route, str(status)).inc()
            self._metrics.seconds.labels(method, route).observe(max(0.0, time.perf_counter() - began - sum(waited)))
            code = code_of(scope)
            if code is not None and method == "POST" and scope["path"] in self._pushes:
                self._metrics.refused.labels(code).inc()


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _ACCEPTABLE.fullmatch(value):
            return str(value.decode())
    return uuid.uuid4().hex


async def name_the_subject(request: Request) -> None:
    """Put the job or article that a path names on the request's log lines. Asynchronous, so that it runs in their context."""
    for parameter, word in (("job_id", "job"), ("article_id", "article")):
        if parameter in request.path_params:
            structlog.contextvars.bind_contextvars(**{word: str(request.path_params[parameter])[:64]})
