"""Articles out of files, by what the file is."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from services.contracts import Article, MediaType

_TITLE_MAX = 200


def read_articles(file: Path, feed: str | None = None, *, lines: bool = False) -> Iterator[Article]:
    """The articles of one file; ``-`` is standard input, as plain text.

    ``.json``: one article or a list; ``.ndjson``/``.jsonl`` (or any name with ``lines``): one a line; ``.html``: a page or
    fragment; anything else: text, whose first line is the title if it is short and does not end like a sentence. A record may
    call its body ``text``, and say nothing of the feed. Raises OSError, and ValueError that names file, line, field and reason.
    """
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{file}: no UTF-8: {error}") from error
    default = {"feed": feed} if feed else {}
    match ".ndjson" if lines else file.suffix.lower():
        case ".json":
            records = _parsed(text, str(file))
            for number, record in enumerate(records if isinstance(records, list) else [records], 1):
                yield _article(default, record, f"{file}, article {number}")
        case ".ndjson" | ".jsonl":
            for number, line in enumerate(
                text.split("\n"), 1
            ):  # JSON strings may hold what splitlines() takes for an end
                if line.strip():
                    yield _article(default, _parsed(line, f"{file}, line {number}"), f"{file}, line {number}")
        case ".html" | ".htm":
            yield _article(default, {"guid": _guid(text), "body": text, "media_type": MediaType.HTML}, str(file))
        case _:
            title, body = _split_title(text)
            yield _article(default, {"guid": _guid(text), "title": title, "body": body}, str(file))


def _parsed(text: str, place: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{place}: no JSON: {error}") from error


def _article(default: dict[str, str], record: object, place: str) -> Article:
    if not isinstance(record, dict):
        raise ValueError(f"{place}: an article is a JSON object")  # noqa: TRY004 -- bad input, not a wrong call
    record = default | record
    if "body" not in record and "text" in record:
        record = {name: value for name, value in record.items() if name != "text"} | {"body": record["text"]}
    try:
        return Article.model_validate(record)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{place}: {field}: {first['msg'].removeprefix('Value error, ')}") from error


def _guid(text: str) -> str:
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def _split_title(text: str) -> tuple[str | None, str]:
    """The first line of at most 200 characters that does not end like a sentence is the title, where more follows."""
    first, _, rest = text.strip("\n").partition("\n")
    sentence = first.rstrip().endswith((".", "!", "?", ",", ";", ":"))
    is_title = 0 < len(first.strip()) <= _TITLE_MAX and rest.strip() and not sentence
    return (first.strip(), rest.strip("\n")) if is_title else (None, text)
