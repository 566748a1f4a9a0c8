"""Limits on request bodies, checked before anything is parsed: size in bytes and nesting of JSON."""

from __future__ import annotations

import re
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.api.problems import ProblemError, send_problem
from services.api.push_paths import BATCH_PATH
from services.settings import Limits

# A string without a closing quote matches to the end of the body, so that no part is scanned twice.
_TOKENS: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)|[\[{]|[\]}]', re.DOTALL)


class BodyLimitsMiddleware:
    """ASGI middleware that reads a whole body up to its limit and passes it on, or answers 413, 415 or 400.

    The limit is ``limits.batch_bytes`` for a batch and ``limits.body_bytes`` for any other request. The nesting of a
    batch is checked line by line when the lines are parsed.
    """

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        """Wrap ``app``."""
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on if its body is within the limits."""
        if scope["type"] != "http" or scope["method"] in {"GET", "HEAD", "OPTIONS"}:
            await self._app(scope, receive, send)
            return
        is_batch = scope["path"] == BATCH_PATH
        try:
            body = await _read_body(scope, receive, self._limits.batch_bytes if is_batch else self._limits.body_bytes)
            if not is_batch:
                check_nesting(body, self._limits.nesting)
        except ProblemError as error:
            await send_problem(error, scope, receive, send)
            return
        if body is None:  # the client disconnected
            return
        replayed = False

        async def replay_body() -> Message:
            nonlocal replayed
            if replayed:
                return await receive()
            replayed = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, replay_body, send)


async def _read_body(scope: Scope, receive: Receive, limit: int) -> bytes | None:
    """Return the body, or None if the client disconnects. Raises `ProblemError` (413, 415)."""
    too_large = ProblemError(
        413, "body_too_large", f"the body is larger than {limit} bytes", headers={"Connection": "close"}
    )
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and int(value) > limit:
            raise too_large
        if name == b"content-encoding" and value.strip().lower() not in {b"", b"identity"}:
            raise ProblemError(415, "content_encoding", "Content-Encoding: send the body without compression")
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


def check_nesting(body: bytes | None, limit: int) -> None:
    """Raise `ProblemError` (400) for JSON nested deeper than ``limit`` levels, since parsers recurse.

    Takes time linear in the size of the body.
    """
    depth = 0
    for token in _TOKENS.finditer(body or b""):
        first = token.group()[0]
        if first in b"[{":
            depth += 1
            if depth > limit:
                raise ProblemError(400, "nesting_too_deep", f"the JSON is nested deeper than {limit} levels")
        elif first in b"]}":
            depth -= 1
