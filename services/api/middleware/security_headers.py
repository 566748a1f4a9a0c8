"""Headers that each answer carries, whatever route or error it comes from; a route that sets one itself is left alone."""

from __future__ import annotations

from collections.abc import MutableSequence
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

# What is no page loads nothing, and is shown in no frame; what holds articles or keys is kept in no cache on the way.
_ALWAYS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)

ON_EVERY_ANSWER: Final = {name.decode(): value.decode() for name, value in _ALWAYS}


class SecurityHeadersMiddleware:
    """ASGI middleware around everything else. ``hsts_s``: for how long browsers shall insist on https; 0 says nothing of it."""

    def __init__(self, app: ASGIApp, hsts_s: int) -> None:
        """Wrap ``app``."""
        self._app = app
        hsts = ((b"strict-transport-security", b"max-age=%d; includeSubDomains" % hsts_s),) if hsts_s else ()
        self._headers = _ALWAYS + hsts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; put in what its answer lacks."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def completed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers: MutableSequence[tuple[bytes, bytes]] = list(message.get("headers", ()))
                there = {name.lower() for name, _ in headers}
                headers += [(name, value) for name, value in self._headers if name not in there]
                message = {**message, "headers": headers}
            await send(message)

        await self._app(scope, receive, completed)
