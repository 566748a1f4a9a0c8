"""Early refusal of pushes: under a flood most are answered here, before a body is read and without a database query."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as AsgiScope

from services.api.middleware.authentication import caller_of
from services.api.problems import send_problem
from services.api.push_paths import is_push
from services.caller import Scope
from services.ingest.admission import AdmissionControl


class BackpressureMiddleware:
    """ASGI middleware behind authentication that repeats the latest refusal of a feed while it is fresh.

    A key with exactly one feed tells the feed before the body is read. With any other key a push is refused here only
    while intake is closed to all feeds.
    """

    def __init__(self, app: ASGIApp, admission: AdmissionControl) -> None:
        """Wrap ``app``; refusals come from ``admission``."""
        self._app = app
        self._admission = admission

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it with 429 or 503."""
        caller = caller_of(scope) if is_push(scope) else None
        if caller is not None and caller.has(Scope.INGEST):
            refusal = self._admission.recent_refusal(caller.home_feed())
            if refusal is not None:
                await send_problem(refusal, scope, receive, send)
                return
        await self._app(scope, receive, send)
