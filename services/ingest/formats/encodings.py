"""Decodes documents: byte order mark, declared encoding, UTF-8, and Windows-1252 as the last resort."""

from __future__ import annotations

import codecs
import re
from typing import Final

from services.contracts import Warned
from services.ingest.formats.feed_format import FormatError

# The longest marks come first: that of UTF-16 begins like that of UTF-32.
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Labels are read as browsers read them (WHATWG Encoding Standard): as the supersets that documents really use.
_SUPERSETS: Final = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
}
_LAST_RESORT: Final = "cp1252"
_LATIN: Final = frozenset({"cp1252", "cp1254", "iso8859-15"})
_HEAD_BYTES: Final = 4096
_XML_DECLARATION: Final = re.compile(rb"""\s*<\?xml\s[^>]{0,200}?\bencoding\s*=\s*["']([A-Za-z][\w.:-]{0,39})""")
_META: Final = re.compile(rb"""<meta\s[^>]{0,300}?\bcharset\s*=\s*["']?\s*([A-Za-z][\w.:-]{0,39})""", re.IGNORECASE)


def decode_text(document: bytes, charset: str | None = None) -> str:
    """Decode strictly: a byte order mark decides, else ``charset``, else UTF-8. Raises `FormatError`.

    CRLF and CR become LF, as in Python's text files.
    """
    encoding, start = _marked_encoding(document)
    encoding = encoding or known_encoding(charset) or "utf-8"
    try:
        text = document[start:].decode(encoding)
    except UnicodeDecodeError as error:
        name = "UTF-8" if encoding == "utf-8" else encoding
        raise FormatError.syntax(f"not {name}: {error}") from error
    return normalise_newlines(text)


def decode_markup(document: bytes, charset: str | None = None) -> tuple[str, tuple[Warned, ...]]:
    """Decode HTML or XML, which may declare its encoding itself, and never fail.

    The order: byte order mark, ``charset``, the document's own declaration, UTF-8. A document that the first of these
    cannot decode is decoded by the next; the last is Windows-1252, with the warning ``encoding_uncertain``. UTF-8 comes
    before a declared Latin encoding: other text practically never happens to be valid UTF-8, and the opposite mistake
    is common.
    """
    encoding, start = _marked_encoding(document)
    head = document[:_HEAD_BYTES]
    declared = _XML_DECLARATION.match(head) or _META.search(head)
    own = known_encoding(declared[1].decode("ascii")) if declared else None
    if own is not None and own.startswith(("utf-16", "utf-32", "utf_16", "utf_32")):
        own = "utf-8"  # the declaration itself was read byte by byte, so it is wrong
    candidates = [encoding] if encoding else [known_encoding(charset), own, "utf-8"]
    if next(filter(None, candidates)) in _LATIN:
        candidates.insert(0, "utf-8")
    for candidate in filter(None, candidates):
        try:
            return normalise_newlines(document[start:].decode(candidate)), ()
        except UnicodeDecodeError:
            continue
    named = encoding or charset or own or "UTF-8"
    detail = f"the document is not valid {named}; bytes that do not fit were read as Windows-1252"
    text = document[start:].decode(_LAST_RESORT, "replace")
    return normalise_newlines(text), (Warned(code="encoding_uncertain", detail=detail),)


def decode_marked(head: bytes) -> str:
    """Decode the beginning of a document by its byte order mark, else byte by byte; its ASCII part is then right."""
    encoding, start = _marked_encoding(head)
    return head[start:].decode(encoding, "replace") if encoding else head.decode("latin-1")


def known_encoding(label: str | None) -> str | None:
    """Return Python's name of a text encoding, or None if the label is unknown."""
    if not label:
        return None
    try:
        info = codecs.lookup(label.strip().strip("\"'"))
    except (LookupError, ValueError):
        return None
    if not info._is_text_encoding:  # noqa: SLF001 -- the flag that bytes.decode itself checks
        return None
    return _SUPERSETS.get(info.name, info.name)


def normalise_newlines(text: str) -> str:
    """Turn CRLF and CR into LF."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _marked_encoding(document: bytes) -> tuple[str | None, int]:
    """Return the encoding of a byte order mark and the mark's length in bytes; None and 0 without a mark."""
    return next(((name, len(mark)) for mark, name in _MARKS if document.startswith(mark)), (None, 0))
