"""HEAD for every route that has GET: the same headers, without a body (RFC 9110, section 9.3.2)."""

from __future__ import annotations

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class _HeadersSentError(OSError):
    """Ends a streamed response behind its headers, as the disconnection of a client would."""


class HeadMiddleware:
    """ASGI middleware that has a HEAD request answered like GET, and drops the body."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap ``app``."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on as GET. Outer middleware sees the matched route, which its metrics name."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def send_without_body(message: Message) -> None:
            if message["type"] != "http.response.body":
                await send(message)
                return
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            if message.get("more_body", False):
                raise _HeadersSentError

        as_get = {**scope, "method": "GET"}  # a copy, as the server looks at the method itself
        try:
            await self._app(as_get, receive, send_without_body)
        except (ClientDisconnect, _HeadersSentError):
            return
        finally:
            if "route" in as_get:
                scope["route"] = as_get["route"]
