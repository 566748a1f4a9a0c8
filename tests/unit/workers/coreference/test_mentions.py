from __future__ import annotations

import pytest
from spacy.language import Language

from workers.coreference.mentions import Anaphor, Form, Gender, Mention, MentionReader, name_gender
from workers.doc.records import TokenSpan
from workers.doc.tokens import Tokens


def read(nlp: Language, text: str, *descriptions: str) -> dict[str, Mention]:
    """Return the mentions of a text by their words; equal words count once, the last one."""
    stages = [component for name, component in nlp.pipeline if name != "stancewire_speakers"]
    with nlp.memory_zone():
        doc = nlp.make_doc(text)
        for component in stages[: nlp.pipe_names.index("stancewire_speakers")]:
            doc = component(doc)
        spans = [doc.char_span(text.index(words), text.index(words) + len(words)) for words in descriptions]
        names = [(TokenSpan(span.start, span.end), int(span.id_)) for span in doc.spans["mentions"]]
        quotations = [(span.start, span.end) for span in doc.spans["quotations"] if span._.speech]
        reader = MentionReader(Tokens.of(doc), doc._.entities, doc._.attributions, quotations)
        mentions = reader.read(names, {TokenSpan(span.start, span.end): None for span in spans if span})
        return {doc[mention.span.start : mention.span.end].text: mention for mention in mentions}


def test_names_descriptions_and_pronouns_are_in_text_order(nlp: Language) -> None:
    mentions = read(nlp, "Mr. Kofi Mensah met the minister. He left.", "the minister")
    assert [(text, mention.form) for text, mention in mentions.items()] == [
        ("Kofi Mensah", Form.NAME),
        ("the minister", Form.DESCRIPTION),
        ("He", Form.PRONOUN),
    ]
    assert mentions["Kofi Mensah"].gender is Gender.MALE
    assert [mention.sentence for mention in mentions.values()] == [0, 0, 1]


def test_mention_in_a_quotation_knows_the_source_around_it(nlp: Language) -> None:
    mentions = read(nlp, "“We are late, and I know it,” said Mr. Kofi Mensah. He left.")
    source = mentions["I"].enclosing_source
    assert source is not None
    assert source.start <= mentions["Kofi Mensah"].span.start < source.end
    assert mentions["Kofi Mensah"].in_source
    assert mentions["I"].quotation == 0
    assert (mentions["He"].quotation, mentions["He"].enclosing_source) == (-1, None)


def test_country_in_capitals_is_not_the_pronoun(nlp: Language) -> None:
    mentions = read(nlp, "It told us that US ships left.")
    assert [mention.anaphor for mention in mentions.values() if mention.form is Form.PRONOUN] == [
        Anaphor.IT,
        Anaphor.WE,
    ]


@pytest.mark.parametrize(
    ("name", "word_before", "gender"),
    [
        ("Osei", "mrs.", Gender.FEMALE),
        ("Mr Osei", "said", Gender.MALE),
        ("Mary Quill", "", Gender.FEMALE),
        ("Mary Quill", "mr", Gender.MALE),
        ("Osei", "", Gender.UNKNOWN),
    ],
)
def test_gender_of_a_name_is_shown_by_its_title_else_by_its_given_name(
    name: str, word_before: str, gender: Gender
) -> None:
    assert name_gender(name, word_before) is gender
