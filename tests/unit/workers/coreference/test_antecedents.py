from __future__ import annotations

import math

import pytest
from spacy.language import Language

from workers.coreference.antecedents import (
    Anaphor,
    AntecedentRanker,
    Candidate,
    CandidateSet,
    candidate_features,
    no_antecedent_features,
)


def anaphor(word: str = "he", **changes: int | str | bool | None) -> Anaphor:
    fields: dict[str, int | str | bool | None] = {
        "token": 40,
        "word": word,
        "next_word": "went",
        "clause_start": 38,
        "sentence": 3,
        "paragraph": 1,
        "quotation": -1,
        "opens_sentence": True,
        "is_source": False,
    }
    return Anaphor(**(fields | changes))  # type: ignore[arg-type]  # a mapping of the fields


def candidate(key: int = 0, **changes: object) -> Candidate:
    made = Candidate(key, is_person=True, is_full_name=True, name_count=2, name_share=0.5)
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def test_probabilities_are_a_softmax_over_the_weighted_features() -> None:
    ranker = AntecedentRanker({"near": 1.0, "far": -1.0}, 0.0)
    features = ranker.probabilities([{"near": 2.0}, {"far": 1.0, "without a weight": 9.0}, {}])
    total = math.exp(2) + math.exp(-1) + 1
    assert features == pytest.approx([math.exp(2) / total, math.exp(-1) / total, 1 / total])


def test_large_scores_do_not_overflow() -> None:
    assert AntecedentRanker({"x": 1.0}, 0.0).probabilities([{"x": 5000.0}, {"x": 1.0}]) == [1.0, 0.0]


@pytest.mark.parametrize(("threshold", "answer"), [(0.0, 7), (0.7, 7), (0.8, None)])
def test_candidate_below_the_threshold_is_not_chosen(threshold: float, answer: int | None) -> None:
    ranker = AntecedentRanker({"x": 1.0}, threshold)  # 1 / (1 + 1/e) is .73
    assert ranker.choose(CandidateSet(0, [None, 7], ["", "Osei"], [{}, {"x": 1.0}])) == answer


def test_no_antecedent_can_be_the_most_probable_candidate() -> None:
    assert (
        AntecedentRanker({"x": 1.0}, 0.0).choose(CandidateSet(0, [None, 7], ["", "Osei"], [{"x": 2.0}, {"x": 1.0}]))
        is None
    )


@pytest.mark.parametrize(
    ("word", "next_word", "role"),
    [
        ("he", "said", "subject"),
        ("him", "said", "object"),
        ("his", "house", "owner"),
        ("her", "house", "owner"),
        ("her", "to", "object"),
        ("herself", ".", "self"),
    ],
)
def test_role_of_a_pronoun(word: str, next_word: str, role: str) -> None:
    assert anaphor(word, next_word=next_word).role == role


def test_gender_features_name_the_evidence() -> None:
    made = candidate(gender_evidence={"given": "m", "called": "f"})
    features = candidate_features(anaphor("she"), made, 0, -1, is_most_mentioned=False)
    assert {"given differs", "called fits"} <= features.keys()
    assert made.gender() == "m"
    assert "gender unknown" in candidate_features(anaphor(), candidate(), 0, -1, is_most_mentioned=False)


def test_speaker_of_the_quotation_has_a_feature() -> None:
    features = candidate_features(
        anaphor(quotation=2, enclosing_speaker=0), candidate(), 0, -1, is_most_mentioned=False
    )
    assert "own quotation" in features
    assert "own quotation" not in candidate_features(
        anaphor(quotation=2, enclosing_speaker=1), candidate(), 0, -1, is_most_mentioned=False
    )


def test_candidate_in_the_same_clause_has_a_feature() -> None:
    near = candidate(last_token=39, last_sentence=3, last_unquoted_sentence=3, first_sentence=0)
    far = candidate(last_token=30, last_sentence=3, last_unquoted_sentence=3, first_sentence=0)
    assert "same clause subject" in candidate_features(anaphor(), near, 0, -1, is_most_mentioned=False)
    assert "same clause subject" not in candidate_features(anaphor(), far, 0, -1, is_most_mentioned=False)


def test_unnamed_person_nearby_gives_features_of_no_antecedent() -> None:
    features = no_antecedent_features(anaphor(unnamed_sentence=3), [candidate(last_token=3, last_sentence=1)])
    assert "somebody unnamed is nearer" in features
    assert "nobody fits" in no_antecedent_features(anaphor("she"), [candidate(gender_evidence={"title": "m"})])


def test_packaged_weights_have_plausible_signs() -> None:
    ranker = AntecedentRanker.load()
    assert 0 <= ranker.threshold < 1
    weights = ranker.weights
    assert weights["given fits"] > weights["given differs"]
    assert weights["sentences 0"] > weights["sentences 3"]
    assert weights["own quotation"] < 0


def pronoun_antecedents(nlp: Language, text: str) -> list[tuple[str, str]]:
    with nlp.memory_zone():
        doc = nlp(text)
        return [
            (span.text, doc._.entities[int(span.id_)].name)
            for span in sorted(doc.spans["mentions"], key=lambda span: span.start)
            if span._.form == "pronoun"
        ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Mr. Kofi Mensah met Mrs. Ama Osei. She thanked him for his help.",
            [("She", "Ama Osei"), ("him", "Kofi Mensah"), ("his", "Kofi Mensah")],
        ),
        ("Mary Quill left the council. Her seat stays empty.", [("Her", "Mary Quill")]),
        ("Mary Quill left. A woman called. Nobody took the call.", []),
        (
            "Peter Orlow resigned on Monday. He had led the bank for a year, and his deputy takes over.",
            [("He", "Peter Orlow"), ("his", "Peter Orlow")],
        ),
    ],
)
def test_pronouns_are_resolved_to_persons(nlp: Language, text: str, expected: list[tuple[str, str]]) -> None:
    assert pronoun_antecedents(nlp, text) == expected


def test_name_missed_by_the_entity_component_becomes_a_person_by_its_pronouns(nlp: Language) -> None:
    text = (
        "In May Appellant was seen near the mill. He had left his car there. Later he came back, and Appellant drove "
        "home. Nobody had seen him since."
    )
    with nlp.memory_zone():
        doc = nlp.make_doc(text)
        for stage, component in nlp.pipeline:
            if stage != "stancewire_entities":
                doc = component(doc)
        (entity,) = doc._.entities
        assert (entity.key, entity.name, entity.type) == (0, "Appellant", "PERSON")
        assert [span.text for span in doc.spans["mentions"] if span._.form == "name"] == ["Appellant", "Appellant"]
        assert {span.text for span in doc.spans["mentions"]} >= {"He", "his", "he"}
