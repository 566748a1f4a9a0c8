"""Cross-origin resource sharing (CORS): pages of the origins in ``api.cors_origins`` may call the API with a key."""

from __future__ import annotations

from typing import Final

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from services.settings import Api
from services.settings.proxies import items_of

_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_REQUEST_HEADERS: Final = (
    "Accept",
    "Authorization",
    "Content-Encoding",
    "Content-Type",
    "Idempotency-Key",
    "If-None-Match",
    "Last-Event-ID",
    "Prefer",
    "X-Request-ID",
)
_RESPONSE_HEADERS: Final = (
    "ETag",
    "Link",
    "Location",
    "Preference-Applied",
    "Retry-After",
    "WWW-Authenticate",
    "X-Request-ID",
)


class CrossOriginMiddleware:
    """ASGI middleware that answers preflights, and allows pages of the configured origins to read responses.

    Cookies are never allowed, so that a page of another site cannot act with the session of a console's visitor.
    """

    def __init__(self, app: ASGIApp, settings: Api) -> None:
        """Wrap ``app``. Without ``api.cors_origins`` no header is added and no preflight is answered."""
        origins = items_of(settings.cors_origins)
        self._app = (
            CORSMiddleware(
                app,
                allow_origins=origins,
                allow_methods=_METHODS,
                allow_headers=_REQUEST_HEADERS,
                expose_headers=_RESPONSE_HEADERS,
            )
            if origins
            else app
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer a preflight."""
        await self._app(scope, receive, send)
