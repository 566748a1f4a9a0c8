"""Names that the model has found once and missed elsewhere."""

from __future__ import annotations

import pytest
from spacy.language import Language

from services.contracts import EntityType
from workers.doc.tokens import Tokens
from workers.entities.capital_evidence import name_words
from workers.entities.name_bounds import FoundName
from workers.entities.repeated_names import RepeatedNames

PERSON, ORGANIZATION = EntityType.PERSON, EntityType.ORGANIZATION


def completed(nlp: Language, text: str, *given: tuple[int, int, EntityType]) -> list[tuple[str, EntityType]]:
    with nlp.memory_zone():
        doc = nlp.make_doc(text)
        for name in ("stancewire_paragraphs", "stancewire_sentences"):
            doc = nlp.get_pipe(name)(doc)
        names = [FoundName(start, end, kind, origin) for origin, (start, end, kind) in enumerate(given)]
        return [(doc[name.start : name.end].text, name.type) for name in RepeatedNames(Tokens.of(doc)).complete(names)]


@pytest.mark.parametrize(
    ("text", "given", "expected"),
    [
        ("Ida Brandt won. They cheered Brandt.", (0, 2, PERSON), ["Ida Brandt", "Brandt"]),
        ("Ida Brandt won. They cheered Ida.", (0, 2, PERSON), ["Ida Brandt", "Ida"]),
        ("Ida Brandt won. Brandt's aide left.", (0, 2, PERSON), ["Ida Brandt", "Brandt"]),
        ("Ida Cook won. The cook left. Cook said no.", (0, 2, PERSON), ["Ida Cook", "Cook"]),
        ("Ida Cook won. The cook left. Cook it well.", (0, 2, PERSON), ["Ida Cook"]),
        ("Ida Brandt won. They met the young Otto Brandt Lang there.", (0, 2, PERSON), ["Ida Brandt"]),
        ("Tarvo Rail paid. They sued Tarvo Rail.", (0, 2, ORGANIZATION), ["Tarvo Rail", "Tarvo Rail"]),
        ("Tarvo Rail paid. They like Rail.", (0, 2, ORGANIZATION), ["Tarvo Rail"]),
    ],
)
def test_name_that_the_model_missed_is_a_mention(
    nlp: Language, text: str, given: tuple[int, int, EntityType], expected: list[str]
) -> None:
    assert [name for name, _ in completed(nlp, text, given)] == expected


def test_headline_does_not_run_into_the_name(nlp: Language) -> None:
    text = "Brandt Vows To Fight The New Tax\n\nIda Brandt spoke. Brandt left."
    given = (0, 2, PERSON), (8, 10, PERSON), (12, 13, PERSON)
    assert [name for name, _ in completed(nlp, text, *given)] == ["Brandt", "Ida Brandt", "Brandt"]


def test_headline_with_two_persons_is_split(nlp: Language) -> None:
    text = "Ida Brandt Burns Otto Lang\n\nIda Brandt spoke. Lang left."
    given = (0, 5, PERSON), (6, 8, PERSON), (10, 11, PERSON)
    assert [name for name, _ in completed(nlp, text, *given)] == ["Ida Brandt", "Lang", "Ida Brandt", "Lang"]


def test_long_name_whose_parts_stand_alone_is_whole(nlp: Language) -> None:
    text = "Ana del Pilar Soto Vega spoke. Ana left. Vega stayed."
    given = (0, 5, PERSON), (7, 8, PERSON), (10, 11, PERSON)
    assert [name for name, _ in completed(nlp, text, *given)] == ["Ana del Pilar Soto Vega", "Ana", "Vega"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("They asked Brandt again.", ["Brandt"]),
        ("Brandt left. They asked Brandt again.", ["Brandt", "Brandt"]),
        ("Brandt left.", []),
        ("They gave Trust again. They had no trust.", []),
        ("They asked the Council and the Minister.", []),
        ("They asked the CEO what I want.", []),
        ("They asked Indigenous leaders.", []),
        ("They asked Republicans.", ["Republicans"]),
    ],
)
def test_spelling_shows_names(nlp: Language, text: str, names: list[str]) -> None:
    with nlp.memory_zone():
        doc = nlp.get_pipe("stancewire_sentences")(nlp.get_pipe("stancewire_paragraphs")(nlp.make_doc(text)))
        tokens = Tokens.of(doc)
        assert [word for word, is_name in zip(tokens.words, name_words(tokens), strict=True) if is_name] == names
