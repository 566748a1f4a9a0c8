"""Compressed answers: zstd, Brotli or gzip, as the client accepts. Streams of events are flushed with each event."""

from __future__ import annotations

from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send
from starlette_compress import CompressMiddleware, add_compress_type, remove_compress_type

_SMALLEST: Final = 1_000  # bytes; less fits into one packet anyway

for _media_type in (
    "application/x-ndjson",
    "application/problem+json",
    "text/csv",
    "application/vnd.displacy+json",
    "text/x-conllu-plus",
):
    add_compress_type(_media_type)
# Pages hold the token of their forms beside words of the address: compressed, their length would betray it (BREACH).
remove_compress_type("text/html")


class CompressionMiddleware:
    """ASGI middleware that compresses answers to clients that accept it. HEAD is left alone: it has no body."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap ``app``."""
        self._app = app
        self._compress = CompressMiddleware(app, minimum_size=_SMALLEST)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        is_head = scope["type"] == "http" and scope["method"] == "HEAD"
        await (self._app if is_head else self._compress)(scope, receive, send)
