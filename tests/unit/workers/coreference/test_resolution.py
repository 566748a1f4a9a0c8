from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from spacy.language import Language

from workers.coreference.candidates import FEATURES, Candidates, collect_candidates
from workers.coreference.mentions import Anaphor, Form, Gender, Mention, Referent
from workers.coreference.resolution import best_entity, entity_distributions, excluded_entities
from workers.doc.records import TokenSpan
from workers.doc.tokens import Tokens
from workers.model.antecedent_head import WIDTH, AntecedentHead


def mention(start: int, form: Form, anaphor: Anaphor, entity: int | None = None, **changes: Any) -> Mention:
    fields: dict[str, Any] = {
        "span": TokenSpan(start, start + 1),
        "form": form,
        "anaphor": anaphor,
        "referent": Referent.PERSON,
        "gender": Gender.UNKNOWN,
        "entity": entity,
        "sentence": 0,
        "paragraph": 0,
        "quotation": -1,
        "enclosing_source": None,
        "in_source": False,
    }
    return Mention(**(fields | changes))


def name(start: int, entity: int, **changes: Any) -> Mention:
    return mention(start, Form.NAME, Anaphor.DESCRIPTION, entity, **changes)


def pronoun(start: int, anaphor: Anaphor = Anaphor.HE, **changes: Any) -> Mention:
    return mention(start, Form.PRONOUN, anaphor, **changes)


def head(scores: dict[int, float]) -> AntecedentHead:
    """Return a head without vectors that scores a pair by the sum of these features; "none" scores 0."""
    shapes = dict.fromkeys(("anaphor", "antecedent", "anaphor_factor", "antecedent_factor", "none"), (WIDTH, 0))
    weights: dict[str, NDArray[np.generic]] = {name: np.zeros(shape) for name, shape in shapes.items()}
    weights |= {f"{name}_bias": np.zeros(WIDTH) for name in shapes if name != "antecedent"}
    weights |= {
        "product": np.zeros((WIDTH, WIDTH)),
        "features": np.zeros((FEATURES, WIDTH)),
        "feature_scores": np.array([scores.get(feature, 0.0) for feature in range(FEATURES)]),
        "score": np.zeros((1, WIDTH)),
        "score_bias": np.zeros(1),
        "none_classes": np.zeros((len(Anaphor), WIDTH)),
        "none_score": np.zeros((1, WIDTH)),
        "none_score_bias": np.zeros(1),
        "tags": np.zeros((3, 1)),
        "tags_bias": np.zeros(3),
        "temperature": np.ones(1),
    }
    return AntecedentHead.of(weights)


def tokens(words: str) -> Tokens:
    split = words.split()
    return Tokens(split, [word.lower() for word in split], [0] * len(split), [len(split)] * len(split))


def candidates(mentions: list[Mention]) -> Candidates:
    return collect_candidates(tokens("x " * 80), mentions, {})


def test_probabilities_of_entities_and_none_are_a_softmax_over_the_candidates() -> None:
    mentions = [name(0, 7), name(1, 8), pronoun(2)]
    distributions = entity_distributions(mentions, candidates(mentions), head({}), None, {})
    assert distributions[2] == pytest.approx({7: 1 / 3, 8: 1 / 3})


def test_two_mentions_of_an_entity_add_up() -> None:
    mentions = [name(0, 7), name(1, 8), name(2, 7), pronoun(3)]
    assert entity_distributions(mentions, candidates(mentions), head({}), None, {})[3] == pytest.approx(
        {7: 0.5, 8: 0.25}
    )


def test_pronoun_passes_its_distribution_on() -> None:
    mentions = [name(0, 7), pronoun(1), pronoun(2)]
    distributions = entity_distributions(mentions, candidates(mentions), head({}), None, {})
    assert distributions[1] == pytest.approx({7: 1 / 2})
    assert distributions[2] == pytest.approx({7: 1 / 3 + 1 / 3 * 1 / 2})


def test_name_of_the_other_gender_is_excluded() -> None:
    mentions = [name(0, 7, gender=Gender.FEMALE), name(1, 8, gender=Gender.MALE), pronoun(2)]
    excluded = excluded_entities(mentions)
    assert excluded == {Anaphor.HE: frozenset({7}), Anaphor.SHE: frozenset({8})}
    assert entity_distributions(mentions, candidates(mentions), head({}), None, excluded)[2] == pytest.approx({8: 0.5})


def test_first_person_is_resolved_after_all_others_to_the_source_around_it() -> None:
    mentions = [
        pronoun(0, Anaphor.I, quotation=0, enclosing_source=TokenSpan(60, 61)),
        name(1, 5, paragraph=1),
        name(60, 7, paragraph=2, in_source=True),
    ]
    chosen = candidates(mentions)
    assert chosen.pairs.tolist() == [[0, 2]]
    assert entity_distributions(mentions, chosen, head({}), None, {})[0] == pytest.approx({7: 0.5})


def test_first_person_is_not_a_candidate_of_the_third() -> None:
    mentions = [name(0, 7), pronoun(1, Anaphor.I), pronoun(2)]
    assert candidates(mentions).pairs.tolist() == [[1, 0], [2, 0]]


def test_article_without_anaphors_has_only_its_names() -> None:
    mentions = [name(0, 7)]
    assert entity_distributions(mentions, candidates(mentions), head({}), None, {}) == [{7: 1.0}]


@pytest.mark.parametrize(("threshold", "answer"), [(0.5, (3, 0.6)), (0.7, None)])
def test_entity_below_the_threshold_is_not_given(threshold: float, answer: tuple[int, float] | None) -> None:
    assert best_entity({2: 0.3, 3: 0.6}, threshold) == answer
    assert best_entity({}, threshold) is None


def test_work_is_linear_in_the_number_of_mentions() -> None:
    few, many = ([pronoun(i) for i in range(count)] for count in (100, 400))
    assert len(candidates(many).pairs) < 4.6 * len(candidates(few).pairs)


def antecedents(nlp: Language, text: str) -> list[tuple[str, str]]:
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
        (
            "Peter Orlow resigned on Monday. He had led the bank for a year, and his deputy takes over.",
            [("He", "Peter Orlow"), ("his", "Peter Orlow")],
        ),
    ],
)
def test_pronouns_are_resolved_to_persons(nlp: Language, text: str, expected: list[tuple[str, str]]) -> None:
    assert antecedents(nlp, text) == expected


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


def test_pronoun_without_candidates_refers_to_nothing() -> None:
    mentions = [pronoun(0)]
    assert candidates(mentions).features.shape == (0, 13)
    assert entity_distributions(mentions, candidates(mentions), head({}), None, {}) == [{}]
    assert entity_distributions([], candidates([]), head({}), None, {}) == []
