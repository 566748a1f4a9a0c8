"""What stages hand to one another beside tokens and spans, and the custom extensions that carry it.

``doc.spans`` holds the flat findings: ``paragraphs``, ``boilerplate``, ``quotations`` and ``mentions``. What
relates several stretches to each other is a record below, kept in ``Doc._``: ``entities``, ``cues``,
``statements`` and ``leanings``; ``encoded`` is what the model makes of the words. Records hold token indices and
strings of Python's own, nothing that spaCy owns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from spacy.tokens import Doc, Span

from services.contracts import Act, EntityType, Kind, MentionForm, StanceLabel


class TokenSpan(NamedTuple):
    """Tokens ``start`` to ``end``, end exclusive."""

    start: int
    end: int


@dataclass(slots=True)
class EntityRecord:
    """An entity of the article: what its mentions share. ``words`` are the words of all its names, in lower case."""

    key: int
    name: str
    type: EntityType
    score: float
    words: frozenset[str]
    roles: tuple[str, ...] = ()


@dataclass(slots=True)
class CueRecord:
    """The words that attribute: ``stretch`` with auxiliaries and adverbs, ``verb`` the one token that carries the meaning."""

    span: TokenSpan
    verb: int
    verb_end: int
    lemma: str
    act: Act
    frames: str
    form: str


@dataclass(slots=True)
class AttributionRecord:
    """One attribution.

    ``rule`` names the rule that found it, which its score is read from; ``follows`` is the index of the
    statement whose speaker a quotation without a cue keeps; ``speaker`` is the key of an entity, or null where
    it cannot be resolved; ``turned`` says whether the words of the cue would do something else than ``act`` if nothing
    denied it or left it open ("did not accuse"); ``features`` are what the model's score is read from.
    """

    rule: str
    source: TokenSpan | None
    cue: CueRecord | None
    content: tuple[TokenSpan, ...]
    kind: Kind = Kind.INDIRECT
    act: Act = Act.ASSERT
    turned: bool = False
    score: float = 0.0
    follows: int | None = None
    speaker: int | None = None
    features: tuple[float, ...] = ()


@dataclass(slots=True)
class StanceRecord:
    """A stance: entity ``holder``, or the article itself where there is none, is for or against entity ``target``.

    ``statement`` is the index of the attribution that shows it.
    """

    holder: int | None
    target: int
    stance: StanceLabel
    score: float
    evidence: TokenSpan
    statement: int | None


def declare_extensions() -> None:
    """Declare the custom extensions, once a process; declaring them again changes nothing."""
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
