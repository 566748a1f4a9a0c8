from __future__ import annotations

import math

import pytest
from spacy.language import Language

from workers.coreference.antecedents import Candidate, Choice, Question, Ranker, describe, describe_nobody


def question(word: str = "he", **changes: int | str | bool | None) -> Question:
    held: dict[str, int | str | bool | None] = {
        "place": 40,
        "word": word,
        "after": "went",
        "clause": 38,
        "sentence": 3,
        "paragraph": 1,
        "speech": -1,
        "leads": True,
        "source": False,
    }
    return Question(**(held | changes))  # type: ignore[arg-type]  # a mapping of the fields


def person(key: int = 0, **changes: object) -> Candidate:
    one = Candidate(key, certain=True, full=True, total=2, share=0.5)
    for name, value in changes.items():
        setattr(one, name, value)
    return one


def test_probabilities_are_a_softmax_over_the_weighted_features() -> None:
    ranker = Ranker({"near": 1.0, "far": -1.0}, 0.0)
    found = ranker.probabilities([{"near": 2.0}, {"far": 1.0, "without a weight": 9.0}, {}])
    total = math.exp(2) + math.exp(-1) + 1
    assert found == pytest.approx([math.exp(2) / total, math.exp(-1) / total, 1 / total])


def test_large_sums_do_not_overflow() -> None:
    assert Ranker({"x": 1.0}, 0.0).probabilities([{"x": 5000.0}, {"x": 1.0}]) == [1.0, 0.0]


@pytest.mark.parametrize(("threshold", "answer"), [(0.0, 7), (0.7, 7), (0.8, None)])
def test_an_answer_below_the_threshold_is_none(threshold: float, answer: int | None) -> None:
    ranker = Ranker({"x": 1.0}, threshold)  # 1 / (1 + 1/e) is .73
    assert ranker.choose(Choice(0, [None, 7], ["", "Osei"], [{}, {"x": 1.0}])) == answer


def test_nobody_is_an_answer() -> None:
    assert Ranker({"x": 1.0}, 0.0).choose(Choice(0, [None, 7], ["", "Osei"], [{"x": 2.0}, {"x": 1.0}])) is None


@pytest.mark.parametrize(
    ("word", "after", "role"),
    [
        ("he", "said", "subject"),
        ("him", "said", "object"),
        ("his", "house", "owner"),
        ("her", "house", "owner"),
        ("her", "to", "object"),
        ("herself", ".", "self"),
    ],
)
def test_the_role_of_a_pronoun(word: str, after: str, role: str) -> None:
    assert question(word, after=after).role == role


def test_gender_is_described_by_its_evidence() -> None:
    one = person(genders={"given": "m", "called": "f"})
    found = describe(question("she"), one, 0, -1, leader=False)
    assert {"given differs", "called fits"} <= found.keys()
    assert one.gender() == "m"
    assert "gender unknown" in describe(question(), person(), 0, -1, leader=False)


def test_who_speaks_does_not_call_himself_he() -> None:
    found = describe(question(speech=2, speaker=0), person(), 0, -1, leader=False)
    assert "own quotation" in found
    assert "own quotation" not in describe(question(speech=2, speaker=1), person(), 0, -1, leader=False)


def test_one_in_the_same_clause_is_told_from_one_before_it() -> None:
    near = person(last=39, sentence=3, outside=3, first=0)
    far = person(last=30, sentence=3, outside=3, first=0)
    assert "same clause subject" in describe(question(), near, 0, -1, leader=False)
    assert "same clause subject" not in describe(question(), far, 0, -1, leader=False)


def test_nobody_is_likelier_where_somebody_unnamed_is_nearer() -> None:
    found = describe_nobody(question(unnamed=3), [person(last=3, sentence=1)])
    assert "somebody unnamed is nearer" in found
    assert "nobody fits" in describe_nobody(question("she"), [person(genders={"title": "m"})])


def test_the_shipped_weights_know_every_feature_they_weigh() -> None:
    ranker = Ranker.shipped()
    assert 0 <= ranker.threshold < 1
    weights = ranker.weights
    assert weights["given fits"] > weights["given differs"]
    assert weights["sentences 0"] > weights["sentences 3"]
    assert weights["own quotation"] < 0


def pronouns(nlp: Language, text: str) -> list[tuple[str, str]]:
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
def test_pronouns_find_their_persons(nlp: Language, text: str, expected: list[tuple[str, str]]) -> None:
    assert pronouns(nlp, text) == expected


def test_a_name_that_the_entity_stage_passed_over_is_found_by_its_pronouns(nlp: Language) -> None:
    text = (
        "In May Appellant was seen near the mill. He had left his car there. Later he came back, and Appellant drove home. "
        "Nobody had seen him since."
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
