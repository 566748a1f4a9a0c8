"""A span for each request, which pushes hand on to the jobs that they create."""

from __future__ import annotations

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services import tracing

_UNTRACED_PATHS: Final = frozenset({"/healthz", "/readyz", "/metrics"})
_ERRORS: Final = 500


class TracingMiddleware:
    """ASGI middleware that traces requests if traces are on, and continues the trace of a `traceparent` header."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap ``app``."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on within a span."""
        if scope["type"] != "http" or scope["path"] in _UNTRACED_PATHS:
            await self._app(scope, receive, send)
            return
        status = _ERRORS

        async def note_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        header = next((value for name, value in scope["headers"] if name == b"traceparent"), None)
        with tracing.request(scope["method"], None if header is None else header.decode("latin-1")):
            try:
                await self._app(scope, receive, note_status)
            finally:
                _describe(scope, status)


def _describe(scope: Scope, status: int) -> None:
    """Name the span after the route, as OpenTelemetry's conventions for HTTP have it: few names, no IDs."""
    route = getattr(scope.get("route"), "path_format", None)
    attributes = {"http.request.method": scope["method"], "http.response.status_code": status}
    tracing.describe(
        attributes if route is None else attributes | {"http.route": route},
        name=scope["method"] if route is None else f"{scope['method']} {route}",
        error=str(status) if status >= _ERRORS else None,
    )
