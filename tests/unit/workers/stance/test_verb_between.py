from __future__ import annotations

import pytest
from spacy.language import Language

from workers.doc.tokens import Tokens
from workers.pipeline.components import COMPONENTS, build_nlp
from workers.stance import scores
from workers.stance.verb_between import stances_by_verb


@pytest.fixture(scope="module")
def nlp() -> Language:
    return build_nlp(COMPONENTS["rules"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mr. Kofi Mensah sued Tarva Bank.", [("Kofi Mensah", "oppose", "Tarva Bank")]),
        ("Mr. Kofi Mensah was endorsed by Mrs. Ama Osei.", [("Ama Osei", "support", "Kofi Mensah")]),
        ("Mr. Kofi Mensah met Mrs. Ama Osei and thanked her.", []),
        ("Mrs. Ama Osei spoke. Mr. Kofi Mensah admires her.", [("Kofi Mensah", "support", "Ama Osei")]),
        ("Mrs. Ama Osei spoke. Mr. Kofi Mensah admires her house.", []),
        ("If Mr. Kofi Mensah sued Tarva Bank, it would fall.", []),
        ("Mr. Kofi Mensah supports Tarva Bank?", []),
        ("Mr. Kofi Mensah sued. Tarva Bank fell.", []),
    ],
)
def test_verb_between_names_gives_holder_stance_and_target(
    nlp: Language, text: str, expected: list[tuple[str, str, str]]
) -> None:
    with nlp.memory_zone():
        doc = nlp(text)
        stances = stances_by_verb(doc, Tokens.of(doc))
        names = doc._.entities
        assert [(names[s.holder].name, s.stance.value, names[s.target].name) for s in stances] == expected
        assert all(stance.score == scores.VERB_BETWEEN for stance in stances)


def test_stance_shown_by_an_act_is_not_repeated(nlp: Language) -> None:
    with nlp.memory_zone():
        doc = nlp("Mr. Kofi Mensah denounced Tarva Bank.")
        assert [(s.stance.value, s.attribution) for s in doc._.stances] == [("oppose", 0)]
