"""Trains the decisions over the article, on parties and on issues, a step of ``make train``.

Logistic regressions over the features of `workers.stance.article_decision`. That on parties learns from each article
of the gold's train split twice, with the entities of the pipeline and with those of the gold, as a better coreference
would find them; from the articles of which only the stances are annotated, without those that the heads have learned;
and from the handwritten sentences, so that short texts are known. That on issues learns from the same articles. An
article that several read gives the examples of each reading, so that scores tell how many readers would agree.
"""

from __future__ import annotations

import json
import random
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression
from spacy.tokens import Doc, Span

from services.contracts import EntityType, MentionForm
from workers.doc.records import EntityRecord
from workers.doc.tokens import Offsets, Tokens
from workers.evaluation.article_stances import shared_mentions
from workers.evaluation.entity_alignment import align_entities
from workers.model.component import packaged_encoder
from workers.pipeline.components import COMPONENTS, build_nlp
from workers.stance.acts import stances_by_act
from workers.stance.article_decision import WEIGHTS_FILE, Array, candidate_vectors
from workers.stance.article_features import Candidate, candidates
from workers.stance.issue_stances import WEIGHTS_FILE as ISSUE_WEIGHTS_FILE
from workers.stance.issue_stances import issue_stances
from workers.stance.passage_features import Features
from workers.stance.readings import pair_readings, voice_readings
from workers.stance.stance_context import StanceContext
from workers.stance.verb_between import stances_by_verb
from workers.text.cleaning import PLAIN_SPACES
from workers.training import handwritten
from workers.training.annotated_articles import DECISION, TRAIN, read_articles, read_stances, readings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from spacy.language import Language

REGULARIZATION: Final = 0.01  # the inverse of its strength, on features of unit variance
VECTOR_SCALE: Final = 0.3  # of the values of a vector, so that each counts for less than a feature
SHORT_TEXTS: Final = 950
SEED: Final = 1
_MIN_DEVIATION: Final = 0.05
_DIGITS: Final = 4
_MIN_SHARED: Final = 0.4  # of a statement's content
_TYPES: Final = {
    "PERSON": EntityType.PERSON,
    "ORG": EntityType.ORGANIZATION,
    "PLACE": EntityType.LOCATION,
    "ISSUE": EntityType.MISC,  # no participant
}
_FORMS: Final = {"name": MentionForm.NAME, "description": MentionForm.NOMINAL, "pronoun": MentionForm.PRONOUN}


class ArticleExamples(NamedTuple):
    """The examples of an article, of stances on parties and on issues."""

    article: str
    on_parties: list[Example]
    on_issues: list[Example]


class Example(NamedTuple):
    """A possible stance with its features and vector, and whether a careful reader takes it from the text.

    The examples of several readings of an article have a ``weight`` of 1 together.
    """

    features: Features
    vector: Array
    is_right: bool
    weight: float = 1.0


def train(corpora: Path) -> dict[str, dict[str, Any]]:
    """Return the weights by the name of their file; raises ``FileNotFoundError`` if the folder lacks a corpus."""
    nlp = build_nlp([name for name in COMPONENTS["trained"] if name != "stancewire_sides"])
    on_parties: list[Example] = []
    on_issues: list[Example] = []
    for examples in article_examples(nlp, corpora):
        on_parties += examples.on_parties
        on_issues += examples.on_issues
    return {WEIGHTS_FILE: fit([*on_parties, *_short_examples(nlp)]), ISSUE_WEIGHTS_FILE: fit(on_issues)}


