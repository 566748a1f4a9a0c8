"""Stories: the copies of an article in all feeds that the caller sees."""

from __future__ import annotations

from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from services.api.schemas.jobs import job_href, result_href
from services.contracts import JobState, Warned
from services.stories.queries import Copy, Version


class StoryVersion(BaseModel):
    """A version of a copy, and what became of it."""

    article_id: UUID
    version: str
    revision: int
    title: str | None
    url: str | None
    published_at: AwareDatetime | None
    received_at: AwareDatetime
    similarity: float | None = Field(
        description="estimated share of sequences of three words in common with the nearest copy when it was linked; "
        "null for the first copy, for short texts, and before the analysis"
    )
    withdrawn: bool
    job_id: UUID
    state: JobState
    error: Warned | None = Field(description="why its newest job ended without a result")
    job_href: str
    result_href: str | None = Field(description="null without a result, or if it was withdrawn")


class StoryCopy(BaseModel):
    """An article of a feed. Title, address, time and similarity are those of its newest version."""

    feed: str
    guid: str | None
    title: str | None
    url: str | None
    published_at: AwareDatetime | None
    similarity: float | None
    searched: bool = Field(description="whether searches with `copies=all` find it")
    leads: bool = Field(description="whether it represents the story in searches across all feeds")
    versions: list[StoryVersion] = Field(description="oldest first")


class Story(BaseModel):
    """A story and a page of its copies, in the order in which they arrived; ``next`` is null on the last page."""

    id: UUID
    copies: list[StoryCopy]
    next: str | None


def story_copy(copy: Copy) -> StoryCopy:
    """Return a copy as the API shows it."""
    newest = copy.versions[-1]
    return StoryCopy(
        feed=copy.feed,
        guid=copy.guid,
        title=newest.title,
        url=newest.url,
        published_at=newest.published_at,
        similarity=newest.similarity,
        searched=copy.searched,
        leads=copy.leads,
        versions=[_version(version) for version in copy.versions],
    )


def _version(version: Version) -> StoryVersion:
    error = None
    if version.reason_code is not None and version.state is not JobState.SUCCEEDED:
        error = Warned(code=version.reason_code, detail=version.reason_detail or version.reason_code)
    names = StoryVersion.model_fields.keys() - {"error", "job_href", "result_href"}
    has_result = version.has_result and not version.withdrawn
    return StoryVersion(
        **{name: getattr(version, name) for name in names},
        error=error,
        job_href=job_href(version.job_id),
        result_href=result_href(version.job_id) if has_result else None,
    )
