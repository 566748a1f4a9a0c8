"""The record that describes a feed format, and what its parsers share: options, records and errors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from pydantic import ValidationError

from services.contracts import Article

_FIELD_CHARS: Final = 200  # a field's name may come from the sender and be of any length
_NOT_AN_OBJECT: Final = frozenset({"model_type", "model_attributes_type", "dict_type"})  # Pydantic's error types


@dataclass(frozen=True, slots=True)
class ParseOptions:
    """The options of a parser, which its caller decides.

    ``feed`` is the feed of articles that name none; without it the default of `Article` applies.
    ``text_as_body`` also accepts the name ``text`` for the field ``body`` of JSON records.
    """

    feed: str | None = None
    text_as_body: bool = False

    def defaults(self) -> dict[str, str]:
        """Return the fields that a record may leave out."""
        return {"feed": self.feed} if self.feed else {}


class Record(NamedTuple):
    """The part of a document that holds one article.

    ``number`` counts from 1; the type of ``content`` depends on the format.
    """

    number: int
    content: Any


class FieldReason(NamedTuple):
    """Why a field is not valid. ``field`` is a dotted path; an empty one means the whole record."""

    field: str
    reason: str


class FormatError(ValueError):
    """A document or record that its format does not allow; the message names format, location, field and reason.

    ``reasons`` has at least one entry. ``malformed`` is true if the syntax is wrong, as in broken JSON, and false if
    the content is not a valid article. Parsers raise the error with a reason; `FeedFormat` adds format and location.
    """

    def __init__(self, *reasons: FieldReason, malformed: bool = False) -> None:
        """Keep the reasons; the first one becomes the message."""
        super().__init__(*reasons)
        self.reasons = reasons
        self.malformed = malformed
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
    - ``unit``: what messages call a record, such as "line"; empty if a document is exactly one article.
    - ``sniff``: tells from the first bytes of a document whether it may be in this format.
    - ``split``: splits a document into the contents of its records. It may raise `FormatError`.
    - ``parse``: turns the content of a record into an article. It may raise `FormatError` and Pydantic's
      `ValidationError`.

    Splitting and parsing are separate so that one bad record does not spoil the others. Use the methods `records`,
    `article` and `articles`, which add the format and the location to every error.
    """

    name: str
    content_types: tuple[str, ...]
    suffixes: tuple[str, ...]
    unit: str
    sniff: Callable[[bytes], bool]
    split: Callable[[bytes], Iterable[Record]]
    parse: Callable[[Any, ParseOptions], Article]

    def records(self, document: bytes) -> Iterator[Record]:
        """Yield the records of a document. Raises `FormatError` if the document as a whole cannot be read."""
        try:
            yield from self.split(document)
        except FormatError as error:
            error.format = self.name
            raise

    def article(self, record: Record, options: ParseOptions) -> Article:
        """Return the article of one record. Raises `FormatError`."""
        try:
            return self.parse(record.content, options)
        except ValidationError as error:
            raise self._locate(FormatError.of(error), record) from error
        except FormatError as error:
            self._locate(error, record)
            raise

    def articles(self, document: bytes, options: ParseOptions) -> Iterator[Article]:
        """Yield the articles of a document. Raises `FormatError` for the first record that is not valid."""
        for record in self.records(document):
            yield self.article(record, options)

    def _locate(self, error: FormatError, record: Record) -> FormatError:
        error.format = self.name
        error.location = f"{self.unit} {record.number}" if self.unit else ""
        return error


def decode_text(document: bytes) -> str:
    """Decode UTF-8 and turn CRLF and CR into LF, as Python does for text files. Raises `FormatError`."""
    try:
        text = document.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FormatError.syntax(f"not UTF-8: {error}") from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _field_reason(error: Any) -> FieldReason:
    """Return one of Pydantic's errors as field and reason."""
    field = ".".join(map(str, error["loc"]))[:_FIELD_CHARS]
    if not field and error["type"] in _NOT_AN_OBJECT:
        return FieldReason("", "is not a JSON object")
    return FieldReason(field, error["msg"].removeprefix("Value error, "))