def fit(examples: Sequence[Example]) -> dict[str, Any]:
    """Return the weights of the logistic regression; the intercept is part of the weight of "bias"."""
    vectorizer = DictVectorizer(sparse=False, dtype=np.float32)
    table = vectorizer.fit_transform([example.features for example in examples])
    vectors = np.stack([example.vector for example in examples])
    scales = np.concatenate(
        [
            np.maximum(table.std(0), _MIN_DEVIATION),
            np.maximum(vectors.std(0), _MIN_DEVIATION) / VECTOR_SCALE,
        ]
    )
    model = LogisticRegression(C=REGULARIZATION, max_iter=1000)
    model.fit(
        np.concatenate([table, vectors], axis=1) / scales,
        [example.is_right for example in examples],
        [example.weight for example in examples],
    )
    coefficients = (model.coef_[0] / scales).astype(float).round(_DIGITS).tolist()
    names = vectorizer.get_feature_names_out().tolist()
    weights = dict(zip(names, coefficients, strict=False))
    weights["bias"] = round(weights.get("bias", 0.0) + float(model.intercept_[0]), _DIGITS)
    return {"features": weights, "vector": coefficients[len(names) :]}


def document_candidates(doc: Doc) -> list[tuple[Candidate, Features, Array]]:
    """Return the candidates of a document after all components but the last, with their features and vectors."""
    context, tokens = StanceContext.of(doc), Tokens.of(doc)
    encoder = packaged_encoder()
    readings = [*pair_readings(encoder, context, tokens), *voice_readings(encoder, context, tokens)]
    possible = candidates(context, tokens, readings, [*stances_by_act(doc, tokens), *stances_by_verb(doc, tokens)])
    vectors = candidate_vectors(encoder, context, list(possible), readings)
    return list(zip(possible, possible.values(), vectors, strict=True))


def article_examples(nlp: Language, corpora: Path) -> Iterator[ArticleExamples]:
    """Yield the examples of each annotated article."""
    read_again = {article["id"]: article for article in read_stances(corpora, DECISION)}
    for article in read_articles(corpora, TRAIN):
        doc = nlp(article["text"].translate(PLAIN_SPACES))
        again = readings(read_again.pop(article["id"], article))
        on_issues = _issue_examples(doc, again)
        on_parties = list(_party_examples(doc, again))
        mentions = {entity["id"]: entity["mentions"] for entity in article["entities"]}
        aligned = align_entities(shared_mentions(mentions, _given_mentions(doc)))
        with_gold_entities(doc, article, {int(key): entity for key, entity in aligned.items()})
        yield ArticleExamples(article["id"], [*on_parties, *_party_examples(doc, again)], on_issues)
    for article in read_again.values():
        doc = nlp(article["text"].translate(PLAIN_SPACES))
        again = readings(article)
        yield ArticleExamples(article["id"], list(_party_examples(doc, again)), _issue_examples(doc, again))


def _party_examples(doc: Doc, again: Sequence[Mapping[str, Any]]) -> Iterator[Example]:
    yield from _labelled(document_candidates(doc), _given_mentions(doc), again)


def _issue_examples(doc: Doc, again: Sequence[Mapping[str, Any]]) -> list[Example]:
    context, tokens = StanceContext.of(doc), Tokens.of(doc)
    stances = issue_stances(packaged_encoder(), doc, context, tokens)
    given = _given_mentions(doc) | {
        str(key): [
            (doc[start].idx, doc[end - 1].idx + len(doc[end - 1]), "description") for start, end in issue.mentions
        ]
        for key, issue in stances.issues.items()
    }
    possible = list(zip(stances.features, stances.features.values(), stances.vectors, strict=True))
    return list(_labelled(possible, given, again))


def _given_mentions(doc: Doc) -> dict[str, list[tuple[int, int, str]]]:
    """Return the mentions of each entity of a document."""
    given: dict[str, list[tuple[int, int, str]]] = {}
    for span in doc.spans.get("mentions", ()):
        given.setdefault(span.id_, []).append((span.start_char, span.end_char, str(span._.form)))
    return given


