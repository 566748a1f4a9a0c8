"""A job: its states, their transitions, and its representation in the API."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from services.contracts.article import PubStatus
from services.contracts.base import Contract, Warned


class JobState(StrEnum):
    """The state of a job."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"  # because of the article itself, so a retry would not help
    DEAD = "dead"  # all attempts were used; an operator may retry or drop it
    CANCELED = "canceled"
    HELD = "held"  # waits for the end of an embargo, or for the release of a withheld story


FINAL_STATES: Final = frozenset({JobState.SUCCEEDED, JobState.FAILED, JobState.DEAD, JobState.CANCELED})

TRANSITIONS: Final[dict[JobState, frozenset[JobState]]] = {
    JobState.HELD: frozenset({JobState.QUEUED, JobState.CANCELED}),
    JobState.QUEUED: frozenset({JobState.RUNNING, JobState.DEAD, JobState.CANCELED, JobState.HELD}),
    JobState.RUNNING: frozenset(
        {JobState.QUEUED, JobState.SUCCEEDED, JobState.FAILED, JobState.DEAD, JobState.CANCELED}
    ),
    JobState.SUCCEEDED: frozenset(),
    JobState.FAILED: frozenset({JobState.QUEUED, JobState.CANCELED}),
    JobState.DEAD: frozenset({JobState.QUEUED, JobState.CANCELED}),
    JobState.CANCELED: frozenset(),
}


class JobMetadata(Contract):
    """The state of a job and the article that it belongs to. Times are in UTC."""

    state: JobState
    article_id: UUID
    story_id: UUID | None = None  # null until its article has been analysed
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
    withdrawn_at: AwareDatetime | None = None
    url: str | None = None
    published_at: AwareDatetime | None = None
    pubstatus: PubStatus = PubStatus.USABLE
    held_until: AwareDatetime | None = None  # of a held job: the end of its embargo; none while it is withheld
    evolvedfrom: str | None = None
    evolvedfrom_job: UUID | None = None  # the newest job of that guid


class Link(Contract):
    """A link, relative to the API's address."""

    href: str


class JobView(Contract):
    """A job in the API, shaped after AIP-151: a ``done`` job has a result or an error, never both."""

    schema_version: Literal["stancewire.job/1"] = Field(default="stancewire.job/1", alias="schema")
    id: UUID
    done: bool
    metadata: JobMetadata
    result: Link | None = None
    error: Warned | None = None
    warnings: tuple[Warned, ...] = ()
