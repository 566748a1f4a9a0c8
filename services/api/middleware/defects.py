"""The answer to a defect: 500, on a connection that stays usable."""

from __future__ import annotations

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.api.problems import build_problem, problem_response

log = structlog.get_logger(__name__)


class DefectMiddleware:
    """ASGI middleware that answers an exception of inner middleware or of a route with 500, and logs it.

    Starlette's own handler raises the exception again behind its answer, whereupon the server closes the connection:
    the next request of a client that keeps connections open would break off. An exception behind the first part of an
    answer is raised, since the answer cannot be completed.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Wrap ``app``."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; answer it if that fails."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        has_started = False

        async def observe_start(message: Message) -> None:
            nonlocal has_started
            has_started = has_started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, observe_start)
        except Exception:
            if has_started:
                raise
            log.exception("request_failed", path=scope["path"])
            problem = build_problem(500, "internal", "an internal error; it was logged")
            await problem_response(scope, problem)(scope, receive, send)
