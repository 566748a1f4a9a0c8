"""All that crosses a boundary: articles in, jobs between, results out, and the names that processes share.

Every model is frozen and carries a ``schema`` tag; golden files under ``tests/golden`` pin each version. Every offset is counted
in Unicode code points into ``Result.text``, 0-based, end exclusive (W3C Web Annotation TextPositionSelector).
"""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Final, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)


class QueueName(StrEnum):
    """Celery queues. The deployment's ``-Q`` lists must equal these (``tests/unit/test_deployment.py``)."""

    ANALYSE = "stancewire.analyse"


class TaskName(StrEnum):
    """Celery tasks: the API sends them by name and so never imports the model."""

    ANALYSE = "stancewire.analyse_jobs"


class JobState(StrEnum):
    """Where a job is on its way."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"  # the article itself is the reason: trying again would not help
    DEAD = "dead"  # tried as often as allowed; an operator may retry or drop it
    CANCELED = "canceled"


FINAL_STATES: Final = frozenset({JobState.SUCCEEDED, JobState.FAILED, JobState.DEAD, JobState.CANCELED})

TRANSITIONS: Final[dict[JobState, frozenset[JobState]]] = {
    JobState.QUEUED: frozenset({JobState.RUNNING, JobState.DEAD, JobState.CANCELED}),
    JobState.RUNNING: frozenset({JobState.QUEUED, JobState.SUCCEEDED, JobState.FAILED, JobState.DEAD, JobState.CANCELED}),
    JobState.SUCCEEDED: frozenset(),
    JobState.FAILED: frozenset({JobState.QUEUED, JobState.CANCELED}),
    JobState.DEAD: frozenset({JobState.QUEUED, JobState.CANCELED}),
    JobState.CANCELED: frozenset(),
}


_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")


def _storable(value: str) -> str:
    """Refuse what neither UTF-8 nor PostgreSQL can hold."""
    found = _UNSTORABLE.search(value)
    if found:
        what = "a NUL character" if found.group() == "\x00" else "half of a surrogate pair"
        raise ValueError(f"holds {what} at offset {found.start()}")
    return value


def _not_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("holds nothing but white space")
    return value


def _in_utc(value: datetime) -> datetime:
    """Refuse what lies outside the calendar once it is counted in UTC, as the ledger counts it."""
    try:
        value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("lies outside the years 1 to 9999 in UTC") from error
    return value


Text = Annotated[str, AfterValidator(_storable)]
Short = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500), AfterValidator(_storable)]
Identifier = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), AfterValidator(_storable)]
FeedName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]
LanguageTag = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,4}$")]
Probability = Annotated[float, Field(ge=0, le=1)]


class Contract(BaseModel):
    """Base of all contracts: immutable, and no field that is not declared."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True)


class MediaType(StrEnum):
    """How ``Article.body`` is written."""

    TEXT = "text/plain"
    HTML = "text/html"


class Article(Contract):
    """An article as a feed pushes it.

    Only shape and limits are checked on the way in; whatever interprets the body runs in a worker. ``guid`` and ``version``
    are the feed's own names for the story and its revision; without them the hash of the content stands in.
    """

    schema_version: Literal["stancewire.article/1"] = Field(default="stancewire.article/1", alias="schema")
    feed: FeedName = "default"
    guid: Identifier | None = None
    version: Identifier | None = None
    # Kept as the feed gave it and never fetched: feeds push addresses with text stuck to them, and the article is what counts.
    url: Annotated[Text, StringConstraints(pattern=r"^https?://\S", max_length=2000)] | None = None
    title: Short | None = None
    byline: Short | None = None
    language: LanguageTag | None = None
    published_at: Annotated[AwareDatetime, AfterValidator(_in_utc)] | None = None
    body: Annotated[Text, AfterValidator(_not_blank)]
    media_type: MediaType = MediaType.TEXT

    def content_hash(self) -> str:
        """SHA-256 (hex) over what is analysed: title, byline, language, media type and body; not where or when it appeared."""
        content = [self.title, self.byline, self.language, self.media_type, self.body]
        return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()

    def word_count(self) -> int:
        """Words of the body as pushed, split at white space: what batches are cut by."""
        return len(self.body.split())


class EntityType(StrEnum):
    """The nine types of English Worldwide Newswire, under documented labels (``docs/results.md``)."""

    PERSON = "PERSON"
    ORGANIZATION = "ORGANIZATION"
    LOCATION = "LOCATION"
    NORP = "NORP"
    FACILITY = "FACILITY"
    PRODUCT = "PRODUCT"
    MONEY = "MONEY"
    DATE = "DATE"
    MISC = "MISC"


class MentionForm(StrEnum):
    """How a mention names its entity."""

    NAME = "name"
    NOMINAL = "nominal"
    PRONOUN = "pronoun"


