from __future__ import annotations

import math

import pytest
from spacy.language import Language
from spacy.tokens import Doc

from workers.coreference.attribution_scores import Evidence, packaged_scores, weighted_probability
from workers.coreference.mentions import Anaphor
from workers.doc.records import AttributionRecord
from workers.pipeline.components import COMPONENTS, build_nlp

# A text, and what its last attribution has as the features of its speaker.
SPEAKERS = [
    ("Kofi Mensah said the bridge was safe.", "name alone"),
    ("Works Minister Ama Osei said the bridge was safe.", "name with other words"),
    ("Mrs. Ama Osei, who said the bridge was safe, left.", "relative pronoun"),
    ("Mr. Kofi Mensah left. He said the bridge was safe.", "he or she"),
    ("The Ministry of Works said it was safe. They added that it was old.", "other pronoun"),
    ("Works Minister Ama Osei arrived. The minister said it was safe.", "description that the article explains"),
    ("He said the bridge was safe.", "no speaker, pronoun"),
    ("Kofi Mensah's lawyer said the bridge was safe.", "no speaker, name"),
    ("The clerk said the bridge was safe.", "no speaker, definite"),
    ("Officials said the bridge was safe.", "no speaker, other"),
]


def last(doc: Doc) -> AttributionRecord:
    attributions: list[AttributionRecord] = doc._.attributions
    return attributions[-1]


@pytest.fixture(scope="module")
def trained() -> Language:
    return build_nlp(COMPONENTS["trained"])


@pytest.mark.parametrize(("text", "kind"), SPEAKERS, ids=[kind for _, kind in SPEAKERS])
def test_features_say_how_the_speaker_was_found(nlp: Language, text: str, kind: str) -> None:
    kinds = {each for _, each in SPEAKERS}
    assert kinds & last(nlp(text)).speaker_features.keys() == {kind}


@pytest.mark.parametrize("pipeline", ["rules", "trained"])
def test_features_of_every_kind_have_weights(nlp: Language, trained: Language, pipeline: str) -> None:
    language = {"rules": nlp, "trained": trained}[pipeline]
    used = {name for text, _ in SPEAKERS for name in last(language(text)).speaker_features}
    assert used <= packaged_scores()[pipeline].keys()


@pytest.mark.parametrize("pipeline", ["rules", "trained"])
def test_speaker_who_is_less_certain_lowers_the_score(nlp: Language, trained: Language, pipeline: str) -> None:
    language = {"rules": nlp, "trained": trained}[pipeline]
    texts = (
        "Mr. Kofi Mensah left. He said the bridge was safe.",
        "Mr. Kofi Mensah met Mr. Yao Adjei. He said the bridge was safe.",
        "He said the bridge was safe.",
    )
    sure, ambiguous, unknown = (last(language(text)).result_score for text in texts)
    assert sure > ambiguous > unknown


def test_score_by_which_attributions_are_chosen_is_kept(nlp: Language) -> None:
    known, unknown = (
        last(nlp(text)) for text in ("Mr. Kofi Mensah left. He said it was safe.", "He said it was safe.")
    )
    assert known.score == unknown.score
    assert known.result_score != unknown.result_score


@pytest.mark.parametrize(("between", "sentences"), [("", 1), ("It rained. It snowed. ", 3), ("It rained. " * 30, 10)])
def test_distance_to_the_name_is_counted_in_sentences_up_to_ten(nlp: Language, between: str, sentences: int) -> None:
    doc = nlp(f"Works Minister Ama Osei left. {between}The minister said it was safe.")
    assert last(doc).speaker_features["sentences to the name"] == pytest.approx(math.log1p(sentences))


@pytest.mark.parametrize(
    ("text", "begins", "ends"),
    [
        ("“The bridge is safe,” Kofi Mensah said.", 1, 0),
        ("Kofi Mensah said the bridge was safe.", 0, 1),
    ],
)
def test_features_say_whether_the_content_fills_its_sentence(nlp: Language, text: str, begins: int, ends: int) -> None:
    features = last(nlp(text)).speaker_features
    assert (features["begins a sentence"], features["ends a sentence"]) == (begins, ends)


def test_evidence_has_the_two_likeliest_entities() -> None:
    assert Evidence.of(Anaphor.HE, {4: 0.2, 7: 0.5, 9: 0.1}, stated=False)[1:3] == (0.5, 0.2)
    assert Evidence.of(Anaphor.HE, {4: 0.3}, stated=False)[1:3] == (0.3, 0)
    assert Evidence.of(Anaphor.HE, {}, stated=False)[1:3] == (0, 0)


def test_probability_is_the_logistic_function_and_ignores_features_without_weight() -> None:
    weights = {"bias": 1.0, "a": 2.0, "b": -1.0}
    assert weighted_probability({"a": 1.0, "b": 3.0, "new": 9.0}, weights) == 0.5
    assert weighted_probability({}, weights) == pytest.approx(1 / (1 + math.exp(-1)), abs=1e-4)
