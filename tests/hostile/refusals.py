"""Invalid requests with the expected answers: the status, the code, and the field that the problem names.

The faults are in the article (``ARTICLES``), in a batch (``BATCHES``) or in the headers (``HEADERS``).
"""

from __future__ import annotations

import gzip
import io
import json
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

JSON: Final = "application/json"
NDJSON: Final = "application/x-ndjson"
PUSH: Final = "/v1/articles"
BATCH: Final = "/v1/articles:batch"
GOOD: Final = {"body": "The minister said no."}


@dataclass(frozen=True, slots=True)
class RefusedRequest:
    """A request and its refusal; ``field_name`` is the field that the problem names, None if it names none."""

    content: Callable[[], bytes]
    status: int
    code: str
    field_name: str | None = None
    path: str = PUSH
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": JSON})


def _body(content: bytes, status: int, code: str, name: str | None = None) -> RefusedRequest:
    return RefusedRequest(lambda: content, status, code, name)


def _generated_body(make: Callable[[], bytes], status: int, code: str, name: str | None = None) -> RefusedRequest:
    return RefusedRequest(make, status, code, name)


def _malformed_body(content: bytes) -> RefusedRequest:
    return _body(content, 400, "invalid", "")


def _invalid_field(name: str, value: Any) -> RefusedRequest:
    return _body(json.dumps(GOOD | {name: value}).encode(), 422, "invalid", name)


def _with_headers(
    headers: dict[str, str], status: int, code: str, content: bytes = b'{"body": "One."}', name: str | None = None
) -> RefusedRequest:
    return RefusedRequest(lambda: content, status, code, name, headers={"Content-Type": JSON} | headers)


def _zip_bomb() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("article.json", b"0" * 20_000_000)
    return file.getvalue()


def _multipart(name: str) -> bytes:
    return f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\nThe minister said no.\r\n--x--\r\n'.encode()


_WHOLE: Final = json.dumps(
    {"feed": "wire", "title": "Ü “q” \\ \u2028", "body": 'Text\n"said" é 😀.'}, ensure_ascii=False
).encode()

