"""Requests and responses of actions on many jobs, and of a job's priority."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, Field, StrictBool, StringConstraints, model_validator

from services.contracts import Contract, FeedName, JobState
from services.contracts.base import require_number

Priority = Annotated[
    int,
    Field(ge=-100, le=100, description="higher goes first within its feed; 0 is the default"),
    BeforeValidator(require_number),
]


class JobSelection(Contract):
    """Which jobs to change, by at least one of state, feed and reason. ``dry_run`` counts them and changes nothing."""

    state: JobState | None = None
    feed: FeedName | None = None
    reason: Annotated[str, StringConstraints(pattern="^[a-z0-9_.-]{1,100}$", max_length=100)] | None = None
    dry_run: StrictBool = False
    limit: Annotated[
        int, Field(ge=1, le=5000, description="the maximum number of jobs in one call"), BeforeValidator(require_number)
    ] = 1000

    @model_validator(mode="after")
    def _require_a_criterion(self) -> Self:
        if self.state is None and self.feed is None and self.reason is None:
            raise ValueError("name a state, a feed or a reason")
        return self


class JobSelectionWithPriority(JobSelection):
    """Which jobs to change, and their new priority within their feeds."""

    priority: Priority


class NewPriority(Contract):
    """The new priority of a job within its feed."""

    priority: Priority


class BulkOutcome(BaseModel):
    """The number of jobs that match (in a dry run) or were changed.

    ``refused`` counts jobs that could not be changed, by error code; ``more`` tells that ``limit`` left jobs out.
    """

    matched: int | None = None
    changed: int = 0
    refused: dict[str, int] = {}
    more: bool = False
