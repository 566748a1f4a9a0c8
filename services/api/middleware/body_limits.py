"""Limits on request bodies, kept before anything is parsed: size in bytes and depth of JSON."""

from __future__ import annotations

import re
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.api.problems import ProblemError, answer, note
from services.settings import Limits

# A string that is never closed runs to the end, so that no part of it is read twice.
_TOKENS: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)|[\[{]|[\]}]', re.DOTALL)


class BodyLimitsMiddleware:
    """ASGI middleware: reads a body up to its limit and hands it on whole, or answers 413 or 400.

    ``larger`` names the paths to which ``limits.batch_bytes`` applies; every other gets ``limits.body_bytes``.
    """

    def __init__(self, app: ASGIApp, limits: Limits, larger: frozenset[str]) -> None:
        """Wrap ``app``."""
        self._app = app
        self._limits = limits
        self._larger = larger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on once its body is known to be within bounds."""
        if scope["type"] != "http" or scope["method"] in {"GET", "HEAD", "OPTIONS"}:
            await self._app(scope, receive, send)
            return
        lines = scope["path"] in self._larger
        limit = self._limits.batch_bytes if lines else self._limits.body_bytes
        try:
            body = await _read(scope, receive, limit)
            if not lines:
                check_depth(body, self._limits.nesting)
        except ProblemError as refused:
            note(scope, refused.problem.code)
            await answer(refused.problem, refused.headers)(scope, receive, send)
            return
        if body is None:  # the client went away
            return
        handed = False

        async def replay() -> Message:
            nonlocal handed
            if handed:
                return await receive()
            handed = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, replay, send)


async def _read(scope: Scope, receive: Receive, limit: int) -> bytes | None:
    too_large = ProblemError(
        413, "body_too_large", f"the body is larger than {limit} bytes", headers={"Connection": "close"}
    )
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and int(value) > limit:
            raise too_large
        if name == b"content-encoding" and value.strip().lower() not in {b"", b"identity"}:
            raise ProblemError(415, "content_encoding", "Content-Encoding: send the body as it is, not compressed")
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        size += len(message.get("body", b""))
        if size > limit:
            raise too_large
        chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(chunks)


def check_depth(body: bytes | None, limit: int) -> None:
    """Refuse JSON nested deeper than ``limit``: parsers recurse. Linear in the body. Raises ProblemError (400)."""
    depth = 0
    for token in _TOKENS.finditer(body or b""):
        first = token.group()[0]
        if first in b"[{":
            depth += 1
            if depth > limit:
                raise ProblemError(400, "nesting_too_deep", f"the JSON is nested deeper than {limit} levels")
        elif first in b"]}":
            depth -= 1
