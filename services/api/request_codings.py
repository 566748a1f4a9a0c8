"""Compressed request bodies: gzip and zstd, decoded in pieces, so that a small body cannot grow without bound."""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from collections.abc import Callable, Iterator
from typing import Final

from services.api.problems import ProblemError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_PIECE: Final = 65_536  # bytes
_WINDOW_LOG_MAX: Final = 23  # 8 MiB of memory that a frame of zstd may ask for (RFC 8878, section 3.1.1.1.2)


def _gzip(body: bytes) -> io.BufferedIOBase:
    return gzip.GzipFile(fileobj=io.BytesIO(body))


def _zstd(body: bytes) -> io.BufferedIOBase:
    return zstd.ZstdFile(io.BytesIO(body), options={zstd.DecompressionParameter.window_log_max: _WINDOW_LOG_MAX})


_OPENERS: Final[dict[str, Callable[[bytes], io.BufferedIOBase]]] = {"gzip": _gzip, "x-gzip": _gzip, "zstd": _zstd}
_ACCEPTED: Final = "gzip, zstd"


def coding_of(header: str) -> str | None:
    """Return the coding that a ``Content-Encoding`` names; None for none. Raises `ProblemError` (415) for another."""
    coding = header.strip().lower()
    if coding in {"", "identity"}:
        return None
    if coding not in _OPENERS:
        detail = f"Content-Encoding: {coding[:100]!r} is not supported; send {_ACCEPTED} or no compression"
        raise ProblemError(415, "content_encoding", detail, headers={"Accept-Encoding": _ACCEPTED})
    return coding


def decoded_pieces(body: bytes, coding: str) -> Iterator[bytes]:
    """Yield the decoded body in pieces of up to 64 KiB. Raises `ProblemError` (400) for a body in another form."""
    try:
        with _OPENERS[coding](body) as stream:
            while piece := stream.read(_PIECE):
                yield piece
    except (OSError, EOFError, zlib.error, zstd.ZstdError) as error:
        raise ProblemError(400, "content_encoding", f"the body is not valid {coding}: {error}") from error
