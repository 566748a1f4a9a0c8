"""Reads coreference corpora through the pipeline: mentions, candidates, and which candidates are right.

The components before the speakers component read each text. Names come from the corpus where it has them; all other
readings (sentences, quotations, attributions, vectors) are the pipeline's own, as in production.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Span

from services.contracts import EntityType
from workers.coreference.candidates import Candidates, collect_candidates
from workers.coreference.descriptions import DETACHING_WORDS
from workers.coreference.mentions import Form, Mention, MentionReader
from workers.coreference.vectors import mention_vectors
from workers.doc.records import TokenSpan
from workers.doc.tokens import Offsets, Tokens
from workers.pipeline.components import COMPONENTS, build_nlp
from workers.text.cleaning import PLAIN_SPACES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spacy.tokens import Doc

GAP: Final = "coreference_pronouns"  # one pronoun and two names a text
CORPORA: Final = ("coreference", GAP, "coreference_fiction")
ARTICLES: Final = "articles"  # ours: `annotated_articles`
_TYPES: Final = {
    "person": EntityType.PERSON,
    "organization": EntityType.ORGANIZATION,
    "place": EntityType.LOCATION,
}
_MAX_NAME_TOKENS: Final = 6
UNKNOWN: Final = -1


@dataclass(slots=True)
class Document:
    """One text of a corpus.

    ``correct`` has for each pair 1 if the candidate is right, 0 if it is wrong, ``UNKNOWN`` if the corpus does not say;
    ``trained`` has for each anaphor whether the corpus says anything of it. ``clusters`` are the clusters of the
    mentions, None outside the corpus. ``vectors`` [mentions, inputs] are the mentions' vectors.
    """

    name: str
    corpus: str
    mentions: list[Mention]
    candidates: Candidates
    correct: list[int]
    trained: list[bool]
    clusters: list[str | None]
    vectors: NDArray[np.float16]


class CorpusReader:
    """Reads corpora with the components before the speakers component."""

    def __init__(self) -> None:
        """Build the pipeline."""
        nlp = build_nlp(COMPONENTS["trained"])
        names = nlp.pipe_names
        at, end = names.index("stancewire_aliases"), names.index("stancewire_speakers")
        self._make_doc = nlp.make_doc
        self._find_names = [component for _, component in nlp.pipeline[:at]]
        self._join_names = [component for _, component in nlp.pipeline[at:end]]
        self._nlp = nlp

    def read_file(self, path: Path, corpus: str) -> Iterator[Document]:
        """Yield the documents of a file of JSON lines."""
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                with self._nlp.memory_zone():
                    yield self.read(json.loads(line), corpus)

    def read(self, row: dict[str, Any], corpus: str) -> Document:
        """Read one row of a corpus."""
        doc = self._make_doc(row["text"].translate(PLAIN_SPACES))
        for component in self._find_names:
            doc = component(doc)
        offsets = Offsets(doc)
        is_gap = corpus == GAP
        gold = {} if is_gap else _gold_mentions(row, offsets, Tokens.of(doc))
        doc.ents = _names(row, doc, offsets, gold, keep=is_gap or corpus == ARTICLES)
        for component in self._join_names:
            doc = component(doc)
        tokens = Tokens.of(doc)
        names = [(TokenSpan(span.start, span.end), int(span.id_)) for span in doc.spans["mentions"]]
        reader = MentionReader(
            tokens,
            doc._.entities,
            doc._.attributions,
            [(span.start, span.end) for span in doc.spans["quotations"] if span._.speech],
        )
        descriptions = [span for span, (form, _) in gold.items() if form == "nominal"]
        mentions = reader.read(names, dict.fromkeys(descriptions))
        roles = {entity.key: frozenset(" ".join(entity.roles).lower().split()) for entity in doc._.entities}
        candidates = collect_candidates(tokens, mentions, roles)
        by_end = {(span.end, form == "pronoun"): cluster for span, (form, cluster) in gold.items()}
        clusters = [
            gold[mention.span][1]
            if mention.span in gold
            else by_end.get((mention.span.end, False))
            if mention.form is Form.NAME
            else None
            for mention in mentions
        ]
        correct, trained = (
            _gap_answers(row, offsets, mentions, candidates) if is_gap else _answers(candidates, clusters)
        )
        vectors = mention_vectors(doc._.encoded, mentions)
        return Document(
            name=row["id"],
            corpus=corpus,
            mentions=mentions,
            candidates=candidates,
            correct=correct,
            trained=trained,
            clusters=clusters,
            vectors=vectors.astype(np.float16),
        )


def _gold_mentions(row: dict[str, Any], offsets: Offsets, tokens: Tokens) -> dict[TokenSpan, tuple[str, str]]:
    """Return form and cluster of each mention of persons, organisations and places, and of each pronoun.

    A description is cut off after its head: "the minister" of "the minister who resigned".
    """
    gold: dict[TokenSpan, tuple[str, str]] = {}
    for mention in row["mentions"]:
        form = {"description": "nominal"}.get(mention["form"], mention["form"])
        if mention["type"] not in _TYPES and form != "pronoun":
            continue
        start, end = offsets.span(mention["start"], mention["end"])
        if form == "nominal":
            end = next((i for i in range(start + 1, end) if tokens.lower[i] in DETACHING_WORDS), end)
        gold.setdefault(TokenSpan(start, end), (form, str(mention["entity"])))
    return gold


def _names(
    row: dict[str, Any], doc: Doc, offsets: Offsets, gold: dict[TokenSpan, tuple[str, str]], *, keep: bool
) -> list[Span]:
    """Return the names of the corpus without overlap, and with ``keep`` those that the pipeline has found elsewhere."""
    spans: list[Span] = []
    taken: set[int] = set()

    def add(start: int, end: int, label: str) -> None:
        if not taken.intersection(range(start, end)):
            taken.update(range(start, end))
            spans.append(Span(doc, start, end, label=label))

    for key in ("a", "b"):
        if row.get(key):
            start, end = offsets.span(*row[key])
            if not any(ent.start < end and start < ent.end and ent.label_ == "PERSON" for ent in doc.ents):
                add(start, end, EntityType.PERSON.value)
    types = {
        offsets.span(mention["start"], mention["end"]): _TYPES[mention["type"]]
        for mention in row.get("mentions", ())
        if mention["form"] == "name" and mention["type"] in _TYPES
    }
    for (start, end), entity_type in sorted(types.items(), key=lambda item: item[0][1] - item[0][0]):
        last = end - (doc[end - 1].text in {"'s", "’s"})
        if TokenSpan(start, end) in gold and start < last <= start + _MAX_NAME_TOKENS and doc[start].text[0].isupper():
            add(start, last, entity_type.value)
    for ent in doc.ents if keep else ():
        add(ent.start, ent.end, ent.label_)
    return sorted(spans, key=lambda span: span.start)


def _answers(candidates: Candidates, clusters: list[str | None]) -> tuple[list[int], list[bool]]:
    """Return which candidates are in the cluster of their anaphor; a pronoun outside all clusters has none."""
    correct = [int(clusters[x] is not None and clusters[x] == clusters[y]) for x, y in candidates.pairs.tolist()]
    return correct, [True] * len(candidates.anaphors)


def _gap_answers(
    row: dict[str, Any], offsets: Offsets, mentions: list[Mention], candidates: Candidates
) -> tuple[list[int], list[bool]]:
    """Return the answers for the one pronoun of the text: the names of the person that it refers to are right.

    If it refers to neither name, other candidates are unknown.
    """
    keys = {}
    for name in ("a", "b"):
        start, end = offsets.span(*row[name])
        keys[name] = {
            mention.entity
            for mention in mentions
            if mention.form is Form.NAME and mention.span.start < end and start < mention.span.end
        }
    right = keys.get(row["right"] or "", set())
    wrong = (keys["a"] | keys["b"]) - right
    others = UNKNOWN if row["right"] is None else 0
    answer = {**dict.fromkeys(wrong, 0), **dict.fromkeys(right, 1)}
    correct = [
        answer.get(mentions[y].entity, others) if mentions[y].form is Form.NAME else UNKNOWN
        for _, y in candidates.pairs.tolist()
    ]
    pronoun = offsets.token(row["pronoun"][0])
    return correct, [mentions[x].span.start == pronoun for x in candidates.anaphors]
