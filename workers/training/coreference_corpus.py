"""Reads the coreference corpus through the pipeline components before the speakers component.

Each document is read in three ways: with the names found by the rules, with the names of the corpus, and with the names
of the corpus after some were mistyped as organisations and some removed.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from spacy.tokens import Span

from services.contracts import EntityType
from workers.coreference.antecedents import PERSONAL, CandidateSet
from workers.doc.tokens import Offsets
from workers.pipeline.components import COMPONENTS, build_nlp
from workers.text.cleaning import PLAIN_SPACES

if TYPE_CHECKING:
    from collections.abc import Callable

    from spacy.tokens import Doc

MAX_NAME_TOKENS: Final = 4
# Where the names of a document come from: the rules, the corpus, or the corpus with errors added.
NAME_SOURCES: Final = ("rules", "corpus", "noisy")
# Shares of the names with an error.
MISTYPED: Final = 0.25
REMOVED: Final = 0.1
_WORD: Final = re.compile(r"[^\W\d_][\w.-]*")
_NOT_IN_NAMES: Final = frozenset({"the", "a", "an", "mr", "mrs", "ms", "dr"})


@dataclass(slots=True)
class Document:
    """One document before the speakers component.

    ``gold`` has the words of the names of each pronoun's antecedent, by the token of the pronoun. ``mentions``,
    ``types`` and ``speakers`` are what the component changes, and ``reset`` restores.
    """

    name: str
    doc: Doc
    gold: dict[int, frozenset[str]]
    mentions: list[Span] = field(default_factory=list)
    types: list[EntityType] = field(default_factory=list)
    speakers: list[int | None] = field(default_factory=list)

    def reset(self) -> Doc:
        """Return the document in its state before the speakers component."""
        self.doc.spans["mentions"] = self.mentions
        del self.doc._.entities[len(self.types) :]
        for entity, entity_type in zip(self.doc._.entities, self.types, strict=True):
            entity.type = entity_type
        for attribution, speaker in zip(self.doc._.attributions, self.speakers, strict=True):
            attribution.speaker = speaker
        return self.doc

    def correct(self, choice: CandidateSet) -> list[bool]:
        """Return for each candidate whether its name has only words of the correct names.

        If no candidate is correct, the candidate "nobody" is.
        """
        gold = self.gold.get(choice.token, frozenset())
        correct = [bool(words := name_words(name)) and words <= gold for name in choice.names]
        return [key is None for key in choice.keys] if not any(correct) else correct


def name_words(text: str) -> frozenset[str]:
    """Return the capitalised words of a name in lower case, without titles and possessive endings."""
    words = _WORD.findall(re.sub(r"['’]s\b", " ", text))
    return frozenset(
        word.lower() for word in words if word[0].isupper() and len(word) > 1 and word.lower() not in _NOT_IN_NAMES
    )


class CorefReader:
    """Reads the corpus with the components before the speakers component."""

    def __init__(self) -> None:
        """Build the pipeline of rules, which keeps the names that a document already has."""
        rules = build_nlp(COMPONENTS["rules"])
        component_names = rules.pipe_names
        self.component: Any = rules.get_pipe("stancewire_speakers")
        self.make_doc = rules.make_doc
        speakers_index = component_names.index("stancewire_speakers")
        self.earlier_components = [component for _, component in rules.pipeline[:speakers_index]]

    def read(self, row: dict[str, Any], name_source: str) -> Document:
        """Run the earlier components over one document; ``name_source`` is one of ``NAME_SOURCES``."""
        text = row["text"].translate(PLAIN_SPACES)
        doc = self.make_doc(text)
        offsets = Offsets(doc)
        if name_source != "rules":
            spans = _name_spans(row, offsets)
            names = [" ".join(token.text for token in doc[start:end]) for start, end in spans]
            types = _name_types(names, row["id"] if name_source == "noisy" else "")
            doc.ents = tuple(
                Span(doc, *span, label=entity_type.value)
                for span, entity_type in zip(spans, types, strict=True)
                if entity_type is not None
            )
        for component in self.earlier_components:
            doc = component(doc)
        words_by_entity: dict[int, frozenset[str]] = {}
        for mention in row["mentions"]:
            if mention["type"] == "person" and mention["form"] == "name":
                words = name_words(text[mention["start"] : mention["end"]])
                entity = mention["entity"]
                words_by_entity[entity] = words_by_entity.get(entity, frozenset()) | words
        gold = {
            offsets.token(mention["start"]): words_by_entity.get(mention["entity"], frozenset())
            for mention in row["mentions"]
            if mention["form"] == "pronoun" and text[mention["start"] : mention["end"]].lower() in PERSONAL
        }
        return Document(
            row["id"],
            doc,
            gold,
            list(doc.spans["mentions"]),
            [entity.type for entity in doc._.entities],
            [attribution.speaker for attribution in doc._.attributions],
        )

    def answer(self, document: Document, choose: Callable[[CandidateSet], int | None]) -> None:
        """Run the speakers component over the document, with answers by ``choose``."""
        self.component.choose = choose
        self.component(document.reset())


def _name_types(names: list[str], seed: str) -> list[EntityType | None]:
    """Return a type for each name, the same for equal names.

    The type is person; with a ``seed``, some are organization instead, and some are ``None``: the name is removed.
    """
    rng = random.Random(seed)  # noqa: S311  # reproducible errors, not a secret
    types: dict[str, EntityType | None] = {}
    for name in names:
        entity_type: EntityType | None = EntityType.PERSON
        if seed:
            value = rng.random()
            if value < MISTYPED:
                entity_type = EntityType.ORGANIZATION
            elif value < MISTYPED + REMOVED:
                entity_type = None
        types.setdefault(name, entity_type)
    return [types[name] for name in names]


def _name_spans(row: dict[str, Any], offsets: Offsets) -> list[tuple[int, int]]:
    """Return the short names of persons, in tokens, without overlap; a name that contains another is left out."""
    spans = sorted(
        (mention["start"], mention["end"])
        for mention in row["mentions"]
        if mention["type"] == "person" and mention["form"] == "name" and row["text"][mention["start"]].isupper()
    )
    names: list[tuple[int, int]] = []
    for index, (start, end) in enumerate(spans):
        following = spans[index : index + 8]
        if any(start <= s and e <= end and (s, e) != (start, end) for s, e in following):
            continue
        words = row["text"][start:end].removesuffix("'s").removesuffix("’s")
        first, last = offsets.span(start, start + len(words))
        if last - first <= MAX_NAME_TOKENS and (not names or first >= names[-1][1]):
            names.append((first, last))
    return names