ARTICLES: Final[dict[str, RefusedRequest]] = {
    **{f"truncated-at-{cut}": _malformed_body(_WHOLE[:cut]) for cut in range(1, len(_WHOLE) - 1, 7)},
    "trailing-comma": _malformed_body(b'{"body": "One.",}'),
    "trailing-garbage": _malformed_body(b'{"body": "One."} x'),
    "two-documents": _malformed_body(b'{"body": "One."}{"body": "Two."}'),
    "single-quotes": _malformed_body(b"{'body': 'One.'}"),
    "comment": _malformed_body(b'{"body": "One." /* no */}'),
    "unquoted-key": _malformed_body(b'{body: "One."}'),
    "no-comma": _malformed_body(b'{"body": "One." "title": "T"}'),
    "bare-word": _malformed_body(b'{"body": undefined}'),
    "nan": _body(b'{"body": NaN}', 422, "invalid", "body"),
    "infinity": _body(b'{"body": -Infinity}', 422, "invalid", "body"),
    "number-endless": _malformed_body(b'{"body": ' + b"9" * 5000 + b"}"),
    "number-huge": _body(b'{"body": 1e400}', 422, "invalid", "body"),
    "number-leading-zero": _malformed_body(b'{"body": 007}'),
    "newline-in-string": _malformed_body(b'{"body": "One.\nTwo."}'),
    "tab-in-string": _malformed_body(b'{"body": "One.\tTwo."}'),
    "nul-byte-in-string": _malformed_body(b'{"body": "One.\x00Two."}'),
    "nul-bytes": _malformed_body(b"\x00" * 100),
    "bad-escape": _malformed_body(b'{"body": "One\\x41"}'),
    "bad-unicode-escape": _malformed_body(b'{"body": "One\\u12"}'),
    "no-utf-8": _malformed_body(b'{"body": "caf\xe9"}'),
    "overlong-utf-8": _malformed_body(b'{"body": "\xc0\xaf"}'),
    "surrogate-in-utf-8": _malformed_body(b'{"body": "\xed\xa0\x80"}'),
    "beyond-unicode": _malformed_body(b'{"body": "\xf4\x90\x80\x80"}'),
    "latin-1": _malformed_body('{"body": "Café “no”"}'.encode("cp1252")),
    "xml": _malformed_body(b'<?xml version="1.0"?><article><body>One.</body></article>'),
    "xml-bomb": _malformed_body(b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>'),
    "html": _malformed_body(b"<!DOCTYPE html><p>One.</p>"),
    "csv": _malformed_body(b"feed,title,body\nwire,T,One."),
    "yaml": _malformed_body(b"body: One.\n"),
    "pickle": _malformed_body(b"\x80\x04\x95\x0c\x00\x00\x00\x00\x00\x00\x00}\x94."),
    "zip-bomb": _generated_body(_zip_bomb, 400, "invalid", ""),
    "gzip-unsaid": _generated_body(lambda: gzip.compress(b'{"body": "One."}'), 400, "invalid", ""),
    "empty": _malformed_body(b""),
    "blank": _malformed_body(b" \r\n\t "),
    "null": _body(b"null", 422, "invalid", ""),
    "list-empty": _body(b"[]", 400, "empty_batch"),
    "text": _body(b'"One."', 422, "invalid", ""),
    "number": _body(b"1", 422, "invalid", ""),
    "object-empty": _body(b"{}", 422, "invalid", "body"),
    "brackets-deep": _body(b"[" * 100_000, 400, "nesting_too_deep"),
    "objects-deep": _body(b'{"a":' * 100_000, 400, "nesting_too_deep"),
    "nested-body": _body(b'{"body": ' + b"[" * 40 + b"]" * 40 + b"}", 400, "nesting_too_deep"),
    "keys-many": _generated_body(
        lambda: json.dumps(GOOD | {f"k{n}": n for n in range(50_000)}).encode(), 422, "invalid", "k0"
    ),
    "key-long": _generated_body(lambda: json.dumps(GOOD | {"k" * 500_000: 1}).encode(), 422, "invalid", "k" * 500_000),
    "key-nul": _body(b'{"body": "One.", "a\\u0000": 1}', 422, "invalid", "a\x00"),
    "key-duplicate-last-wrong": _body(b'{"body": "One.", "body": 5}', 422, "invalid", "body"),
    "key-proto": _body(b'{"body": "One.", "__proto__": {"a": 1}}', 422, "invalid", "__proto__"),
    "eleven-megabytes-one-line": _generated_body(
        lambda: b'{"body": "' + b"a" * 11_000_000 + b'"}', 413, "body_too_large"
    ),
    "eleven-megabytes-blanks": _generated_body(lambda: b" " * 11_000_000, 413, "body_too_large"),
    "twelve-megabytes-one-sentence": _generated_body(
        lambda: json.dumps({"body": "the minister and " * 700_000}).encode(), 413, "body_too_large"
    ),
    "text-too-long": _generated_body(
        lambda: json.dumps({"body": "a" * 1_000_001}).encode(), 413, "text_too_long", "body"
    ),
    "body-nul": _invalid_field("body", "One.\x00Two."),
    "body-lone-surrogate": _malformed_body(b'{"body": "One \\ud83d two"}'),
    "body-reversed-surrogates": _malformed_body(b'{"body": "One \\ude00\\ud83d two"}'),
    **{
        f"body-{type(value).__name__}-{number}": _invalid_field("body", value)
        for number, value in enumerate(
            (None, 5, 0.5, True, [], {}, ["One."], {"text": "One."}, "", " \t\r\n\u3000\u2028")
        )
    },
    **{
        f"{name}-{number}": _invalid_field(name, value)
        for name, values in {
            "feed": (None, 1, "", "Wire", "a b", "a/b", "../a", "f" * 64, "wire\n", "wi\u200bre", "é", "-a"),
            "guid": (1, "", "  ", "g" * 501, "a\x00", ["a"], {"id": "a"}),
            "version": (1, "", "v" * 501, "\x00"),
            "url": ("", "example.org", "javascript:alert(1)", "http://", "https:// a", "http://a\x00", "h" * 3000, 1),
            "title": ("t" * 501, "a\x00b", 1, ["a"]),
            "byline": ("b" * 501, "\x00", {}),
            "language": ("", "e", "english", "en-", "en-abcdefghi", "en\x00", 1),
            "published_at": (True, [], {"date": "2026-11-23"}),
            "metadata": ("politics", 1, ["politics"]),
            "media_type": ("text/xml", "TEXT/HTML", "", None, 1, "text/html; charset=utf-8"),
            "schema": ("stancewire.article/2", "", None, 1),
        }.items()
        for number, value in enumerate(values)
    },
}

_LAUGHS: Final = b"".join(
    b'<!ENTITY l%d "%s">' % (level, b"&l%d;" % (level - 1) * 10 if level else b"lol") for level in range(12)
)


def _xml(content: bytes, status: int, name: str = "") -> RefusedRequest:
    return RefusedRequest(lambda: content, status, "invalid", name, headers={"Content-Type": "application/xml"})


XML: Final[dict[str, RefusedRequest]] = {
    "nitf-laughs": _xml(b"<!DOCTYPE nitf [" + _LAUGHS + b"]><nitf><body>&l11;</body></nitf>", 422, "<!ENTITY>"),
    "rss-laughs": _xml(b"<!DOCTYPE rss [" + _LAUGHS + b"]><rss><channel/></rss>", 422, "<!ENTITY>"),
    "nitf-external-entity": _xml(
        b'<!DOCTYPE nitf [<!ENTITY x SYSTEM "file:///etc/passwd">]><nitf><body>&x;</body></nitf>', 422, "<!ENTITY>"
    ),
    "nitf-parameter-entity": _xml(
        b'<!DOCTYPE nitf [<!ENTITY % x SYSTEM "http://127.0.0.1:1/x"> %x;]><nitf/>', 422, "<!ENTITY>"
    ),
    "nitf-deep": _xml(b"<nitf><body>" + b"<p>" * 100_000, 400),
    "newsml-deep": _xml(b"<newsItem><contentSet><inlineXML>" + b"<p>" * 100_000, 400),
    "nitf-open": _xml(b"<nitf><body>", 400),
    "nitf-empty": _xml(b"<nitf/>", 422, "body.content"),
    "unknown-root": _xml(b"<story><body>One.</body></story>", 422),
    "svg": _xml(b'<svg xmlns="http://www.w3.org/2000/svg"/>', 422),
    "not-xml": RefusedRequest(
        lambda: b"The minister said no.", 415, "media_type", headers={"Content-Type": "application/xml"}
    ),
}

HEADERS: Final[dict[str, RefusedRequest]] = {
    "encoding-gzip-bomb": RefusedRequest(
        lambda: gzip.compress(b"0" * 50_000_000),
        413,
        "body_too_large",
        headers={"Content-Type": JSON, "Content-Encoding": "gzip"},
    ),
    "encoding-deflate-bomb": RefusedRequest(
        lambda: zlib.compress(b"0" * 50_000_000),
        415,
        "content_encoding",
        headers={"Content-Type": JSON, "Content-Encoding": "deflate"},
    ),
    **{
        f"encoding-{number}": _with_headers({"Content-Encoding": value}, 415, "content_encoding")
        for number, value in enumerate(("br", "gzip, gzip", "identity, gzip", "aes128gcm", "x"))
    },
    **{
        f"type-{number}": _with_headers({"Content-Type": value}, 415, "media_type")
        for number, value in enumerate(
            (
                "application/jsonp",
                "application/pdf",
                "image/svg",
                "json",
                "text",
            )
        )
    },
    "not-gzip": _with_headers({"Content-Encoding": "gzip"}, 400, "content_encoding"),
    "not-zstd": _with_headers({"Content-Encoding": "zstd"}, 400, "content_encoding"),
    "form": _with_headers({"Content-Type": "application/x-www-form-urlencoded"}, 415, "media_type", b"body=One."),
    "octets": _with_headers({"Content-Type": "application/octet-stream"}, 415, "media_type", b"\x00\x01\x02"),
    "no-type": _with_headers({"Content-Type": ""}, 415, "media_type", b"The minister said no."),
    "multipart": _with_headers(
        {"Content-Type": "multipart/form-data; boundary=x"}, 415, "media_type", _multipart("body")
    ),
    "multipart-no-boundary": _with_headers(
        {"Content-Type": "multipart/form-data"}, 415, "media_type", _multipart("body")
    ),
    "charset-latin-1": _with_headers(
        {"Content-Type": f"{JSON}; charset=latin-1"}, 400, "invalid", b'{"body": "caf\xe9"}', ""
    ),
    "key-long": _with_headers({"Idempotency-Key": "k" * 256}, 422, "invalid", name="Idempotency-Key"),
    "key-empty": _with_headers({"Idempotency-Key": ""}, 422, "invalid", name="Idempotency-Key"),
    "prefer-long": _with_headers({"Prefer": "wait=1," * 100}, 422, "invalid", name="Prefer"),
}


def _batch(content: bytes, status: int, code: str, **headers: str) -> RefusedRequest:
    return RefusedRequest(lambda: content, status, code, None, BATCH, {"Content-Type": NDJSON} | headers)


BATCHES: Final[dict[str, RefusedRequest]] = {
    "batch-empty": _batch(b"", 400, "empty_batch"),
    "batch-newlines": RefusedRequest(
        lambda: b"\n" * 1_000_000, 400, "empty_batch", None, BATCH, {"Content-Type": NDJSON}
    ),
    "batch-too-many": RefusedRequest(
        lambda: b"{}\n" * 5_001, 413, "batch_too_long", None, BATCH, {"Content-Type": NDJSON}
    ),
    "batch-million-lines": RefusedRequest(
        lambda: b"x\n" * 1_000_000, 413, "batch_too_long", None, BATCH, {"Content-Type": NDJSON}
    ),
    "batch-too-large": RefusedRequest(
        lambda: b"x" * 32_000_001, 413, "body_too_large", None, BATCH, {"Content-Type": NDJSON}
    ),
    "batch-gzip": RefusedRequest(
        lambda: gzip.compress(b"0" * 50_000_000),
        413,
        "body_too_large",
        None,
        BATCH,
        {"Content-Type": NDJSON, "Content-Encoding": "gzip"},
    ),
}

# A line of a batch, and the status and the field of its answer.
LINES: Final[dict[str, tuple[bytes, int, str | None]]] = {
    "good": (b'{"body": "The minister said no."}', 202, None),
    "good-carriage-return": (b'{"body": "The minister said yes."}\r', 202, None),
    "good-blanks": (b'   {"body": "The minister said maybe."}  ', 202, None),
    "good-separators-inside": ('{"body": "The minister said\u2028no\u2029or\u0085yes."}'.encode(), 202, None),
    "byte-order-mark": (b'\xef\xbb\xbf{"body": "One."}', 400, ""),
    "open": (b'{"body": "One."', 400, ""),
    "list": (b'["One."]', 422, ""),
    "word": (b"body", 400, ""),
    "no-utf-8": (b'{"body": "\xff"}', 400, ""),
    "nul": (b'{"body": "a\\u0000"}', 422, "body"),
    "surrogate": (b'{"body": "\\ud800"}', 400, ""),
    "unknown-field": (b'{"body": "One.", "boddy": 1}', 422, "boddy"),
    "wrong-type": (b'{"body": 1}', 422, "body"),
    "deep": (b"[" * 5_000, 400, None),
    "long": (b'{"body": "' + b"a" * 2_000_000 + b'"}', 413, None),
    "text-long": (b'{"body": "' + b"a" * 1_000_001 + b'"}', 413, "body"),
    "comma-after": (b'{"body": "One."},', 400, ""),
    "two": (b'{"body": "One."} {"body": "Two."}', 400, ""),
    "nan": (b'{"body": NaN}', 422, "body"),
    "endless-number": (b'{"body": ' + b"9" * 5_000 + b"}", 400, ""),
}