def _labelled(
    possible: Sequence[tuple[Candidate, Features, Array]],
    given: Mapping[str, list[tuple[int, int, str]]],
    again: Sequence[Mapping[str, Any]],
) -> Iterator[Example]:
    """Yield the candidates once for each reading; ``given`` has the mentions of each entity of the document."""
    for reading in again:
        gold = {(stance["holder"], stance["side"], stance["target"]) for stance in reading["stances"]}
        mentions = {entity["id"]: entity["mentions"] for entity in reading["entities"]}
        aligned = align_entities(shared_mentions(mentions, given))
        names = {int(key): entity for key, entity in aligned.items()}
        for (holder, target, side), features, vector in possible:
            name = None if holder is None else names.get(holder, "?")
            is_right = (name, side.value, names.get(target, "?")) in gold
            yield Example(features, vector, is_right, 1 / len(again))


def with_gold_entities(doc: Doc, article: dict[str, Any], aligned: dict[int, str]) -> None:
    """Give the document the entities, mentions and speakers of the gold; ``aligned`` maps its own entities to them."""
    keys = {entity["id"]: key for key, entity in enumerate(article["entities"])}
    own = {name: doc._.entities[key] for key, name in reversed(aligned.items())}
    offsets, records, mentions = Offsets(doc), [], []
    for key, entity in enumerate(article["entities"]):
        named = [article["text"][start:end] for start, end, form in entity["mentions"] if form == "name"]
        record = own.get(entity["id"])
        score, roles = (record.score, record.roles) if record else (0.9, ())
        name = max(named, key=len, default="")
        records.append(EntityRecord(key, name, _TYPES[entity["type"]], score, frozenset(), roles))
        for start, end, form in entity["mentions"]:
            span = Span(doc, *offsets.span(start, end), label=_TYPES[entity["type"]].value, span_id=str(key))
            span._.form = _FORMS[form]
            mentions.append(span)
    doc.spans["mentions"] = mentions
    attributions = []
    for attribution in doc._.attributions:
        contents = [(doc[start].idx, doc[end - 1].idx + len(doc[end - 1])) for start, end in attribution.content]
        speaker = None if attribution.speaker is None else aligned.get(attribution.speaker)
        best = _MIN_SHARED * sum(end - start for start, end in contents)
        for statement in article["statements"]:
            shared = sum(
                max(0, min(end, other_end) - max(start, other_start))
                for start, end in contents
                for other_start, other_end in statement["content"]
            )
            if shared > best and statement["speaker"] is not None:
                best, speaker = shared, statement["speaker"]
        party = None if speaker is None else keys[speaker]
        is_issue = party is not None and records[party].type is EntityType.MISC
        attributions.append(replace(attribution, speaker=None if is_issue else party))
    doc._.entities, doc._.attributions = records, attributions


def _short_examples(nlp: Language) -> Iterator[Example]:
    """Yield the pairs of handwritten sentences; a pair that is unclear there is left out."""
    sentences = handwritten.sentences()
    random.Random(SEED).shuffle(sentences)  # noqa: S311
    for sentence in sentences[:SHORT_TEXTS]:
        doc = nlp(sentence.text)
        parties = {letter: [(*offsets, "name")] for letter, offsets in sentence.parties.items()}
        aligned = align_entities(shared_mentions(parties, _given_mentions(doc)))
        for (holder, target, side), features, vector in document_candidates(doc):
            pair = ("@" if holder is None else aligned.get(str(holder)), aligned.get(str(target)))
            if pair[0] is None or pair[1] is None or frozenset(pair) in sentence.unclear:
                continue
            yield Example(features, vector, sentence.stances.get((pair[0], pair[1])) == side.value)


def write(weights: Mapping[str, Mapping[str, Any]]) -> None:
    """Write the weights into the package; ``weights`` are by the name of their file."""
    for name, of_file in weights.items():
        path = Path(str(files("workers.stance").joinpath(name)))
        path.write_text(json.dumps(of_file, separators=(",", ":")).replace(',"', ',\n"') + "\n", encoding="utf-8")
