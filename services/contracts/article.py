"""An article as a feed pushes it."""

from __future__ import annotations

import hashlib
import json
from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, ConfigDict, Field, JsonValue, ValidationInfo
from pydantic.config import JsonDict

from services.contracts.base import (
    NOT_BLANK_PATTERN,
    Address,
    Contract,
    FeedName,
    Identifier,
    LanguageTag,
    Short,
    Text,
    in_utc,
    not_blank,
    read_language_tag,
    reject_bare_number,
)
from services.contracts.visible_text import visible_text

_EXAMPLE: Final[JsonDict] = {
    "feed": "wire",
    "guid": "2026-11-23/42",
    "title": "Mayor rejects tram plan",
    "published_at": "2026-11-23T20:15:02Z",
    "body": "Mayor Ida Berg said the plan was “reckless”.",
}


# Every article needs a text, except a canceled one, which needs the guid of the story.
# `if` rather than alternatives: generators of clients take alternatives for models of their own.
_TEXT_OR_GUID: Final[dict[str, JsonValue]] = {
    "if": {"required": ["pubstatus"], "properties": {"pubstatus": {"const": "canceled"}}},
    "then": {"required": ["guid"], "properties": {"guid": {"type": "string"}}},
    "else": {"required": ["body"], "properties": {"body": {"pattern": NOT_BLANK_PATTERN}}},
}


class MediaType(StrEnum):
    """The format of ``Article.body``."""

    TEXT = "text/plain"
    HTML = "text/html"


class PubStatus(StrEnum):
    """Whether a story may be published (IPTC's ``pubstatus``)."""

    USABLE = "usable"
    WITHHELD = "withheld"  # not yet: kept unread until it is pushed as usable
    CANCELED = "canceled"  # not any more: every version of its guid is withdrawn


def _needs_guid(status: PubStatus, info: ValidationInfo) -> PubStatus:
    if status is PubStatus.CANCELED and info.data.get("guid") is None:
        raise ValueError("is 'canceled', which needs the guid of the story to withdraw")
    return status


def _needs_text(body: str, info: ValidationInfo) -> str:
    """Reject a body without text, unless the story is canceled."""
    if not body and info.data.get("pubstatus") is not PubStatus.CANCELED:
        raise ValueError("is missing or empty")
    return not_blank(body) if body else body


Moment = Annotated[AwareDatetime, BeforeValidator(reject_bare_number), AfterValidator(in_utc)]


class Article(Contract):
    """An article as a feed pushes it.

    Only the schema and size limits are checked on receipt; the body is interpreted in a worker. ``guid`` and
    ``version`` are the feed's own identifiers of the story and its revision; without them the hash of the content is
    used.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE], **_TEXT_OR_GUID})

    schema_version: Literal["stancewire.article/1"] = Field(default="stancewire.article/1", alias="schema")
    feed: FeedName = "default"
    guid: Identifier | None = None
    version: Identifier | None = None
    # Stored as pushed and never fetched. Some feeds push addresses with stray text attached: no reason to reject.
    url: Address | None = None
    title: Short | None = None
    byline: Short | None = None
    language: Annotated[
        LanguageTag | None,
        BeforeValidator(read_language_tag),
        Field(description="BCP 47; `_` counts as `-`, and `und` leaves the language to be detected"),
    ] = None
    published_at: Moment | None = None
    pubstatus: Annotated[
        PubStatus,
        AfterValidator(_needs_guid),
        Field(description="`withheld` keeps the story unread, `canceled` withdraws all versions of its guid"),
    ] = PubStatus.USABLE
    embargoed: Annotated[
        Moment | None, Field(description="the story is not read, and so has no result, before this time")
    ] = None
    versioncreated: Annotated[
        Moment | None, Field(description="orders versions that are no numbers; the later one speaks")
    ] = None
    evolvedfrom: Annotated[
        Identifier | None, Field(description="the guid of the earlier story that this one continues")
    ] = None
    body: Annotated[Text, AfterValidator(_needs_text), Field(description="required, unless the story is canceled")] = (
        Field(default="", validate_default=True)
    )
    media_type: MediaType = MediaType.TEXT
    # Not analysed, and not part of the content hash. `limits.metadata_bytes` bounds its size.
    metadata: Annotated[
        dict[str, JsonValue] | None,
        Field(
            description="what else the sender knows, such as `section`, `tags` and `subjects`; the result has it, too"
        ),
    ] = None

    def content_hash(self) -> str:
        """Return the SHA-256 (hex) of the analysed fields: title, byline, language, media type and body.

        The address and the date of publication are left out. Of HTML only the visible characters count, without white
        space: the same text in other markup is the same content.
        """
        content = [self.title, self.byline, self.language, self.media_type, self._said()]
        return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()

    def word_count(self) -> int:
        """Return the number of words of the body, without markup; it determines the size of batches."""
        return len(self.plain_body().split())

    def plain_body(self) -> str:
        """Return the body without markup."""
        return visible_text(self.body) if self.media_type is MediaType.HTML else self.body

    def _said(self) -> str:
        if self.media_type is MediaType.TEXT:
            return self.body
        return "".join(visible_text(self.body).split()) or self.body
