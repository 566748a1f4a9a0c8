from __future__ import annotations

import pytest
from spacy.language import Language

from workers.doc.records import EntityRecord
from workers.pipeline.components import COMPONENTS, build_nlp


@pytest.fixture(scope="module")
def trained() -> Language:
    return build_nlp(COMPONENTS["trained"])


def entity(trained: Language, text: str, name: str) -> tuple[EntityRecord, list[str]]:
    """Return the entity with the name, and its mentions."""
    doc = trained(text)
    record = next(record for record in doc._.entities if record.name == name)
    return record, [span.text for span in doc.spans["mentions"] if int(span.id_) == record.key]


@pytest.mark.parametrize(
    ("text", "name", "description"),
    [
        ("Lena Roth, the mayor of Ostby, opened the bridge.", "Lena Roth", "the mayor of Ostby"),
        ("Lena Roth, 41, a retired nurse, opened the bridge.", "Lena Roth", "a retired nurse"),
        ("“The dam will hold,” said her deputy, Ivo Marsh.", "Ivo Marsh", "her deputy"),
        ("Velton's founder, Ivo Marsh, has left.", "Ivo Marsh", "Velton's founder"),
        ("Lena Roth was a nurse and singer before the war.", "Lena Roth", "a nurse and singer"),
    ],
    ids=["after the name", "after the age", "before the name", "with an owner", "predicate"],
)
def test_a_description_next_to_a_name_is_a_mention_of_its_entity(
    trained: Language, text: str, name: str, description: str
) -> None:
    assert description in entity(trained, text, name)[1]


@pytest.mark.parametrize(
    ("text", "name", "description"),
    [
        (
            "Tariq Osei, 34, was jailed on Friday. The 34-year-old smiled. Osei denied theft.",
            "Tariq Osei",
            "The 34-year-old",
        ),
        (
            "Harbour Pension Fund sold its shares. The fund declined to comment.",
            "Harbour Pension Fund",
            "The fund",
        ),
        (
            "Prime minister resigns\n\nPrime minister Elin Strand resigned on Monday. Strand was tired.",
            "Elin Strand",
            "Prime minister",
        ),
        (
            "MP Ada Quill blasted the ruling. The Tory tweeted that it was wrong.",
            "Ada Quill",
            "The Tory",
        ),
        (
            "A bus driver stole fuel for years, a court heard.\n\nOmar Vale, 51, was jailed on Friday.",
            "Omar Vale",
            "A bus driver",
        ),
        (
            "Ada Quill on her new song\n\nThe singer speaks of fame.\n\nQuill is tired.",
            "Ada Quill",
            "The singer",
        ),
        (
            "Omar Vale denies two counts of theft. The court heard that the defendant wept.",
            "Omar Vale",
            "the defendant",
        ),
        (
            "Omar Vale denies two counts of theft. Defending, Lena Roth said her client was ill.",
            "Omar Vale",
            "her client",
        ),
    ],
    ids=["age", "head of a name", "title alone", "party", "lead", "headline", "defendant", "client"],
)
def test_a_description_of_which_the_article_names_one_bearer_refers_to_it(
    trained: Language, text: str, name: str, description: str
) -> None:
    assert description in entity(trained, text, name)[1]


@pytest.mark.parametrize(
    ("text", "name", "description"),
    [
        ("After meeting the mayor, Lena Roth, 41, left for Ostby.", "Lena Roth", "the mayor"),
        ("Farmers' leader Omar Vale met the press. Vale's lawyer smiled.", "Omar Vale", "Vale's lawyer"),
        ("They blamed the mayor, the bishop, Lena Roth, and the weather.", "Lena Roth", "the bishop"),
    ],
    ids=["end of an opening clause", "named by the owner", "one of a list"],
)
def test_a_description_of_somebody_else_beside_a_name_is_no_mention_of_it(
    trained: Language, text: str, name: str, description: str
) -> None:
    assert description not in entity(trained, text, name)[1]


def test_what_stands_before_or_beside_a_name_is_a_role_in_full(trained: Language) -> None:
    record, _ = entity(trained, "Rail union boss Omar Vale, a former guard, spoke on Monday.", "Omar Vale")

    assert set(record.roles) == {"Rail union boss", "former guard"}


def test_a_predicate_is_no_role_because_it_may_be_an_opinion(trained: Language) -> None:
    record, mentions = entity(trained, "“Omar Vale is a coward and a liar,” she wrote.", "Omar Vale")

    assert "coward" not in " ".join(record.roles)
    assert mentions[0] == "Omar Vale"


def test_two_bearers_of_a_title_leave_the_title_alone_in_a_headline_open(trained: Language) -> None:
    text = "Senator resigns\n\nSenator Ada Quill criticised Senator Omar Vale on Monday."

    assert "Senator" not in entity(trained, text, "Ada Quill")[1]
    assert "Senator" not in entity(trained, text, "Omar Vale")[1]


def test_a_speaker_without_a_name_is_an_entity_once_a_pronoun_refers_to_it(trained: Language) -> None:
    text = (
        "Lena Roth resigned as mayor. A spokesman for the port said she had been asked to go. “We are sorry,” he added."
    )
    doc = trained(text)
    name = "A spokesman for the port"

    assert name in [record.name for record in doc._.entities]
    key = next(record.key for record in doc._.entities if record.name == name)
    assert [record.speaker for record in doc._.attributions] == [key, key]


def test_a_speaker_without_a_name_that_nothing_refers_to_is_not_an_entity(trained: Language) -> None:
    doc = trained("A spokesman for the port said the dam was safe.")

    assert not [record.name for record in doc._.entities if "spokesman" in record.name]
    assert [record.speaker for record in doc._.attributions] == [None]


def test_a_description_that_goes_on_to_its_verb_is_not_a_role_of_the_name_before_it(trained: Language) -> None:
    record, _ = entity(trained, "The plan was drawn up by Lena Roth, the bishop said.", "Lena Roth")

    assert record.roles == ()
