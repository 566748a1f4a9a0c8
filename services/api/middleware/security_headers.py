"""Security headers of every response, including errors. A header that a route sets itself is kept."""

from __future__ import annotations

from collections.abc import MutableSequence
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

# By default a response loads nothing, is not framed, and is not cached, as it may hold articles or keys.
_DEFAULTS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)


class SecurityHeadersMiddleware:
    """ASGI middleware that adds the security headers a response lacks.

    ``hsts_s`` is the ``max-age`` of Strict-Transport-Security (RFC 6797) in seconds; 0 leaves that header out.
    """

    def __init__(self, app: ASGIApp, hsts_s: int) -> None:
        """Wrap ``app``."""
        self._app = app
        hsts = ((b"strict-transport-security", b"max-age=%d; includeSubDomains" % hsts_s),) if hsts_s else ()
        self._headers = _DEFAULTS + hsts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and complete the headers of its response."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers: MutableSequence[tuple[bytes, bytes]] = list(message.get("headers", ()))
                names = {name.lower() for name, _ in headers}
                headers += [(name, value) for name, value in self._headers if name not in names]
                message = {**message, "headers": headers}
            await send(message)

        await self._app(scope, receive, send_with_headers)
