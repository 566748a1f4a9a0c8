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
        (
            "Robert and Helen Hale moved. Mr Hale spoke. Mrs Hale agreed. Robert left.",
            {"Robert": "PERSON", "Helen Hale": "PERSON", "Hale": "PERSON"},
            [["Robert", "Hale", "Robert"], ["Helen Hale", "Hale"]],
        ),
        (
            "Holt and Helen Hale moved. Ray Holt spoke.",
            {"Holt": "PERSON", "Helen Hale": "PERSON", "Ray Holt": "PERSON"},
            [["Holt", "Ray Holt"], ["Helen Hale"]],
        ),
        (
            "Katja Winter quit. Her brother, trade minister Paul Winter, stayed. Mr Winter spoke. Ms Winter left.",
            {"Katja Winter": "PERSON", "Paul Winter": "PERSON", "Winter": "PERSON"},
            [["Katja Winter", "Winter"], ["Paul Winter", "Winter"]],
        ),
        (
            "Quenna Winter quit. Her brother, Zarel Winter, stayed. Ms Winter spoke. Mr Winter left.",
            {"Quenna Winter": "PERSON", "Zarel Winter": "PERSON", "Winter": "PERSON"},
            [["Quenna Winter", "Winter"], ["Zarel Winter", "Winter"]],
        ),
        ("Mr Winter came. Ms Winter left.", {"Winter": "PERSON"}, [["Winter"], ["Winter"]]),
        (
            "Kovacs Ilona won. Ilona smiled. Ilona Kovacs left.",
            {"Kovacs Ilona": "PERSON", "Ilona Kovacs": "PERSON", "Ilona": "PERSON"},
            [["Kovacs Ilona", "Ilona", "Ilona Kovacs"]],
        ),
        (
            "Ana del Pilar Soto Vega came. Soto Vega spoke. Soto left. Ana Soto is back.",
            {"Ana del Pilar Soto Vega": "PERSON", "Soto Vega": "PERSON", "Soto": "PERSON", "Ana Soto": "PERSON"},
            [["Ana del Pilar Soto Vega", "Soto Vega", "Soto", "Ana Soto"]],
        ),
        (
            "Luis “El Zorro” Prado fled. El Zorro hid. Luis Prado is gone.",
            {"Luis “El Zorro” Prado": "PERSON", "El Zorro": "MISC", "Luis Prado": "PERSON"},
            [["Luis “El Zorro” Prado", "El Zorro", "Luis Prado"]],
        ),
        (
            "Greta H. Dahl met Greta K. Dahl.",
            {"Greta H. Dahl": "PERSON", "Greta K. Dahl": "PERSON"},
            [["Greta H. Dahl"], ["Greta K. Dahl"]],
        ),
        ("G. Dahl wrote. Greta Dahl sang.", {"G. Dahl": "PERSON", "Greta Dahl": "PERSON"}, [["G. Dahl", "Greta Dahl"]]),
        (
            "Omar al-Nouri came. Al-Nouri spoke. Nouri left.",
            {"Omar al-Nouri": "PERSON", "Al-Nouri": "PERSON", "Nouri": "PERSON"},
            [["Omar al-Nouri", "Al-Nouri", "Nouri"]],
        ),
        (
            "Jan van der Meer came. Van der Meer spoke.",
            {"Jan van der Meer": "PERSON", "Van der Meer": "PERSON"},
            [["Jan van der Meer", "Van der Meer"]],
        ),
        (
            "Eva Lind-Berg came. LIND-BERG SPOKE.",
            {"Eva Lind-Berg": "PERSON", "LIND-BERG": "PERSON"},
            [["Eva Lind-Berg", "LIND-BERG"]],
        ),
        (
            "Coastal Rescue Society grew. The Rescue Society paid.",
            {"Coastal Rescue Society": "ORGANIZATION", "Rescue Society": "ORGANIZATION"},
            [["Coastal Rescue Society", "Rescue Society"]],
        ),
        (
            "The Ministry of Tides met. The Ministry agreed. The Tides Ministry paid.",
            {"Ministry of Tides": "ORGANIZATION", "Ministry": "ORGANIZATION", "Tides Ministry": "ORGANIZATION"},
            [["Ministry of Tides", "Ministry", "Tides Ministry"]],
        ),
        (
            "The Ministry of Tides sued the Ministry of Sand. The Ministry won.",
            {"Ministry of Tides": "ORGANIZATION", "Ministry of Sand": "ORGANIZATION", "Ministry": "ORGANIZATION"},
            [["Ministry of Tides"], ["Ministry of Sand"], ["Ministry"]],
        ),
        (
            "Teledata of Mirona (Telmir) grew. Telmir paid.",
            {"Teledata of Mirona": "ORGANIZATION", "Telmir": "ORGANIZATION"},
            [["Teledata of Mirona", "Telmir", "Telmir"]],
        ),
        (
            "The National Reef Office (Ofiref) paid. Ofiref is new.",
            {"National Reef Office": "ORGANIZATION", "Ofiref": "ORGANIZATION"},
            [["National Reef Office", "Ofiref", "Ofiref"]],
        ),
        (
            "MRC grew. Mirona Reef Limited (MRC) paid.",
            {"MRC": "ORGANIZATION", "Mirona Reef Limited": "ORGANIZATION"},
            [["MRC", "Mirona Reef Limited", "MRC"]],
        ),
        (
            "The Tarva Institute of Science grew. TISc paid.",
            {"Tarva Institute of Science": "ORGANIZATION", "TISc": "ORGANIZATION"},
            [["Tarva Institute of Science", "TISc"]],
        ),
        (
            "Mirona Parliament met. The Counsel of the Mirona Parliament left.",
            {"Mirona Parliament": "ORGANIZATION", "Counsel of the Mirona Parliament": "ORGANIZATION"},
            [["Mirona Parliament"], ["Counsel of the Mirona Parliament"]],
        ),
        (
            "Tarva Athletics met. The Tarva Athletics Council left.",
            {"Tarva Athletics": "ORGANIZATION", "Tarva Athletics Council": "ORGANIZATION"},
            [["Tarva Athletics"], ["Tarva Athletics Council"]],
        ),
        ("KNX met KNX Films.", {"KNX": "ORGANIZATION", "KNX Films": "ORGANIZATION"}, [["KNX"], ["KNX Films"]]),
        (
            "The Kremlin spoke. Moscow said no. Russia paid.",
            {"Kremlin": "ORGANIZATION", "Moscow": "LOCATION", "Russia": "LOCATION"},
            [["Kremlin", "Moscow", "Russia"]],
        ),
        (
            "Moscow said no. He was born in Moscow. Russia paid.",
            {"Moscow": "LOCATION", "Russia": "LOCATION"},
            [["Moscow", "Moscow"], ["Russia"]],
        ),
        (
            "Downing Street spoke. No 10 said no.",
            {"Downing Street": "ORGANIZATION", "No 10": "ORGANIZATION"},
            [["Downing Street", "No 10"]],
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
    ("text", "names", "label"),
    [
        ("Ida Quill spoke. Quill left.", {"Ida Quill": "PERSON", "Quill": "MISC"}, "PERSON"),
        ("Ida Quill spoke. Quill left.", {"Ida Quill": "PERSON", "Quill": "LOCATION"}, "PERSON"),
        ("Quill spoke. Anna Quill left.", {"Quill": "PERSON", "Anna Quill": "ORGANIZATION"}, "PERSON"),
        ("Republicans met.", {"Republicans": "PERSON"}, "NORP"),
        (
            "The US paid. The United States left. America won.",
            {"US": "ORGANIZATION", "United States": "LOCATION", "America": "LOCATION"},
            "LOCATION",
        ),
    ],
)
def test_entity_has_one_type(nlp: Language, text: str, names: dict[str, str], label: str) -> None:
    with nlp.memory_zone():
        doc = nlp.make_doc(text)
        doc.ents = tuple(_find_names(doc, names))
        doc = nlp.get_pipe("stancewire_aliases")(doc)
        assert {span.label_ for span in doc.spans["mentions"]} == {label}
        assert [entity.type for entity in doc._.entities] == [label]


def test_partner_is_shown_with_the_family_name(nlp: Language) -> None:
    with nlp.memory_zone():
        doc = nlp.make_doc("Robert and Helen Hale moved.")
        doc.ents = tuple(_find_names(doc, {"Robert": "PERSON", "Helen Hale": "PERSON"}))
        doc = nlp.get_pipe("stancewire_aliases")(doc)
        assert [entity.name for entity in doc._.entities] == ["Robert Hale", "Helen Hale"]


@pytest.mark.parametrize(
    ("name", "normalised"),
    [
        ("The Tarva Bank", "tarva bank"),
        ("Bjørn Łuków’s", "bjorn lukow"),
        ("President Ana Ruíz", "ana ruiz"),
        ("The", "the"),
        ("Department of Tides", "tides department"),
        ("Kingdom of Norway", "norway"),
        ("NY Daily Post", "new york daily post"),
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
