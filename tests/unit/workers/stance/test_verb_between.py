from __future__ import annotations

import pytest
from spacy.language import Language

from workers.pipeline.components import STAGES, build_nlp
from workers.stance import scores
from workers.stance.verb_between import by_verb


@pytest.fixture(scope="module")
def nlp() -> Language:
    return build_nlp(STAGES["rules"])


@pytest.mark.parametrize(
    ("text", "taken"),
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
def test_who_takes_a_side_by_a_verb(nlp: Language, text: str, taken: list[tuple[str, str, str]]) -> None:
    with nlp.memory_zone():
        doc = nlp(text)
        found = by_verb(doc)
        names = doc._.entities
        assert [(names[one.holder].name, one.stance.value, names[one.target].name) for one in found] == taken
        assert all(one.score == scores.ADJACENT for one in found)


def test_what_an_act_has_shown_is_not_told_twice(nlp: Language) -> None:
    with nlp.memory_zone():
        doc = nlp("Mr. Kofi Mensah denounced Tarva Bank.")
        assert [(one.stance.value, one.statement) for one in doc._.stances] == [("oppose", 0)]
