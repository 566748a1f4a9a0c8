"""What is found in an article. Offsets are Unicode code points into ``Analysis.text``, 0-based, end exclusive."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, Field, model_validator

from services.contracts.base import Contract, Probability, Warned


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


class Side(StrEnum):
    """Where a holder stands in the article as a whole; ``mixed`` where it shows both sides."""

    SUPPORT = "support"
    OPPOSE = "oppose"
    MIXED = "mixed"


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


class Position(Contract):
    """Where a holder stands towards a target in the article as a whole.

    ``stances`` are the stances behind it, both sides where it is ``mixed``; ``evidence`` are their stretches, joined where they
    overlap. ``score`` is that of the surest stance, of the less sure side where it is ``mixed``.
    """

    holder: str | None
    target: Target
    stance: Side
    score: Probability
    stances: Annotated[tuple[str, ...], Field(min_length=1)]
    evidence: Annotated[tuple[Extent, ...], Field(min_length=1)]


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
    positions: tuple[Position, ...] = ()
    warnings: tuple[Warned, ...] = ()


class Belonging(Contract):
    """What a result belongs to."""

    schema_version: Literal["stancewire.result/1"] = Field(default="stancewire.result/1", alias="schema")
    job_id: UUID
    article_id: UUID


class Result(Analysis, Belonging):  # in this order: the fields of the last base come first in the document
    """What a client gets for a job."""

    @classmethod
    def of(cls, analysis: Analysis, *, job_id: UUID, article_id: UUID) -> Self:
        """Bind an analysis to its job."""
        fields = {name: getattr(analysis, name) for name in Analysis.model_fields}
        return cls(job_id=job_id, article_id=article_id, **fields)
