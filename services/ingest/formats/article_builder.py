"""Builds an article from the values of a format that is not Stancewire's own, which nobody wrote for Stancewire.

A value that an article cannot have is left out or cut, with a warning, rather than refused: the text is worth more than
its title. Only a missing text is an error.
"""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from services.contracts import Article, MediaType, PubStatus, Warned
from services.contracts.base import read_language_tag
from services.ingest.formats.dates import parse_date, read_date
from services.ingest.formats.feed_format import FieldReason, FormatError, ParsedArticle, ParseOptions

# The statuses of IPTC's formats and their variants; any other word leaves a story usable.
_STATUSES: Final = {
    **dict.fromkeys(("canceled", "cancelled", "killed", "kill", "deleted"), PubStatus.CANCELED),
    **dict.fromkeys(("withheld", "hold"), PubStatus.WITHHELD),
}
_SHORT_CHARS: Final = 500  # of a title, byline, guid and version in `Article`
_URL_CHARS: Final = 2000
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,4}")
_URL: Final = re.compile(r"https?://\S", re.IGNORECASE)
_TAG: Final = re.compile(r"<[^<>]*>")
_WORD: Final = re.compile(r"\w+")
_VISIBLE: Final = re.compile(r"(?:\A|>)[^<>\w]*\w")
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")


