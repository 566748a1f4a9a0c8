from __future__ import annotations

import pytest
from spacy.language import Language


@pytest.mark.parametrize(
    ("text", "entities"),
    [
        ("They met President Kofi Mensah again.", [("Kofi Mensah", "PERSON")]),
        ("They met Ghanaian President Kofi Mensah.", [("Ghanaian", "NORP"), ("Kofi Mensah", "PERSON")]),
        ("They flew to Ghana and Ukraine.", [("Ghana", "LOCATION"), ("Ukraine", "LOCATION")]),
        ("They left the United States.", [("United States", "LOCATION")]),
        ("They asked the Ministry of Public Works.", [("Ministry of Public Works", "ORGANIZATION")]),
        ("They sued Tarva Bank.", [("Tarva Bank", "ORGANIZATION")]),
        ("They closed Tema Airport.", [("Tema Airport", "FACILITY")]),
        ("They sailed past Tarva Island.", [("Tarva Island", "LOCATION")]),
        ("They signed the Tarva Treaty.", [("Tarva Treaty", "MISC")]),
        ("They asked NATO.", [("NATO", "ORGANIZATION")]),
        ("They left on Monday.", [("Monday", "DATE")]),
        ("They left on 3 May 2021.", [("3 May 2021", "DATE")]),
        ("They left on May 3, 2021.", [("May 3, 2021", "DATE")]),
        ("They left in the 1990s.", [("1990s", "DATE")]),
        ("They may march on.", []),
        ("They paid $2.5 million.", [("$2.5 million", "MONEY")]),
        ("They paid 300 euros.", [("300 euros", "MONEY")]),
        ("They paid US$5 billion.", [("US$5 billion", "MONEY")]),
        ("However, they left.", []),
        ("Protesters came. The protesters stayed.", []),
    ],
)
def test_rules_find_entities(nlp: Language, text: str, entities: list[tuple[str, str]]) -> None:
    with nlp.memory_zone():
        assert [(ent.text, ent.label_) for ent in nlp(text).ents] == entities


def test_surname_is_a_person_if_the_full_name_is_in_the_text(nlp: Language) -> None:
    with nlp.memory_zone():
        doc = nlp("President Kofi Mensah left. Later Mensah came back.")
        assert [(ent.text, ent.label_) for ent in doc.ents] == [("Kofi Mensah", "PERSON"), ("Mensah", "PERSON")]


@pytest.mark.parametrize(
    ("text", "name", "mentions"),
    [
        ("President Kofi Mensah left. Mensah came back.", "Kofi Mensah", ["Kofi Mensah", "Mensah"]),
        ("They left the United States. The US waited.", "United States", ["United States", "US"]),
        (
            "They asked the UN Security Council. The UNSC waited.",
            "UN Security Council",
            ["UN Security Council", "UNSC"],
        ),
        (
            "They asked the Tarva Harbour Authority (THA) again. The THA waited.",
            "Tarva Harbour Authority",
            ["Tarva Harbour Authority", "THA", "THA"],
        ),
    ],
)
def test_aliases_become_mentions_of_one_entity(nlp: Language, text: str, name: str, mentions: list[str]) -> None:
    with nlp.memory_zone():
        doc = nlp(text)
        key = next(entity.key for entity in doc._.entities if entity.name == name)
        assert [span.text for span in doc.spans["mentions"] if span.id_ == str(key)] == mentions


@pytest.mark.parametrize(
    ("text", "roles"),
    [
        ("They met Works Minister Ama Osei.", ("Minister",)),
        ("They met Foreign Minister Ama Osei.", ("Foreign Minister",)),
        ("Ama Osei, the mayor of Tarva, left.", ("mayor of Tarva",)),
        ("Ama Osei left.", ()),
    ],
)
def test_roles_are_read_from_titles_and_appositions(nlp: Language, text: str, roles: tuple[str, ...]) -> None:
    with nlp.memory_zone():
        assert next(entity.roles for entity in nlp(text)._.entities if entity.name == "Ama Osei") == roles
