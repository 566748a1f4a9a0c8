"""Topics as they are registered and shown, over HTTP and on the command line."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StrictBool, model_validator

from services.contracts import Alias, Claim, Topic, TopicId, TopicName
from services.topics.matching import contains_word
from services.topics.store import TopicRecord


def _require_a_word(value: str) -> str:
    if not contains_word(value):
        raise ValueError("has no letter or digit, so no text could match it")
    return value


Name = Annotated[TopicName, AfterValidator(_require_a_word)]
Aliases = Annotated[list[Annotated[Alias, AfterValidator(_require_a_word)]], Field(max_length=200)]


class NewTopic(BaseModel):
    """A topic to register."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    aliases: Aliases = []
    claim: Claim = Field(description="a sentence to agree or disagree with: a supporter of the topic agrees with it")


class TopicChange(BaseModel):
    """Changes of a topic; what is left out stays. The claim cannot change: another claim is another topic."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    aliases: Aliases | None = None
    retired: StrictBool | None = None

    @model_validator(mode="after")
    def _require_a_change(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("give name, aliases or retired")
        return self


class TopicView(BaseModel):
    """A registered topic."""

    id: TopicId
    name: str
    aliases: list[str]
    claim: str
    created_at: AwareDatetime
    changed_at: AwareDatetime
    retired_at: AwareDatetime | None

    @classmethod
    def of(cls, record: TopicRecord) -> Self:
        """Return a topic as the API shows it."""
        times = {name: getattr(record, name) for name in ("created_at", "changed_at", "retired_at")}
        return cls(**record.topic.model_dump(include=set(Topic.model_fields)), **times)


class TopicPage(BaseModel):
    """Topics in the order of their IDs; ``next`` is null on the last page."""

    items: list[TopicView]
    next: str | None
