from __future__ import annotations

import pytest
from spacy.language import Language
from spacy.tokens import Doc, Span

from workers.english.name_forms import acronyms, plain_name


def joined(nlp: Language, text: str, names: dict[str, str]) -> list[list[str]]:
    """The mentions of each entity where the entity stage finds ``names`` (text to label) and nothing else."""
    with nlp.memory_zone():
        doc = nlp.make_doc(text)
        doc.ents = tuple(_found(doc, names))
        doc = nlp.get_pipe("stancewire_aliases")(doc)
        groups: dict[str, list[str]] = {}
        for span in doc.spans["mentions"]:
            groups.setdefault(span.id_, []).append(span.text)
    return list(groups.values())


def _found(doc: Doc, names: dict[str, str]) -> list[Span]:
    found: list[Span] = []
    for i in range(len(doc)):
        if found and i < found[-1].end:
            continue
        for name in sorted(names, key=len, reverse=True):
            span = doc.char_span(doc[i].idx, doc[i].idx + len(name), label=names[name])
            if span is not None and span.text == name:
                found.append(span)
                break
    return found


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
def test_names_of_one_come_back_as_one(
    nlp: Language, text: str, names: dict[str, str], expected: list[list[str]]
) -> None:
    assert joined(nlp, text, names) == expected


def test_a_name_has_one_type_in_an_article(nlp: Language) -> None:
    with nlp.memory_zone():
        doc = nlp.make_doc("Quill spoke. Quill left. Quill is rich.")
        doc.ents = tuple(
            Span(doc, i, i + 1, label=label) for i, label in ((0, "ORGANIZATION"), (3, "PERSON"), (6, "PERSON"))
        )
        doc = nlp.get_pipe("stancewire_aliases")(doc)
        assert [(span.id_, span.label_) for span in doc.spans["mentions"]] == [("0", "PERSON")] * 3


def test_a_place_and_a_person_of_one_name_stay_two(nlp: Language) -> None:
    with nlp.memory_zone():
        doc = nlp.make_doc("Paris spoke in Paris.")
        doc.ents = (Span(doc, 0, 1, label="PERSON"), Span(doc, 3, 4, label="LOCATION"))
        doc = nlp.get_pipe("stancewire_aliases")(doc)
        assert [span.label_ for span in doc.spans["mentions"]] == ["PERSON", "LOCATION"]
        assert len(doc._.entities) == 2


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("The Tarva Bank", "tarva bank"),
        ("Bjørn Łuków’s", "bjorn lukow"),
        ("President Ana Ruíz", "ana ruiz"),
        ("The", "the"),
    ],
)
def test_spellings_of_one_name_are_equal(name: str, plain: str) -> None:
    assert plain_name(name) == plain


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("UN Water Panel", ["UNWP"]),
        ("Office of Rivers", ["OR", "OOR"]),
        ("Tarva", []),
    ],
)
def test_initials_count_small_words_or_leave_them_out(name: str, short: list[str]) -> None:
    assert acronyms(name) == short
