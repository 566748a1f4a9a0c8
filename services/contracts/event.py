"""The events that webhooks are sent: the body of each message, after Standard Webhooks 1.0.

A body is thin: identifiers, links, and for a watch the item that matched. Links are relative to the API's address
unless ``api.public_url`` is set.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from services.contracts.base import Contract
from services.contracts.result import Act, Kind, StanceLabel


class EventType(StrEnum):
    """The types of events."""

    RESULT_READY = "result.ready"
    RESULT_WITHDRAWN = "result.withdrawn"
    JOB_FAILED = "job.failed"
    JOB_DEAD = "job.dead"
    WATCH_MATCHED = "watch.matched"
    TEST = "webhook.test"


# The types that a webhook chooses from. Matches come from its watches, and tests are asked for.
CHOSEN_EVENTS: Final = (EventType.RESULT_READY, EventType.RESULT_WITHDRAWN, EventType.JOB_FAILED, EventType.JOB_DEAD)


class WatchKind(StrEnum):
    """The items that a watch looks for."""

    STANCES = "stances"
    ATTRIBUTIONS = "attributions"


class _ArticleData(Contract):
    """The article that an event is about, and its job. ``href`` leads to the result, or to the job without one."""

    job_id: UUID
    article_id: UUID
    feed: str
    guid: str | None
    title: str | None
    url: str | None
    published_at: AwareDatetime | None
    href: str


class ResultReadyData(_ArticleData):
    """A result was stored, the first of its article or a newer one."""

    attributions: int
    stances: int


class JobEndedData(_ArticleData):
    """A job ended without a result: ``failed`` because of its article, ``dead`` after its last attempt."""

    code: str
    detail: str
    attempts: int


class ResultWithdrawnData(Contract):
    """The results of an article are no longer served: its jobs ``job_ids`` answer 410.

    ``withdrawn`` can be undone; what was ``erased`` must not be kept anywhere. The same as an entry of
    ``GET /v1/results``.
    """

    article_id: UUID
    feed: str
    guid: str | None = Field(description="null if the article was erased")
    job_ids: tuple[UUID, ...]
    kind: Literal["withdrawn", "erased"]
    reason: str


class WatchReference(Contract):
    """The watch that matched."""

    id: UUID
    name: str


class MatchedAttribution(Contract):
    """A statement that a watch matched, with the fields of ``GET /v1/attributions``."""

    kind: Literal["attribution"] = "attribution"
    id: str
    start: int
    end: int
    speaker: str | None
    source: str | None
    cue: str | None
    act: Act | None
    attribution_kind: Kind
    content: str
    score: float


class MatchedStance(Contract):
    """A stance that a watch matched, with the fields of ``GET /v1/stances``."""

    kind: Literal["stance"] = "stance"
    id: str
    start: int
    end: int
    holder: str | None
    stance: StanceLabel
    target: str | None
    topic: str | None
    act: Act | None
    attribution: str | None
    evidence: str
    score: float


class WatchMatchedData(_ArticleData):
    """A watch matched an item of a new result.

    ``more`` is true if the result has further matches that are not sent (``watches.matches_per_result``).
    """

    watch: WatchReference
    match: MatchedStance | MatchedAttribution = Field(discriminator="kind")
    more: bool


class TestData(Contract):
    """A test that the owner of a webhook asked for."""

    webhook_id: UUID


EventData = ResultReadyData | ResultWithdrawnData | JobEndedData | WatchMatchedData | TestData


class Event(Contract):
    """The body of a message. ``timestamp`` is when it happened; the header ``webhook-timestamp`` is the attempt's."""

    type: EventType
    timestamp: AwareDatetime
    data: EventData
