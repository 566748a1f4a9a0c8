"""The result of an analysis, ``stancewire.result/1``.

Offsets are Unicode code points of ``Result.text``, 0-based, end exclusive: ``text[start:end]`` is the span. A newer
service may send more fields and values than this version knows: fields are kept, and values are plain strings.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

_E = TypeVar("_E", bound=StrEnum)
# A member of the enum, or a string that this version does not know.
Open = Annotated[_E | str, Field(union_mode="left_to_right")]


class Model(BaseModel):
    """Base of what the service sends: immutable; fields that this version does not know are kept."""

    model_config = ConfigDict(frozen=True, extra="allow", populate_by_name=True, serialize_by_alias=True)


class EntityType(StrEnum):
    """The types of entities."""

    PERSON = "PERSON"
    ORGANIZATION = "ORGANIZATION"
    LOCATION = "LOCATION"
    NORP = "NORP"
    FACILITY = "FACILITY"
    PRODUCT = "PRODUCT"
    MONEY = "MONEY"
    DATE = "DATE"
    MISC = "MISC"
    ISSUE = "ISSUE"


class MentionForm(StrEnum):
    """How a mention refers to its entity."""

    NAME = "name"
    NOMINAL = "nominal"
    PRONOUN = "pronoun"


class Kind(StrEnum):
    """Whether a statement is reported inside quotation marks, outside them, or both."""

    DIRECT = "direct"
    INDIRECT = "indirect"
    MIXED = "mixed"


class Act(StrEnum):
    """The speech act of a statement."""

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
    """The side that a holder takes towards a target."""

    SUPPORT = "support"
    OPPOSE = "oppose"


class Side(StrEnum):
    """The side of a holder in the article as a whole."""

    SUPPORT = "support"
    OPPOSE = "oppose"
    MIXED = "mixed"


class Warned(Model):
    """A warning or an error: ``code`` is stable, ``detail`` is for people."""

    code: str
    detail: str


class Extent(Model):
    """A span of the text."""

    start: int
    end: int


class Mention(Extent):
    """A span of the text that refers to an entity."""

    form: Open[MentionForm]


class Entity(Model):
    """A person or thing that the article names, with all its mentions."""

    id: str
    name: str
    type: Open[EntityType]
    score: float
    roles: tuple[str, ...] = ()
    mentions: tuple[Mention, ...]


class Source(Extent):
    """The span that names the source; ``entity`` is None if it cannot be resolved."""

    entity: str | None = None


class Cue(Extent):
    """The words that attribute the statement, with their lemma and the speech act."""

    lemma: str
    act: Open[Act]


class Attribution(Model):
    """A statement attributed to a source. ``negated``: the source did not state the content, or called it untrue.

    ``score`` is the probability that both the content and the speaker, ``source.entity``, are right.
    """

    id: str
    kind: Open[Kind]
    score: float
    source: Source | None
    cue: Cue | None
    content: tuple[Extent, ...]
    negated: bool = False


class Target(Model):
    """The target of a stance: either an entity of the article or a topic."""

    entity: str | None = None
    topic: str | None = None


class Stance(Model):
    """A holder's support of, or opposition to, a target. ``holder`` is None for the article's own voice."""

    id: str
    holder: str | None
    target: Target
    stance: Open[StanceLabel]
    score: float
    evidence: Extent
    attribution: str | None = None


class Position(Model):
    """The side of a holder towards a target in the article as a whole; ``stances`` are the IDs behind it."""

    holder: str | None
    target: Target
    stance: Open[Side]
    score: float
    stances: tuple[str, ...]
    evidence: tuple[Extent, ...]


class Pipeline(Model):
    """The pipeline that analysed the article, and the time of the analysis."""

    version: str
    model: str
    analysed_at: datetime


class ResultArticle(Model):
    """The article of a result, as its feed sent it."""

    feed: str
    guid: str | None = None
    version: str | None = None
    url: str | None = None
    title: str | None = None
    byline: str | None = None
    published_at: datetime | None = None


class Result(Model):
    """The result of a job. ``article`` is None in results of versions that did not store it."""

    schema_version: str = Field(default="stancewire.result/1", alias="schema")
    job_id: UUID
    article_id: UUID
    article: ResultArticle | None = None
    story_id: UUID | None = None
    metadata: dict[str, Any] | None = None
    language: str
    pipeline: Pipeline
    text: str
    entities: tuple[Entity, ...] = ()
    attributions: tuple[Attribution, ...] = ()
    stances: tuple[Stance, ...] = ()
    positions: tuple[Position, ...] = ()
    warnings: tuple[Warned, ...] = ()

    def words(self, extents: Extent | Iterable[Extent]) -> str:
        """Return the words of a span, or of several with " … " between them."""
        parts = (extents,) if isinstance(extents, Extent) else extents
        return " … ".join(self.text[extent.start : extent.end] for extent in parts)

    def name(self, entity_id: str | None) -> str | None:
        """Return the name of an entity of this result; None for None, as of the article's own voice."""
        return next((entity.name for entity in self.entities if entity.id == entity_id), None)

    def speaker(self, attribution: Attribution) -> str | None:
        """Return the name of the speaker, or the words of a source that is not resolved; None without a source."""
        source = attribution.source
        return (self.name(source.entity) or self.words(source)) if source else None
