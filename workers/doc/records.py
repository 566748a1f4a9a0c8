"""The records that pipeline components exchange, and the spaCy extension attributes that hold them.

Plain spans are stored in ``doc.spans`` under ``paragraphs``, ``boilerplate``, ``quotations`` and ``mentions``. Records
that relate several spans are stored in ``doc._`` under ``entities``, ``cues``, ``attributions`` and ``stances``.
``doc._.encoded`` holds the encoder's output (``workers.model.component.EncodedDocument``) and ``doc._.body_start`` the
character offset at which the body begins. Records contain only token indices and Python strings, no spaCy objects.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from spacy.tokens import Doc, Span

from services.contracts import Act, EntityType, Kind, MentionForm, StanceLabel


class TokenSpan(NamedTuple):
    """Tokens ``start`` to ``end``, end exclusive."""

    start: int
    end: int


@dataclass(slots=True)
class EntityRecord:
    """An entity of the article: what all its mentions have in common.

    ``key`` is the index of the entity in ``doc._.entities``; ``words`` are the words of all its names, in lower case.
    """

    key: int
    name: str
    type: EntityType
    score: float
    words: frozenset[str]
    roles: tuple[str, ...] = ()


@dataclass(slots=True)
class CueRecord:
    """The words that attribute content to a source.

    ``span`` includes auxiliaries and adverbs. ``verb`` is the token that carries the meaning and ``verb_end`` the token
    after it and its fixed particles. ``frames`` are the frame codes of ``cues.txt``. ``form`` is a tense of
    ``lexicon.CueForm``, or "according", "layout" or "model" where the cue was not found as a verb form.
    """

    span: TokenSpan
    verb: int
    verb_end: int
    lemma: str
    act: Act
    frames: str
    form: str


@dataclass(slots=True)
class AttributionRecord:
    """An attribution: content that the article attributes to a source by means of a cue.

    ``rule`` names the rule or model that found the attribution; rule scores are looked up by this name. ``follows`` is
    the index of the attribution whose speaker a quotation without a cue takes over. ``speaker`` is the key of an
    entity, or None if the source cannot be resolved. ``act_modified`` says that a negation, a modal or the like changed
    the act that the cue has by itself ("did not accuse"). ``negated`` says that the source did not state the content,
    or denied it. ``score`` is the probability that source, cue and content are the right words, by which attributions
    are chosen, and ``features`` are its inputs. ``result_score`` is the score of results, the probability that content
    and speaker are right, and ``speaker_features`` are its inputs by name.
    """

    rule: str
    source: TokenSpan | None
    cue: CueRecord | None
    content: tuple[TokenSpan, ...]
    kind: Kind = Kind.INDIRECT
    act: Act = Act.ASSERT
    act_modified: bool = False
    negated: bool = False
    score: float = 0.0
    follows: int | None = None
    speaker: int | None = None
    features: tuple[float, ...] = ()
    result_score: float = 0.0
    speaker_features: dict[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class StanceRecord:
    """A stance of one entity, or of the article's own voice, towards another entity.

    ``holder`` and ``target`` are entity keys; a holder of None is the article itself. ``attribution`` is the index of
    the attribution that shows the stance, if any.
    """

    holder: int | None
    target: int
    stance: StanceLabel
    score: float
    evidence: TokenSpan
    attribution: int | None


def declare_extensions() -> None:
    """Declare the extension attributes of ``Doc`` and ``Span``. Repeated calls have no effect."""
    for name in ("entities", "cues", "attributions", "stances"):
        if not Doc.has_extension(name):
            Doc.set_extension(name, default=[])
    if not Doc.has_extension("body_start"):
        Doc.set_extension("body_start", default=0)
    if not Doc.has_extension("encoded"):
        Doc.set_extension("encoded", default=None)
    for name, default in (
        ("speech", False),
        ("score", 0.0),
        ("features", ()),
        ("closed", True),
        ("continues", False),
        ("form", MentionForm.NAME),
    ):
        if not Span.has_extension(name):
            Span.set_extension(name, default=default)


declare_extensions()
