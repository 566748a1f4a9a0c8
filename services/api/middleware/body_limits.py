"""Limits on request bodies, checked before anything is parsed: size, time, all bodies at once, and nesting of JSON.

A compressed body is decoded here; the same limit holds for what arrives and for what it becomes.
"""

from __future__ import annotations

import asyncio
import re
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.api.body_budget import BodyBudget, HeldBody
from services.api.middleware.authentication import caller_of
from services.api.problems import ProblemError, send_problem
from services.api.push_paths import BATCH_PATH, is_push
from services.api.request_codings import coding_of, decoded_pieces
from services.errors import Refused
from services.settings import Limits

# A string without a closing quote matches to the end of the body, so that no part is scanned twice.
_TOKENS: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)|[\[{]|[\]}]', re.DOTALL)


class BodyLimitsMiddleware:
    """ASGI middleware that reads a whole body within its limits and passes it on, or answers with a problem.

    400 (nesting, broken compression), 408 (time), 413 (size), 415 (unknown compression), 429 (bodies of this sender),
    503 (bodies of all senders).

    The limit is ``limits.batch_bytes`` for a batch and ``limits.body_bytes`` for any other request. The nesting of
    pushed articles is checked by the route, which knows their format.
    """

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        """Wrap ``app``."""
        self._app = app
        self._limits = limits
        self._budget = BodyBudget(limits)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on if its body is within the limits."""
        if scope["type"] != "http" or scope["method"] in {"GET", "HEAD", "OPTIONS"}:
            await self._app(scope, receive, send)
            return
        with self._budget.body(_sender(scope)) as held:
            await self._handle(scope, receive, send, held)

    async def _handle(self, scope: Scope, receive: Receive, send: Send, held: HeldBody) -> None:
        """Read the body and pass it on. It counts as held until the answer is sent."""
        limit = self._limits.batch_bytes if scope["path"] == BATCH_PATH else self._limits.body_bytes
        try:
            coding = _check_headers(scope, limit)
            async with asyncio.timeout(self._limits.body_s):
                body = await _read_body(receive, limit, held)
                if body is not None and coding is not None:
                    body = await _decode(body, coding, limit, held)
                    scope["headers"] = _headers_of_decoded(scope, len(body))
        except (ProblemError, Refused) as error:
            await send_problem(error, scope, receive, _closing(send))
            return
        except TimeoutError:
            detail = f"the body did not arrive within {self._limits.body_s:g} s"
            await send_problem(ProblemError(408, "body_timeout", detail), scope, receive, _closing(send))
            return
        if body is None:  # the client disconnected
            return
        if not is_push(scope):
            try:
                check_nesting(body, self._limits.nesting)
            except ProblemError as error:
                await send_problem(error, scope, receive, send)
                return
        replayed = False

        async def replay_body() -> Message:
            nonlocal replayed
            if replayed:
                return await receive()
            replayed = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, replay_body, send)


def _sender(scope: Scope) -> str:
    """Return whose bodies are counted together: those of a key, or of an address without one."""
    caller = caller_of(scope)
    return str((scope.get("client") or ("",))[0]) if caller is None else f"key:{caller.key_id}"


def _closing(send: Send) -> Send:
    """Ask the client to close the connection, since the rest of the body is not read."""

    async def send_and_close(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), (b"connection", b"close")]
        await send(message)

    return send_and_close


def _too_large(limit: int) -> ProblemError:
    return ProblemError(413, "body_too_large", f"the body is larger than {limit} bytes")


def _check_headers(scope: Scope, limit: int) -> str | None:
    """Return the coding of the body, or None. Raises `ProblemError` (413, 415) for a body that its headers refuse."""
    coding = None
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and int(value) > limit:
            raise _too_large(limit)
        if name == b"content-encoding":
            coding = coding_of(value.decode("latin-1"))
    return coding


async def _decode(body: bytes, coding: str, limit: int, held: HeldBody) -> bytes:
    """Return the decoded body. Raises `ProblemError` (400, 413) and `Refused` (429, 503) as soon as it is too large."""
    pieces: list[bytes] = []
    size = 0
    for piece in decoded_pieces(body, coding):
        size += len(piece)
        if size > limit:
            raise _too_large(limit)
        held.grow(len(piece))
        pieces.append(piece)
        await asyncio.sleep(0)  # other requests have their turn
    return b"".join(pieces)


def _headers_of_decoded(scope: Scope, size: int) -> list[tuple[bytes, bytes]]:
    dropped = {b"content-encoding", b"content-length", b"transfer-encoding"}
    kept = [(name, value) for name, value in scope["headers"] if name not in dropped]
    return [*kept, (b"content-length", str(size).encode())]


async def _read_body(receive: Receive, limit: int, held: HeldBody) -> bytes | None:
    """Return the body, or None if the client disconnects. Raises `ProblemError` (413) and `Refused` (429, 503)."""
    chunks: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunk = message.get("body", b"")
        if held.size + len(chunk) > limit:
            raise _too_large(limit)
        held.grow(len(chunk))
        chunks.append(chunk)
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