_MARKUP: Final = re.compile(
    r"<(?:/(?:p|div|h[1-6]|ul|ol|table|blockquote|section|article)|p|br ?/?)>|<p ", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Body:
    """A text of an article; ``field`` is the sender's name for it."""

    text: str
    media_type: MediaType
    field: str = ""

    @classmethod
    def guess(cls, text: str, field: str) -> Body:
        """Return a body whose media type its sender did not say, or said wrongly: HTML if it has tags of paragraphs."""
        return cls(text, MediaType.HTML if _MARKUP.search(text) else MediaType.TEXT, field)

    def has_words(self) -> bool:
        """Return whether there is a word outside of tags."""
        return (_VISIBLE if self.media_type is MediaType.HTML else _WORD).search(self.text) is not None

    def words(self) -> int:
        """Return the number of words outside of tags."""
        return len(_WORD.findall(_TAG.sub(" ", self.text) if self.media_type is MediaType.HTML else self.text))


@dataclass(slots=True)
class ArticleBuilder:
    """The values of one record. All are texts as the sender wrote them, or None; ``dates`` are pairs of field and text.

    The first date that can be read is the date of publication.
    """

    bodies: list[Body] = field(default_factory=list)
    summary: Body | None = None
    guid: str | None = None
    version: str | None = None
    url: str | None = None
    title: str | None = None
    byline: str | None = None
    language: str | None = None
    dates: Sequence[tuple[str, object]] = ()
    metadata: dict[str, Any] = field(default_factory=dict)
    warnings: list[Warned] = field(default_factory=list)

    def build(self, options: ParseOptions, body_field: str) -> ParsedArticle:
        """Return the article.

        Raises `FormatError` for ``body_field`` if the record has no text, unless the story is canceled.
        """
        life = self._life()
        body = self._choose_body(body_field, is_needed=life["pubstatus"] is not PubStatus.CANCELED)
        fields: dict[str, Any] = life | {
            "guid": self._identifier("guid", self.guid),
            "version": self._identifier("version", self.version),
            "url": self._address(),
            "title": self._short("title", self.title),
            "byline": self._short("byline", self.byline),
            "language": self._language(),
            "published_at": self._published(),
            "metadata": _without_blanks(self.metadata),
            "body": body.text,
            "media_type": body.media_type,
        }
        article = Article.model_validate(options.defaults() | {key: value for key, value in fields.items() if value})
        return ParsedArticle(article, tuple(self.warnings))

    def warn(self, code: str, detail: str) -> None:
        """Add a warning about this record."""
        self.warnings.append(Warned(code=code, detail=detail))

    def _life(self) -> dict[str, Any]:
        """Return what the metadata says about the life of the story: status, embargo, version and predecessor.

        A story under an embargo whose end is missing or cannot be read is withheld, so that it is not shown too early.
        """
        word = str(self.metadata.get("pubstatus") or "").strip().lower()
        status = _STATUSES.get(word, PubStatus.USABLE)
        end, created = (_moment(self.metadata.get(name)) for name in ("embargoed", "versioncreated"))
        if (self.metadata.get("embargoed") or word == "embargoed") and end is None and status is PubStatus.USABLE:
            status = PubStatus.WITHHELD
            self.warn("embargo_unreadable", "embargoed: has no end that can be read; the story is withheld")
        predecessor = self.metadata.get("evolvedfrom")
        return {
            "pubstatus": status,
            "embargoed": end,
            "versioncreated": created,
            "evolvedfrom": self._identifier("evolvedfrom", predecessor if isinstance(predecessor, str) else None),
        }

    def _choose_body(self, body_field: str, *, is_needed: bool) -> Body:
        """Return the body with the most words; of equal ones the first. Without one, the summary stands in."""
        bodies = [body for body in self.bodies if body.has_words()]
        if bodies:
            best = max(bodies, key=Body.words) if len(bodies) > 1 else bodies[0]
        elif self.summary is not None and self.summary.has_words():
            best = self.summary
            self.warn(
                "body_from_summary", f"{body_field}: is missing; the summary {best.field!r} was taken as the text"
            )
        elif not is_needed:
            return Body("", MediaType.TEXT)
        else:
            raise FormatError(FieldReason(body_field, "is missing or empty: there is no text to analyse"))
        return Body(_UNSTORABLE.sub("\ufffd", best.text), best.media_type, best.field)

    def _short(self, name: str, value: str | None) -> str | None:
        text = one_line(value)
        if text is None or len(text) <= _SHORT_CHARS:
            return text
        self.warn("field_cut", f"{name}: has {len(text)} characters; the first {_SHORT_CHARS} were kept")
        return text[: _SHORT_CHARS - 1].rstrip() + "…"

    def _identifier(self, name: str, value: str | None) -> str | None:
        """Return an identifier. One that is too long is replaced by its hash, which identifies as well."""
        text = one_line(value)
        if text is None or len(text) <= _SHORT_CHARS:
            return text
        self.warn("field_cut", f"{name}: has {len(text)} characters; its SHA-256 took its place")
        return "sha256:" + hashlib.sha256(text.encode()).hexdigest()

    def _address(self) -> str | None:
        text = one_line(self.url)
        if text is None:
            return None
        if _URL.match(text) and len(text) <= _URL_CHARS:
            scheme, _, rest = text.partition(":")
            return f"{scheme.lower()}:{rest}"
        self.metadata.setdefault("url", text[:_URL_CHARS])
        return None

    def _language(self) -> str | None:
        tag = one_line(read_language_tag(self.language))
        if tag is None or _LANGUAGE.fullmatch(tag):
            return tag
        self.warn("language_unreadable", f"language: {tag[:60]!r} is not a language tag; the language will be detected")
        return None

    def _published(self) -> Any:
        unreadable: list[Warned] = []
        for name, text in self.dates:
            date = read_date(text, name)
            if date.value is not None:
                return date.value
            unreadable += date.warnings
        self.warnings += unreadable[:1]
        return None


def _moment(value: object) -> datetime | None:
    return parse_date(value) if isinstance(value, str) else None


def _without_blanks(value: Any) -> Any:
    """Return a JSON value without blank fields and entries of its objects and lists; None if nothing is left."""
    if isinstance(value, dict):
        value = {name: kept for name, each in value.items() if (kept := _without_blanks(each)) is not None}
    elif isinstance(value, list | tuple):
        value = [kept for each in value if (kept := _without_blanks(each)) is not None]
    return None if value in ("", [], {}) else value


def one_line(value: object) -> str | None:
    """Return a text with its white space collapsed and characters that cannot be stored replaced; None if blank."""
    if value is None:
        return None
    text = " ".join(_UNSTORABLE.sub("\ufffd", str(value)).split())
    return text or None


def text_from_markup(value: object) -> str | None:
    """Return a short text, such as a title, without tags and with its character references resolved."""
    text = one_line(value)
    if text is None or ("<" not in text and "&" not in text):
        return text
    return one_line(html.unescape(_TAG.sub("", text)))
