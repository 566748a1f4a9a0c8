"""The result of an analysis. Offsets are Unicode code points of ``Analysis.text``, 0-based, end exclusive."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, Field, JsonValue, model_validator

from services.contracts.article import Article
from services.contracts.base import Contract, Probability, Warned


class EntityType(StrEnum):
    """The nine types of English Worldwide Newswire, under documented labels, and issues (``docs/results.md``)."""

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
    """The speech act of a statement: a small closed set after the verbal classes of the PLOVER event ontology."""

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
    """The side that the holder takes towards the target."""

    SUPPORT = "support"
    OPPOSE = "oppose"


class Side(StrEnum):
    """The side of a holder in the article as a whole; ``mixed`` if the article shows both sides."""

    SUPPORT = "support"
    OPPOSE = "oppose"
    MIXED = "mixed"


class Extent(Contract):
    """A span of ``Result.text``: code points, 0-based, end exclusive, never empty."""

    start: Annotated[int, Field(ge=0)]
    end: Annotated[int, Field(gt=0)]

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if self.end <= self.start:
            raise ValueError(f"end {self.end} is not after start {self.start}")
        return self


class Mention(Extent):
    """A span of the text that refers to an entity."""

    form: MentionForm


class Entity(Contract):
    """A person or thing that the article names, with all its mentions."""

    id: str
    name: str
    type: EntityType
    score: Probability
    roles: tuple[str, ...] = ()
    mentions: tuple[Mention, ...]


class Source(Extent):
    """The span that names the source; ``entity`` is null if it cannot be resolved."""

    entity: str | None = None


class Cue(Extent):
    """The words that attribute the statement ("said", "according to"), with their lemma and the speech act."""

    lemma: str
    act: Act


class Attribution(Contract):
    """A statement attributed to a source (PARC, PolNeAR).

    ``content`` may be discontinuous; ``cue`` is null if a quotation continues without one. ``negated`` says that the
    source did not state the content ("did not say that") or called it untrue ("denied that"). ``score`` is the
    probability that both the content and the speaker, ``source.entity``, are right. A null entity is right if the
    article does not name the speaker.
    """

    id: str
    kind: Kind
    score: Probability
    source: Source | None
    cue: Cue | None
    content: Annotated[tuple[Extent, ...], Field(min_length=1)]
    negated: bool = False


class Target(Contract):
    """The target of a stance: either an entity of the article or a registered topic."""

    entity: str | None = None
    topic: str | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.entity is None) == (self.topic is None):
            raise ValueError("target: give exactly one of entity and topic")
        return self


class Stance(Contract):
    """A holder's support of, or opposition to, a target.

    ``holder`` is null for the article's own voice; ``score`` is the probability that the stance is right.
    """

    id: str
    holder: str | None
    target: Target
    stance: StanceLabel
    score: Probability
    evidence: Extent
    attribution: str | None = None


class Position(Contract):
    """The side of a holder towards a target in the article as a whole.

    ``stances`` are the IDs of its stances, of both sides if it is ``mixed``; ``evidence`` are their spans, joined where
    they overlap. ``score`` is the highest score of the stances; if the position is ``mixed``, that of the less certain
    side.
    """

    holder: str | None
    target: Target
    stance: Side
    score: Probability
    stances: Annotated[tuple[str, ...], Field(min_length=1)]
    evidence: Annotated[tuple[Extent, ...], Field(min_length=1)]


class Pipeline(Contract):
    """The pipeline that analysed the article, and the time of the analysis."""

    version: str
    model: str
    analysed_at: AwareDatetime


class Analysis(Contract):
    """The output of the pipeline for one article, before it is assigned to a job."""

    language: str
    pipeline: Pipeline
    text: str
    entities: tuple[Entity, ...] = ()
    attributions: tuple[Attribution, ...] = ()
    stances: tuple[Stance, ...] = ()
    positions: tuple[Position, ...] = ()
    warnings: tuple[Warned, ...] = ()


class ResultArticle(Contract):
    """The article of a result, as its feed sent it. ``published_at`` is as the sender wrote it, with its offset."""

    feed: str
    guid: str | None = None
    version: str | None = None
    url: str | None = None
    title: str | None = None
    byline: str | None = None
    published_at: AwareDatetime | None = None


class ResultHeader(Contract):
    """The job, the article and the story of a result. ``metadata`` is the article's own, as its sender wrote it.

    ``article`` is null in results of versions that did not store it.
    """

    schema_version: Literal["stancewire.result/1"] = Field(default="stancewire.result/1", alias="schema")
    job_id: UUID
    article_id: UUID
    article: ResultArticle | None = None
    story_id: UUID | None = None  # null if copies are not linked
    metadata: dict[str, JsonValue] | None = None


class Result(Analysis, ResultHeader):  # in this order: the fields of the last base come first in the document
    """The result of a job as clients receive it."""

    @classmethod
    def of(cls, analysis: Analysis, article: Article, *, job_id: UUID, article_id: UUID) -> Self:
        """Create the result of a job from the article and its analysis."""
        fields = {name: getattr(analysis, name) for name in Analysis.model_fields}
        about = ResultArticle(**{name: getattr(article, name) for name in ResultArticle.model_fields})
        return cls(job_id=job_id, article_id=article_id, article=about, metadata=article.metadata, **fields)
