"""An article as a feed pushes it."""

from __future__ import annotations

import hashlib
import json
from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, ConfigDict, Field
from pydantic.config import JsonDict

from services.contracts.base import (
    NOT_BLANK,
    Address,
    Contract,
    FeedName,
    Identifier,
    LanguageTag,
    Short,
    Text,
    in_utc,
    no_number,
    not_blank,
)

_EXAMPLE: Final[JsonDict] = {
    "feed": "wire",
    "guid": "2026-11-23/42",
    "title": "Mayor rejects tram plan",
    "published_at": "2026-11-23T20:15:02Z",
    "body": "Mayor Ida Berg said the plan was “reckless”.",
}


class MediaType(StrEnum):
    """How ``Article.body`` is written."""

    TEXT = "text/plain"
    HTML = "text/html"


class Article(Contract):
    """An article as a feed pushes it.

    Only shape and limits are checked on the way in; whatever interprets the body runs in a worker. ``guid`` and ``version``
    are the feed's own names for the story and its revision; without them the hash of the content stands in.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    schema_version: Literal["stancewire.article/1"] = Field(default="stancewire.article/1", alias="schema")
    feed: FeedName = "default"
    guid: Identifier | None = None
    version: Identifier | None = None
    # Kept as the feed gave it and never fetched: feeds push addresses with text stuck to them, and the article is what counts.
    url: Address | None = None
    title: Short | None = None
    byline: Short | None = None
    language: LanguageTag | None = None
    published_at: Annotated[AwareDatetime, BeforeValidator(no_number), AfterValidator(in_utc)] | None = None
    body: Annotated[Text, AfterValidator(not_blank), NOT_BLANK]
    media_type: MediaType = MediaType.TEXT

    def content_hash(self) -> str:
        """SHA-256 (hex) over what is analysed: title, byline, language, media type and body; not where or when it appeared."""
        content = [self.title, self.byline, self.language, self.media_type, self.body]
        return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()

    def word_count(self) -> int:
        """Words of the body as pushed, split at white space: what batches are cut by."""
        return len(self.body.split())
