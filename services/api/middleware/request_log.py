"""The request ID on log lines and responses, and the metrics of requests: number, time, and refused pushes."""

from __future__ import annotations

import re
import time
import uuid
from typing import Final

import structlog
from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services import tracing
from services.api.long_poll import record_waits
from services.api.problems import problem_code_of
from services.api.push_paths import is_push, is_signed_push
from services.metrics import ApiMetrics

_REQUEST_ID_HEADER: Final = "X-Request-ID"
_UNCOUNTED_PATHS: Final = frozenset({"/healthz", "/readyz", "/metrics"})
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})
_VALID_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_ID_MAX: Final = 64  # characters of a path parameter on a log line; the client chooses it


class RequestLogMiddleware:
    """ASGI middleware that observes all inner middleware and the routes.

    Metrics are labelled by route and not by path, so that the number of labels stays small. A client's
    ``X-Request-ID`` is kept if it has at most 64 letters, digits, dots, underscores and dashes; otherwise the request
    gets a new ID.
    """

    def __init__(self, app: ASGIApp, metrics: ApiMetrics) -> None:
        """Wrap ``app``."""
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and observe its response."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        structlog.contextvars.bind_contextvars(request=request_id)
        status = 500

        async def observe_response(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[_REQUEST_ID_HEADER] = request_id
            await send(message)

        if scope["path"] in _UNCOUNTED_PATHS:
            await self._app(scope, receive, observe_response)
            return
        started = time.perf_counter()
        waits_s = record_waits()
        self._metrics.in_flight.inc()
        try:
            await self._app(scope, receive, observe_response)
        finally:
            self._metrics.in_flight.dec()
            method = scope["method"] if scope["method"] in _METHODS else "other"
            route = _route_label(scope)
            elapsed_s = time.perf_counter() - started - sum(waits_s)
            self._metrics.requests.labels(method, route, str(status)).inc()
            self._metrics.request_seconds.labels(method, route).observe(max(0.0, elapsed_s), tracing.exemplar())
            code = problem_code_of(scope)
            if code is not None and is_push(scope):
                self._metrics.refused.labels(code).inc()


def _route_label(scope: Scope) -> str:
    """Return the path template of the matched route; middleware may have answered before a route was matched."""
    unmatched = scope["path"] if is_push(scope) and not is_signed_push(scope) else "none"
    return str(getattr(scope.get("route"), "path_format", unmatched))


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _VALID_REQUEST_ID.fullmatch(value):
            return str(value.decode())
    return uuid.uuid4().hex


async def bind_path_parameters(request: Request) -> None:
    """Add the job or article that a path names to the request's log lines.

    A coroutine, so that it runs in the context of the request.
    """
    for parameter, field in (("job_id", "job"), ("article_id", "article")):
        if parameter in request.path_params:
            structlog.contextvars.bind_contextvars(**{field: str(request.path_params[parameter])[:_ID_MAX]})
