"""The record that describes a feed format, and the options, records and errors that all parsers share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pydantic import ValidationError

from services.contracts import Article, Warned

if TYPE_CHECKING:
    from services.ingest.formats.document import Document

_FIELD_CHARS: Final = 200  # a field's name may come from the sender and be of any length
_NOT_AN_OBJECT: Final = frozenset({"model_type", "model_attributes_type", "dict_type"})  # Pydantic's error types


class Syntax(StrEnum):
    """The syntax that a format is written in."""

    JSON = "JSON"
    XML = "XML"
    HTML = "HTML"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class ParseOptions:
    """The options of a parser, which its caller decides.

    ``feed`` is the feed of articles that name none; without it the default of `Article` applies.
    ``text_as_body`` also accepts the name ``text`` for the field ``body`` of JSON records.
    ``markup_nesting`` is the deepest nesting of elements in an XML document, ``markup_elements`` their greatest number.
    """

    feed: str | None = None
    text_as_body: bool = False
    markup_nesting: int = 200
    markup_elements: int = 100_000

    def defaults(self) -> dict[str, str]:
        """Return the fields that a record may leave out."""
        return {"feed": self.feed} if self.feed else {}


class Record(NamedTuple):
    """The part of a document that holds one article.

    ``number`` counts from 1; the type of ``content`` depends on the format.
    """

    number: int
    content: Any


class Contents(NamedTuple):
    """The records of a document.

    ``is_container`` tells whether the document is of a kind that can have several articles, such as a feed or a list,
    however many it has. The answer to a push has the form of a batch's answer for a container.
    """

    records: Iterable[Record]
    is_container: bool


class ParsedArticle(NamedTuple):
    """The article of a record, and warnings about what could not be read or kept."""

    article: Article
    warnings: tuple[Warned, ...] = ()


class FieldReason(NamedTuple):
    """Why a field is not valid. ``field`` is a dotted path; an empty one means the whole record."""

    field: str
    reason: str


class FormatError(ValueError):
    """A document or record that its format does not allow; the message names format, location, field and reason.

    ``reasons`` has at least one entry. ``malformed`` is true if the syntax is wrong, as in broken JSON, and false if
    the content is not a valid article. ``without_text`` is true if the record is valid, but is not an article with a
    text, such as a picture. Parsers raise the error with a reason; `FeedFormat` adds format and location.
    """

    def __init__(self, *reasons: FieldReason, malformed: bool = False, without_text: bool = False) -> None:
        """Keep the reasons; the first one becomes the message."""
        super().__init__(*reasons)
        self.reasons = reasons
        self.malformed = malformed
        self.without_text = without_text
        self.format = ""
        self.location = ""

    @classmethod
    def syntax(cls, reason: str) -> FormatError:
        """Return the error for a document or record with broken syntax."""
        return cls(FieldReason("", reason), malformed=True)

    @classmethod
    def of(cls, error: ValidationError) -> FormatError:
        """Return Pydantic's error with the reasons in our words."""
        return cls(*map(_field_reason, error.errors(include_url=False, include_input=False)))

    def __str__(self) -> str:
        """Return format, location, field and reason in one line."""
        context = ", ".join(part for part in (self.format, self.location) if part)
        return ": ".join(part for part in (context, *self.reasons[0]) if part)


@dataclass(frozen=True, slots=True)
class FeedFormat:
    """One format in which feeds send articles.

    - ``name``: the name in messages and documents.
    - ``content_types``: media types without parameters, in lower case.
    - ``suffixes``: suffixes of file names, with the dot, in lower case.
    - ``syntax``: the syntax of its documents.
    - ``unit``: what messages call a record, such as "line"; empty if a document is exactly one article.
    - ``sniff``: tells whether a document may be in this format.
    - ``split``: splits a document into the contents of its records. It may raise `FormatError`.
    - ``parse``: turns the content of a record into an article. It may raise `FormatError` and Pydantic's
      `ValidationError`.

    Splitting and parsing are separate so that one bad record does not spoil the others. Use the methods `contents`,
    `article` and `articles`, which add the format and the location to every error.
    """

    name: str
    content_types: tuple[str, ...]
    suffixes: tuple[str, ...]
    syntax: Syntax
    unit: str
    sniff: Callable[[Document], bool]
    split: Callable[[Document, ParseOptions], Contents]
    parse: Callable[[Any, ParseOptions], ParsedArticle]

    def contents(self, document: Document, options: ParseOptions) -> Contents:
        """Return the records of a document. Raises `FormatError` if the document as a whole cannot be read."""
        try:
            return self.split(document, options)
        except FormatError as error:
            error.format = error.format or self.name
            raise

    def article(self, record: Record, options: ParseOptions) -> ParsedArticle:
        """Return the article of one record. Raises `FormatError`."""
        try:
            return self.parse(record.content, options)
        except ValidationError as error:
            raise self._locate(FormatError.of(error), record) from error
        except FormatError as error:
            self._locate(error, record)
            raise

    def articles(self, document: Document, options: ParseOptions) -> Iterator[ParsedArticle]:
        """Yield the articles of a document. Raises `FormatError` for the first record that is not valid."""
        for record in self.contents(document, options).records:
            yield self.article(record, options)

    def _locate(self, error: FormatError, record: Record) -> FormatError:
        error.format = error.format or self.name
        error.location = f"{self.unit} {record.number}" if self.unit else ""
        return error


def _field_reason(error: Any) -> FieldReason:
    """Return one of Pydantic's errors as field and reason."""
    field = ".".join(map(str, error["loc"]))[:_FIELD_CHARS]
    if not field and error["type"] in _NOT_AN_OBJECT:
        return FieldReason("", "is not a JSON object")
    return FieldReason(field, error["msg"].removeprefix("Value error, "))
