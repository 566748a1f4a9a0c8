from __future__ import annotations

import pytest
from spacy.language import Language
from spacy.tokens import Doc, Span

from workers.english.name_forms import acronyms, normalize_name


def joined_names(nlp: Language, text: str, names: dict[str, str]) -> list[list[str]]:
    """Return the mentions of each entity, given the ``names`` (text -> type) that the entity component found."""
    with nlp.memory_zone():
        doc = nlp.make_doc(text)
        doc.ents = tuple(_find_names(doc, names))
        doc = nlp.get_pipe("stancewire_aliases")(doc)
        groups: dict[str, list[str]] = {}
        for span in doc.spans["mentions"]:
            groups.setdefault(span.id_, []).append(span.text)
    return list(groups.values())


def _find_names(doc: Doc, names: dict[str, str]) -> list[Span]:
    """Return the spans of the names in the document, the longest first."""
    spans: list[Span] = []
    for i in range(len(doc)):
        if spans and i < spans[-1].end:
            continue
        for name in sorted(names, key=len, reverse=True):
            span = doc.char_span(doc[i].idx, doc[i].idx + len(name), label=names[name])
            if span is not None and span.text == name:
                spans.append(span)
                break
    return spans


@pytest.mark.parametrize(
    ("text", "names", "expected"),
    [
        (
            "Ama Osei spoke. Osei left. Mrs. Osei is back, and Osei’s aide too.",
            {"Ama Osei": "PERSON", "Osei": "PERSON"},
            [["Ama Osei", "Osei", "Osei", "Osei"]],
        ),
        (
            "Lucía Peñá met Lucia Pena. Peña smiled.",
            {"Lucía Peñá": "PERSON", "Lucia Pena": "PERSON", "Peña": "PERSON"},
            [["Lucía Peñá", "Lucia Pena", "Peña"]],
        ),
        (
            "Jan Maria Novak is ill. Jan Novak rests.",
            {"Jan Maria Novak": "PERSON", "Jan Novak": "PERSON"},
            [["Jan Maria Novak", "Jan Novak"]],
        ),
        ("Osei quits. Works Minister Ama Osei left.", {"Ama Osei": "PERSON", "Osei": "PERSON"}, [["Osei", "Ama Osei"]]),
        ("Xu Meiling came. Xu spoke.", {"Xu Meiling": "PERSON", "Xu": "PERSON"}, [["Xu Meiling", "Xu"]]),
        (
            "Peter Orlow won. Orlow thanked his wife, Anna Orlow. Then Orlow went home.",
            {"Peter Orlow": "PERSON", "Anna Orlow": "PERSON", "Orlow": "PERSON"},
            [["Peter Orlow", "Orlow", "Orlow"], ["Anna Orlow"]],
        ),
        (
            "Peter Orlow and Anna Orlow won. Mrs. Orlow was glad. Mr. Orlow was not.",
            {"Peter Orlow": "PERSON", "Anna Orlow": "PERSON", "Orlow": "PERSON"},
            [["Peter Orlow", "Orlow"], ["Anna Orlow", "Orlow"]],
        ),
        (
            "The River Basin Council met. The RBC agreed.",
            {"River Basin Council": "ORGANIZATION", "RBC": "ORGANIZATION"},
            [["River Basin Council", "RBC"]],
        ),
        (
            "The RBC met. The River Basin Council agreed.",
            {"River Basin Council": "ORGANIZATION", "RBC": "ORGANIZATION"},
            [["RBC", "River Basin Council"]],
        ),
        (
            "The Water and Soil Fund (WASOF) paid. WASOF is new.",
            {"Water and Soil Fund": "ORGANIZATION", "WASOF": "ORGANIZATION"},
            [["Water and Soil Fund", "WASOF", "WASOF"]],
        ),
        (
            "Tarva Bank grew. Tarva pays.",
            {"Tarva Bank": "ORGANIZATION", "Tarva": "ORGANIZATION"},
            [["Tarva Bank", "Tarva"]],
        ),
        (
            "Tarva Bank sued Tarva Mills. Tarva won.",
            {"Tarva Bank": "ORGANIZATION", "Tarva Mills": "ORGANIZATION", "Tarva": "ORGANIZATION"},
            [["Tarva Bank"], ["Tarva Mills"], ["Tarva"]],
        ),
        (
            "The US voted. The United States paid. America left.",
            {"US": "LOCATION", "United States": "LOCATION", "America": "LOCATION"},
            [["US", "United States", "America"]],
        ),
        (
            "Quill spoke. Quill left. Quill, they say, is rich.",
            {"Quill": "PERSON"},
            [["Quill", "Quill", "Quill"]],
        ),
    ],
)
def test_names_of_one_entity_are_joined(
    nlp: Language, text: str, names: dict[str, str], expected: list[list[str]]
) -> None:
    assert joined_names(nlp, text, names) == expected


def test_name_gets_its_most_frequent_type(nlp: Language) -> None:
    with nlp.memory_zone():
        doc = nlp.make_doc("Quill spoke. Quill left. Quill is rich.")
        doc.ents = tuple(
            Span(doc, i, i + 1, label=label) for i, label in ((0, "ORGANIZATION"), (3, "PERSON"), (6, "PERSON"))
        )
        doc = nlp.get_pipe("stancewire_aliases")(doc)
        assert [(span.id_, span.label_) for span in doc.spans["mentions"]] == [("0", "PERSON")] * 3


def test_place_and_person_with_the_same_name_stay_separate(nlp: Language) -> None:
    with nlp.memory_zone():
        doc = nlp.make_doc("Paris spoke in Paris.")
        doc.ents = (Span(doc, 0, 1, label="PERSON"), Span(doc, 3, 4, label="LOCATION"))
        doc = nlp.get_pipe("stancewire_aliases")(doc)
        assert [span.label_ for span in doc.spans["mentions"]] == ["PERSON", "LOCATION"]
        assert len(doc._.entities) == 2


@pytest.mark.parametrize(
    ("name", "normalised"),
    [
        ("The Tarva Bank", "tarva bank"),
        ("Bjørn Łuków’s", "bjorn lukow"),
        ("President Ana Ruíz", "ana ruiz"),
        ("The", "the"),
    ],
)
def test_names_are_normalised(name: str, normalised: str) -> None:
    assert normalize_name(name) == normalised


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("UN Water Panel", ["UNWP"]),
        ("Office of Rivers", ["OR", "OOR"]),
        ("Tarva", []),
    ],
)
def test_acronyms_with_and_without_short_words(name: str, expected: list[str]) -> None:
    assert acronyms(name) == expected
