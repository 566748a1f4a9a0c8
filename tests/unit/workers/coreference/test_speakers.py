from __future__ import annotations

import pytest
from spacy.language import Language
from spacy.tokens import Doc

from workers.doc.records import AttributionRecord, TokenSpan


def speakers(doc: Doc) -> list[str | None]:
    entities = doc._.entities
    return [
        None if attribution.speaker is None else entities[attribution.speaker].name
        for attribution in doc._.attributions
    ]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Works Minister Ama Osei said it was safe.", ["Ama Osei"]),
        ("Mr. Kofi Mensah arrived. He said it was safe.", ["Kofi Mensah"]),
        ("Works Minister Ama Osei arrived. The minister said it was safe.", ["Ama Osei"]),
        ("Foreign Minister Ama Osei arrived. The top diplomat said it was safe.", ["Ama Osei"]),
        (
            (
                "Ghanaian President Kofi Mensah met Togolese President Yao Adjei. "
                "The Togolese president said it went well."
            ),
            ["Yao Adjei"],
        ),
        ("President Kofi Mensah said it was safe. Mensah added that it was old.", ["Kofi Mensah", "Kofi Mensah"]),
        ("Moscow said the talks were over.", ["Moscow"]),
        ("Mr. Kofi Mensah spoke. Mrs. Ama Osei listened. He said it was safe.", ["Kofi Mensah"]),
        ("Mr. Kofi Mensah spoke. Mrs. Ama Osei listened. She said it was safe.", ["Ama Osei"]),
        ("Kofi Mensah's lawyer said it was safe.", [None]),
        ("A spokesman for Kofi Mensah said it was safe.", [None]),
        ("Officials said it was safe.", [None]),
        ("He said it was safe.", [None]),
        ("The minister said it was safe.", [None]),
        ("Mrs. Ama Osei arrived. He said it was safe.", [None]),
        ("The Ministry of Works said it was safe.", ["Ministry of Works"]),
        ("“It is safe,” President Kofi Mensah said. “Come and see for yourselves.”", ["Kofi Mensah", "Kofi Mensah"]),
        (
            "The Ministry of Works said it was safe. It added that it was old.",
            ["Ministry of Works", "Ministry of Works"],
        ),
        (
            "The Ministry of Works said it was safe. They added that it was old.",
            ["Ministry of Works", "Ministry of Works"],
        ),
        ("The Ministry of Works closed the bridge. They said it was old.", [None]),
        ("President Kofi Mensah said it was safe. They added that it was old.", ["Kofi Mensah", None]),
        ("The Kremlin said the talks were over.", ["Kremlin"]),
        ("Mr. Yao Adjei, the mayor of Kumasi, left. The mayor said it was late.", ["Yao Adjei"]),
        ("The Tarva Bank met. The bank said it was safe.", ["Tarva Bank"]),
        ("The Ministry of Works met. The ministry said it was safe.", ["Ministry of Works"]),
        ("The Tarva Bank met. The other bank said it was safe.", [None]),
        ("The Tarva Bank met. The union said it was safe.", [None]),
        ("The Tarva Bank met. The company said it was safe.", ["Tarva Bank"]),
        ("The Tarva Bank met. It rained. The company said it was safe.", [None]),
        ("The Tarva Bank met Corvo Motors. The company said it was safe.", [None]),
        ("The Ministry of Works met. The company said it was safe.", [None]),
        ("According to President Kofi Mensah, it was safe. He added that it was old.", ["Kofi Mensah", "Kofi Mensah"]),
    ],
)
def test_source_is_resolved_or_left_open(nlp: Language, text: str, names: list[str | None]) -> None:
    with nlp.memory_zone():
        assert speakers(nlp(text)) == names


def test_pronouns_and_descriptions_become_mentions(nlp: Language) -> None:
    with nlp.memory_zone():
        doc = nlp("Works Minister Ama Osei arrived. The minister said that she was late.")
        forms = {span.text: str(span._.form) for span in doc.spans["mentions"]}
    assert forms == {"Ama Osei": "name", "The minister": "nominal", "she": "pronoun"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Kofi Mensah sued the Tarva Bank, and Ama Osei called the company a disgrace.", {"the company": "Tarva Bank"}),
        ("Kofi Mensah sued the Tarva Bank. Ama Osei praised the bank on Monday.", {"the bank": "Tarva Bank"}),
        ("Kofi Mensah sued the Tarva Bank. Ama Osei praised the bank's lawyers.", {"the bank": "Tarva Bank"}),
        ("Kofi Mensah sued the Tarva Bank. Ama Osei praised the bank manager.", {}),
        ("Kofi Mensah sued the Tarva Bank. Ama Osei praised the bank of Keta.", {}),
        ("Kofi Mensah sued the Tarva Bank and Corvo Motors. Ama Osei praised the company.", {}),
        (
            "Kofi Mensah sued the Tarva Bank. Corvo Motors lost. Ama Osei praised the company.",
            {"the company": "Corvo Motors"},
        ),
        ("Kofi Mensah sued the Ministry of Works. Ama Osei praised the company.", {}),
        ("Kofi Mensah sued the Tarva Bank." + " It rained." * 60 + " Ama Osei praised the bank.", {}),
        ("Ama Osei praised the company. Kofi Mensah sued the Tarva Bank.", {}),
    ],
)
def test_definite_description_is_resolved_to_an_organisation(
    nlp: Language, text: str, expected: dict[str, str]
) -> None:
    with nlp.memory_zone():
        doc = nlp(text)
        spans = [span for span in doc.spans["mentions"] if span._.form == "nominal"]
        assert {span.text: doc._.entities[int(span.id_)].name for span in spans} == expected


def test_pronouns_in_a_quotation_do_not_refer_to_its_speaker(nlp: Language) -> None:
    with nlp.memory_zone():
        doc = nlp("Mr. Yao Adjei resigned. “I told him that he was wrong,” said Mr. Kofi Mensah.")
        antecedents = {
            span.text: doc._.entities[int(span.id_)].name for span in doc.spans["mentions"] if span._.form == "pronoun"
        }
    assert antecedents == {"I": "Kofi Mensah", "him": "Yao Adjei", "he": "Yao Adjei"}


def speaker_of(nlp: Language, text: str, source: str) -> str | None:
    """Return the speaker of a source that the rules would not find."""
    stages = [component for name, component in nlp.pipeline if name != "stancewire_speakers"]
    with nlp.memory_zone():
        doc = nlp.make_doc(text)
        for component in stages:
            doc = component(doc)
        span = doc.char_span(text.index(source), text.index(source) + len(source))
        assert span is not None
        doc._.attributions = [
            AttributionRecord("model", TokenSpan(span.start, span.end), None, (TokenSpan(len(doc) - 1, len(doc)),))
        ]
        return speakers(nlp.get_pipe("stancewire_speakers")(doc))[0]


def test_source_that_is_a_genitive_is_resolved(nlp: Language) -> None:
    assert speaker_of(nlp, "President Kofi Mensah's promise to close it stands.", "Kofi Mensah's") == "Kofi Mensah"


def test_relative_pronoun_after_a_date_is_not_resolved(nlp: Language) -> None:
    assert speaker_of(nlp, "President Kofi Mensah, chosen in June, who said it was safe.", "who") is None
