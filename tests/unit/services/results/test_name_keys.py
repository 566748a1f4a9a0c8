from __future__ import annotations

import pytest

from services.contracts import Entity, EntityType, Mention, MentionForm
from services.results.name_keys import (
    KEY_MAX,
    KEYS_MAX,
    beginnings_of_entity,
    keys_of_entity,
    keys_of_question,
    normalise,
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Sergey  LAVROV", "sergey lavrov"),
        ("José Ramírez", "jose ramirez"),
        ("Lech Wałęsa", "lech walesa"),
        ("Lavrov's", "lavrov"),
        ("Lavrov’s", "lavrov"),
        ("the Greens’ plan", "greens plan"),
        ("O’Brien", "obrien"),
        ("McDonald's", "mcdonald"),
        ("The U.S.", "us"),
        ("J.P. Morgan", "jp morgan"),
        ("Abdel-Fattah el-Sisi", "abdel fattah el sisi"),
        ("Marks & Spencer", "marks and spencer"),
        ("The", "the"),
        ("北京", "北京"),
        ("…", ""),
        ("_", ""),
    ],
)
def test_names_are_compared_without_what_varies(name: str, expected: str) -> None:
    assert normalise(name) == expected
    assert normalise(normalise(name)) == expected


def test_a_key_has_an_end() -> None:
    assert len(normalise("x" * 10_000)) == KEY_MAX


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Lavrov", ("lavrov",)),
        ("Mr. Lavrov", ("mr lavrov", "lavrov")),
        ("Russian Foreign Minister Sergey Lavrov", ("russian foreign minister sergey lavrov",)),
        ("Foreign Minister Sergey Lavrov", ("foreign minister sergey lavrov", "sergey lavrov")),
        ("Secretary of State Antony Blinken", ("secretary of state antony blinken", "antony blinken")),
        ("Prince Harry", ("prince harry",)),
        ("State Street", ("state street",)),
        ("President", ("president",)),
        ("!", ()),
    ],
)
def test_a_question_may_carry_a_title(name: str, expected: tuple[str, ...]) -> None:
    assert keys_of_question(name) == expected


def entity(kind: EntityType, *names: str) -> tuple[Entity, str]:
    text = " ".join(names) + " he"
    at = 0
    mentions = []
    for name in names:
        mentions.append(Mention(start=at, end=at + len(name), form=MentionForm.NAME))
        at += len(name) + 1
    mentions.append(Mention(start=at, end=at + 2, form=MentionForm.PRONOUN))
    return Entity(id="e1", name=names[0], type=kind, score=1, mentions=tuple(mentions)), text


def test_a_person_is_found_by_surname_and_by_first_and_last_name() -> None:
    assert keys_of_entity(*entity(EntityType.PERSON, "Ursula von der Leyen")) == [
        *("der leyen", "leyen", "ursula leyen", "ursula von der leyen", "von der leyen")
    ]
    assert keys_of_entity(*entity(EntityType.PERSON, "Sergey Viktorovich Lavrov", "Sergey")) == [
        *("lavrov", "sergey", "sergey lavrov", "sergey viktorovich lavrov", "viktorovich lavrov")
    ]
    assert keys_of_entity(*entity(EntityType.PERSON, "Sam Hill Jr.")) == ["hill", "sam hill", "sam hill jr"]


def test_all_else_is_found_by_its_names_alone() -> None:
    assert keys_of_entity(*entity(EntityType.ORGANIZATION, "Bank of England", "the Bank", "BoE")) == [
        *("bank", "bank of england", "boe")
    ]


def test_a_hostile_article_cannot_flood_the_index() -> None:
    assert len(keys_of_entity(*entity(EntityType.ORGANIZATION, *(f"name{n}" for n in range(500))))) == KEYS_MAX
    many = " ".join(f"name{n}" for n in range(100))
    assert len(keys_of_entity(*entity(EntityType.PERSON, many))) == 1


@pytest.mark.parametrize(
    ("kind", "names", "expected"),
    [
        (EntityType.ORGANIZATION, ["norvane energy"], ["norvane"]),
        (EntityType.ORGANIZATION, ["norvane", "norvane energy group"], ["norvane energy"]),
        (EntityType.ORGANIZATION, ["bank of england"], ["bank"]),
        (EntityType.ORGANIZATION, ["a b"], []),
        (EntityType.LOCATION, ["south china sea"], []),
        (EntityType.PERSON, ["ida berg"], []),
    ],
)
def test_body_is_found_under_the_words_that_its_name_begins_with(
    kind: EntityType, names: list[str], expected: list[str]
) -> None:
    assert beginnings_of_entity(entity(kind, "x")[0], names) == expected