class Kind(StrEnum):
    """How words are reported: inside quotation marks, outside them, or both."""

    DIRECT = "direct"
    INDIRECT = "indirect"
    MIXED = "mixed"


class Act(StrEnum):
    """What is done by saying it; a small closed set after the verbal classes of the PLOVER event ontology."""

    ASSERT = "assert"
    DEMAND = "demand"
    PROPOSE = "propose"
    PROMISE = "promise"
    THREATEN = "threaten"
    ACCUSE = "accuse"
    REJECT = "reject"
    DENY = "deny"
    PRAISE = "praise"
    ASK = "ask"


class StanceLabel(StrEnum):
    """Which side the holder takes towards the target."""

    SUPPORT = "support"
    OPPOSE = "oppose"


class Extent(Contract):
    """A stretch of ``Result.text``: code points, 0-based, end exclusive, never empty."""

    start: Annotated[int, Field(ge=0)]
    end: Annotated[int, Field(gt=0)]

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if self.end <= self.start:
            raise ValueError(f"end {self.end} does not lie after start {self.start}")
        return self


class Mention(Extent):
    """One place where the text speaks of an entity."""

    form: MentionForm


class Entity(Contract):
    """Somebody or something the article names, with every mention of it."""

    id: str
    name: str
    type: EntityType
    score: Probability
    roles: tuple[str, ...] = ()
    mentions: tuple[Mention, ...]


class Source(Extent):
    """The words that name who speaks; ``entity`` is null where they cannot be resolved."""

    entity: str | None = None


class Cue(Extent):
    """The words that attribute ("said", "according to"), their lemma and the act."""

    lemma: str
    act: Act


class Attribution(Contract):
    """A statement attributed to a source (PARC, PolNeAR).

    ``content`` may be discontinuous; ``cue`` is null in a quotation that runs on.
    """

    id: str
    kind: Kind
    score: Probability
    source: Source | None
    cue: Cue | None
    content: Annotated[tuple[Extent, ...], Field(min_length=1)]


class Target(Contract):
    """What a stance is about: an entity of the article or a registered topic; exactly one of the two."""

    entity: str | None = None
    topic: str | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.entity is None) == (self.topic is None):
            raise ValueError("target: give exactly one of entity and topic")
        return self


class Stance(Contract):
    """Who is for or against whom or what.

    ``holder`` null is the article's own voice; ``score`` is the probability that the stance is right.
    """

    id: str
    holder: str | None
    target: Target
    stance: StanceLabel
    score: Probability
    evidence: Extent
    attribution: str | None = None


class Warned(Contract):
    """Something a reader of the result should know; ``code`` is stable, ``detail`` is for people."""

    code: str
    detail: str


class Pipeline(Contract):
    """What analysed the article, and when."""

    version: str
    model: str
    analysed_at: AwareDatetime


class Analysis(Contract):
    """What the pipeline finds in one article, before it is bound to a job."""

    language: str
    pipeline: Pipeline
    text: str
    entities: tuple[Entity, ...] = ()
    attributions: tuple[Attribution, ...] = ()
    stances: tuple[Stance, ...] = ()
    warnings: tuple[Warned, ...] = ()


class Result(Analysis):
    """What a client gets for a job."""

    schema_version: Literal["stancewire.result/1"] = Field(default="stancewire.result/1", alias="schema")
    job_id: UUID
    article_id: UUID

    @classmethod
    def of(cls, analysis: Analysis, *, job_id: UUID, article_id: UUID) -> Self:
        """Bind an analysis to its job."""
        fields = {name: getattr(analysis, name) for name in Analysis.model_fields}
        return cls(job_id=job_id, article_id=article_id, **fields)


class JobMetadata(Contract):
    """Where a job is, and of which article. Instants are UTC."""

    state: JobState
    article_id: UUID
    feed: str
    guid: str | None
    version: str
    revision: int
    title: str | None
    analysis: int
    priority: int
    attempts: int
    created_at: AwareDatetime
    started_at: AwareDatetime | None
    finished_at: AwareDatetime | None


class Link(Contract):
    """Where something is found, relative to the API's address."""

    href: str


class JobView(Contract):
    """A job as the API shows it (the shape of AIP-151): once ``done`` it has a result or an error, never both."""

    schema_version: Literal["stancewire.job/1"] = Field(default="stancewire.job/1", alias="schema")
    id: UUID
    done: bool
    metadata: JobMetadata
    result: Link | None = None
    error: Warned | None = None
    warnings: tuple[Warned, ...] = ()


def instant(milliseconds: int) -> datetime:
    """The UTC instant of a ledger time (milliseconds since 1970)."""
    return datetime.fromtimestamp(milliseconds / 1000, tz=UTC)
