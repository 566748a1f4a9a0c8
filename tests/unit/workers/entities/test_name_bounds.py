"""The bounds of persons' and bodies' names, corrected from spans as the model gives them."""

from __future__ import annotations

import pytest
from spacy.language import Language

from services.contracts import EntityType
from workers.doc.tokens import Offsets, Tokens
from workers.entities.name_bounds import FoundName, NameBounds

PERSON, ORGANIZATION, LOCATION = EntityType.PERSON, EntityType.ORGANIZATION, EntityType.LOCATION
MISC, DATE = EntityType.MISC, EntityType.DATE


def corrected(nlp: Language, text: str, *given: tuple[str, EntityType]) -> list[tuple[str, EntityType]]:
    with nlp.memory_zone():
        doc = nlp.make_doc(text)
        offsets = Offsets(doc)
        names = []
        for origin, (name, entity_type) in enumerate(given):
            start = text.index(name)
            names.append(FoundName(*offsets.span(start, start + len(name)), entity_type, origin))
        return [(doc[name.start : name.end].text, name.type) for name in NameBounds(Tokens.of(doc)).correct(names)]


@pytest.mark.parametrize(
    ("text", "given", "expected"),
    [
        ("Sen. Olga Trent (D-Utah) spoke.", "Sen. Olga Trent (D-Utah", "Olga Trent"),
        ("Rep. Olga Trent, R-Iowa, spoke.", "Rep. Olga Trent, R-Iowa", "Olga Trent"),
        ("Mara Reeve KC spoke.", "Mara Reeve KC", "Mara Reeve"),
        ("Mara Reeve, QC, spoke.", "Mara Reeve, QC", "Mara Reeve"),
        ("Tom Adler MP spoke.", "Tom Adler MP", "Tom Adler"),
        ("PCSO Lingfield waved.", "PCSO Lingfield", "Lingfield"),
        ("DCI Lingfield waved.", "DCI Lingfield", "Lingfield"),
        ("Dame Katherine left.", "Dame Katherine", "Katherine"),
        ("Mr. Odell left.", "Mr. Odell", "Odell"),
        ("Secretary Odell left.", "Secretary Odell", "Odell"),
        ("Sens. Odell left.", "Sens. Odell", "Odell"),
        ("Sheikh Omar bin Rashid al-Nouri left.", "Sheikh Omar bin Rashid al-Nouri", "Omar bin Rashid al-Nouri"),
        ("Odell’s aide left.", "Odell’s", "Odell"),
        ("“Odell left.", "“Odell", "Odell"),
    ],
)
def test_persons_name_has_no_title_party_or_letters(nlp: Language, text: str, given: str, expected: str) -> None:
    assert corrected(nlp, text, (given, PERSON)) == [(expected, PERSON)]


@pytest.mark.parametrize(
    ("text", "given", "expected"),
    [
        ("Van den Bosch left.", "Bosch", "Van den Bosch"),
        ("De Wit left.", "Wit", "De Wit"),
        ("Head of Wit left.", "Wit", "Wit"),
    ],
)
def test_particles_before_a_name_belong_to_it(nlp: Language, text: str, given: str, expected: str) -> None:
    assert corrected(nlp, text, (given, PERSON)) == [(expected, PERSON)]


@pytest.mark.parametrize(
    ("text", "given", "expected"),
    [
        (
            "Texas Gov. Ray Holm left.",
            [("Texas Gov. Ray Holm", MISC)],
            [("Texas", LOCATION), ("Ray Holm", PERSON)],
        ),
        (
            "Former Ohio Sen. Ray Holm left.",
            [("Former Ohio Sen. Ray Holm", ORGANIZATION)],
            [("Ohio", LOCATION), ("Ray Holm", PERSON)],
        ),
        (
            "KNX’s Linda Holm left.",
            [("KNX’s Linda Holm", ORGANIZATION)],
            [("KNX", ORGANIZATION), ("Linda Holm", PERSON)],
        ),
        ("Ray and Linda Holm left.", [("Ray and Linda Holm", PERSON)], [("Ray", PERSON), ("Linda Holm", PERSON)]),
        ("LIMA (KNX) - Rain fell.", [("LIMA (KNX", LOCATION)], [("LIMA", LOCATION), ("KNX", ORGANIZATION)]),
        ("Jan van der Meer left.", [("Jan", PERSON), ("Meer", PERSON)], [("Jan van der Meer", PERSON)]),
        (
            "Luis “El Zorro” Prado left.",
            [("Luis", PERSON), ("El Zorro", MISC), ("Prado", PERSON)],
            [("Luis “El Zorro” Prado", PERSON)],
        ),
    ],
)
def test_spans_hold_one_whole_name(
    nlp: Language, text: str, given: list[tuple[str, EntityType]], expected: list[tuple[str, EntityType]]
) -> None:
    assert corrected(nlp, text, *given) == expected


@pytest.mark.parametrize(
    ("text", "given", "entity_type"),
    [
        ("The Justice Ministry paid.", "Justice Ministry", ORGANIZATION),
        ("The Democrat Party paid.", "Democrat Party", ORGANIZATION),
        ("Miss Harbour 2031 opened.", "Miss Harbour 2031", MISC),
        ("St Luke's Hospital opened.", "St Luke's Hospital", ORGANIZATION),
        ("Martin Luther King left.", "Martin Luther King", PERSON),
        ('Joe "Red" Quill left.', 'Joe "Red" Quill', PERSON),
    ],
)
def test_words_of_a_name_that_look_like_titles_stay(
    nlp: Language, text: str, given: str, entity_type: EntityType
) -> None:
    assert corrected(nlp, text, (given, entity_type)) == [(given, entity_type)]


@pytest.mark.parametrize("text", ["Olga Trent, R-Iowa, left.", "Olga Trent (R-Iowa) left."])
@pytest.mark.parametrize("entity_type", [PERSON, EntityType.LOCATION, EntityType.ORGANIZATION])
def test_party_and_state_alone_are_no_entity(nlp: Language, text: str, entity_type: EntityType) -> None:
    assert corrected(nlp, text, ("R-Iowa", entity_type)) == []


def test_name_that_begins_like_a_party_stays(nlp: Language) -> None:
    assert corrected(nlp, "They play D-Generation live.", ("D-Generation", EntityType.MISC)) == [
        ("D-Generation", EntityType.MISC)
    ]
