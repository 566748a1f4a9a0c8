"""The door before the gate: under a flood most pushes are answered here, before a body is read and without a database."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from services.api.middleware.authentication import caller_of
from services.api.problems import answer, from_error, note
from services.caller import Scope as Right
from services.ingest.admission import AdmissionControl


class BackpressureMiddleware:
    """ASGI middleware behind authentication. Repeats to a push what the gate told the last one of its feed a moment ago.

    The feed is known before the body where the key has just one; a push with any other key gets as far as the gate, unless
    nothing at all is taken in.
    """

    def __init__(self, app: ASGIApp, gate: AdmissionControl, pushes: frozenset[str]) -> None:
        """Wrap ``app``; ``pushes`` are the paths that articles come in by."""
        self._app = app
        self._gate = gate
        self._pushes = pushes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it with 429 or 503."""
        if scope["type"] == "http" and scope["method"] == "POST" and scope["path"] in self._pushes:
            caller = caller_of(scope)
            if caller is not None and caller.has(Right.INGEST):
                refused = self._gate.at_the_door(caller.home_feed())
                if refused is not None:
                    note(scope, refused.code)
                    known = from_error(refused)
                    await answer(known.problem, known.headers)(scope, receive, send)
                    return
        await self._app(scope, receive, send)
