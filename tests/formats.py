"""Measures which real files are accepted as they are, and whether every paragraph is kept: `make formats SUITES=…`.

``SUITES`` is a folder with one folder for each source, such as checkouts of the repositories that publish samples of
the formats. A file counts if an independent reading finds an article with an English text in it: lxml for XML, the
names of body fields for JSON. An article is kept if each of those paragraphs is in the text that would be analysed.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import lxml.etree
import lxml.html
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from services.errors import PermanentError
from services.ingest.files import Unread, read_records
from workers.text.reader import to_plain_text

_SUFFIXES: Final = frozenset({".xml", ".json", ".rss", ".atom", ".rdf", ".nitf", ".ninjs", ".jsonld", ".ndjson", ""})
_BYTES_MAX: Final = 4_000_000
_WORDS_MIN: Final = 10  # fewer do not show the language of a text
_ROOTS: Final = frozenset({
    "nitf", "newsMessage", "newsItem", "contentSet", "NewsML", "rss", "RDF", "feed", "entry",
})  # fmt: skip
_BODY_FIELD: Final = re.compile(r"body|body_\w+|content_html|content_text|articleBody", re.IGNORECASE)
_FEED_BODIES: Final = ("encoded", "content", "description", "summary")
_WORD: Final = re.compile(r"\w+")
_BREAK: Final = re.compile(r"<br\b[^<>]*>", re.IGNORECASE)


@dataclass(slots=True)
class Tally:
    """The counts of one source, and the files that failed with their reasons."""

    counts: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


def main() -> None:
    """Print a line for each source, and with ``-v`` each failure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suites", type=Path)
    parser.add_argument("--all", action="store_true", help="count every article, also short ones and other languages")
    parser.add_argument("-v", "--verbose", action="store_true", help="list the files that were not accepted or kept")
    arguments = parser.parse_args()
    total: Counter[str] = Counter()
    print(f"{'source':32} {'files':>6} {'english':>8} {'accepted':>9} {'kept':>6}")
    for suite in sorted(path for path in arguments.suites.iterdir() if path.is_dir()):
        tally = measure(suite, count_all=arguments.all)
        total += tally.counts
        print(_line(suite.name, tally.counts))
        for failure in tally.failures if arguments.verbose else ():
            print(f"    {failure}")
    print(_line("all", total))
    if not total["english"]:
        sys.exit("no article with an English text in it; is this the right folder?")


def _line(name: str, counts: Counter[str]) -> str:
    english = counts["english"]
    shares = f"  {counts['accepted'] / english:.1%} accepted, {counts['kept'] / english:.1%} kept" if english else ""
    return f"{name:32} {counts['files']:6} {english:8} {counts['accepted']:9} {counts['kept']:6}{shares}"


def measure(suite: Path, *, count_all: bool = False) -> Tally:
    """Read every file of a source. ``count_all`` counts articles in any language and of any length."""
    tally = Tally()
    for file in sorted(suite.rglob("*")):
        if not file.is_file() or file.is_symlink() or file.suffix.lower() not in _SUFFIXES:
            continue
        if file.stat().st_size > _BYTES_MAX or ".git" in file.parts:
            continue
        articles = list(expected_paragraphs(file.read_bytes()))
        if not articles:
            continue
        tally.counts["files"] += 1
        english = [paragraphs for paragraphs in articles if count_all or _is_english(" ".join(paragraphs))]
        if not english:
            continue
        tally.counts["english"] += 1
        reason = _missing(file, english)
        tally.counts["accepted"] += reason is None or reason.startswith("lost")
        tally.counts["kept"] += reason is None
        if reason:
            tally.failures.append(f"{file.relative_to(suite)}: {reason}")
    return tally


def _missing(file: Path, english: list[list[str]]) -> str | None:
    """Return why a file is not accepted, or which paragraph is lost; None if all is well."""
    try:
        records = list(read_records(file))
    except ValueError as error:
        return str(error)
    texts = []
    errors = []
    for record in records:
        if isinstance(record, Unread):
            errors.append(record.reason)
            continue
        try:
            # Which language a text is in is the worker's decision, and another question.
            article = record.article.model_copy(update={"language": "en"})
            texts.append(_normalise(to_plain_text(article).text))
        except PermanentError as error:
            errors.append(f"{error.code}: {error}")
    for paragraphs in english:
        for paragraph in paragraphs:
            words = _normalise(paragraph)
            if words and not any(words in text for text in texts):
                reason = f"lost {paragraph[:80]!r}"
                return reason if texts else (errors[0] if errors else reason)
    return None


def expected_paragraphs(content: bytes) -> Iterator[list[str]]:
    """Yield the paragraphs of each article in a document, read without Stancewire."""
    if content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in {b"{", b"["}:
        try:
            yield from _json_articles(json.loads(content.decode("utf-8-sig")))
        except (ValueError, RecursionError):
            return
    elif b"<" in content[:1000]:
        try:
            # Some files are in UTF-8 whatever they declare.
            encoding = "utf-8" if _is_utf8(content) else None
            parser = lxml.etree.XMLParser(recover=True, resolve_entities=False, encoding=encoding)
            root = lxml.etree.fromstring(content, parser)
        except lxml.etree.XMLSyntaxError:
            return
        if root is not None and _name(root) in _ROOTS:
            yield from _xml_articles(root)


def _json_articles(value: Any) -> Iterator[list[str]]:
    if isinstance(value, list):
        for entry in value:
            yield from _json_articles(entry)
    elif isinstance(value, dict):
        texts = [text for name, text in value.items() if _BODY_FIELD.fullmatch(name) and isinstance(text, str)]
        bodies = value.get("bodies")
        texts += [
            body["value"]
            for body in (bodies if isinstance(bodies, list) else [])
            if isinstance(body, dict) and isinstance(body.get("value"), str)
        ]
        if texts:
            yield _paragraphs(max(texts, key=lambda text: len(_WORD.findall(re.sub("<[^<>]*>", " ", text)))))
            return
        for name, entry in value.items():
            if name not in {"associations", "renditions"}:
                yield from _json_articles(entry)


def _xml_articles(root: lxml.etree._Element) -> Iterator[list[str]]:
    kind = _name(root)
    if kind in {"rss", "RDF", "feed", "entry"}:
        entries = [root] if kind == "entry" else [each for each in root.iter() if _name(each) in {"item", "entry"}]
        for entry in entries:
            bodies = [child for child in entry if _name(child) in _FEED_BODIES and _is_of_feed(child, entry)]
            texts = [
                lxml.etree.tostring(body, encoding="unicode", with_tail=False) if len(body) else body.text or ""
                for body in bodies
            ]
            if any(text.strip() for text in texts):
                yield _paragraphs(max(texts, key=lambda text: len(_WORD.findall(re.sub("<[^<>]*>", " ", text)))))
        return
    stories = (
        [root] if kind in {"nitf", "contentSet"} else [e for e in root.iter() if _name(e) in {"newsItem", "NewsItem"}]
    )
    for story in stories or [root]:
        for line_break in [each for each in story.iter() if _name(each) == "br"]:
            line_break.text = " "
        paragraphs = [
            "".join(each.itertext())
            for each in story.iter()
            if _name(each) in {"p", "pre"}
            and not {_name(parent) for parent in each.iterancestors()}
            & {"media", "abstract", "body.head", "body.end", "head", "itemMeta", "contentMeta", "rightsInfo"}
        ]
        paragraphs = [paragraph for paragraph in paragraphs if _WORD.search(paragraph)]
        if paragraphs:
            yield paragraphs


def _is_of_feed(child: lxml.etree._Element, entry: lxml.etree._Element) -> bool:
    """Return whether an element belongs to the vocabulary of its feed, or is RSS's module for whole contents."""
    namespaces = {lxml.etree.QName(each).namespace for each in (child, entry)}
    return len(namespaces) == 1 or _name(child) == "encoded"


def _paragraphs(markup: str) -> list[str]:
    if "<" not in markup:
        return [line for line in markup.split("\n") if line.strip()]
    root = lxml.html.fromstring(f"<div>{_BREAK.sub(' ', markup)}</div>")
    lxml.etree.strip_elements(root, "del", with_tail=False)  # deleted text is not part of a text
    texts = [each.text_content() for each in root.iter("p", "li", "h1", "h2", "h3", "h4", "pre")]
    return [text for text in texts if _WORD.search(text)] or [root.text_content()]


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _name(element: lxml.etree._Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _normalise(text: str) -> str:
    return " ".join(_WORD.findall(text.lower()))


def _is_english(text: str) -> bool:
    return len(_WORD.findall(text)) >= _WORDS_MIN and _detector().classify(text)[0] == "en"


@cache
def _detector() -> Any:
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


if __name__ == "__main__":
    main()
