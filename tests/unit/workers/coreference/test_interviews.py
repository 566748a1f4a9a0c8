from __future__ import annotations

import pytest
from spacy.language import Language

from workers.coreference.initials import read_initials
from workers.doc.tokens import Tokens
from workers.pipeline.components import COMPONENTS, build_nlp

TALK = """Ada Quill on water

The engineer talks to Ivo Marsh.

Ivo Marsh: You said in May that the dam was safe. Was it?

Ada Quill: I was wrong.

IM: Have you told the mayor?

AQ: Yes, and I told her twice."""


@pytest.fixture(scope="module")
def trained() -> Language:
    return build_nlp(COMPONENTS["trained"])


def test_initials_before_a_colon_are_mentions_of_the_person(trained: Language) -> None:
    doc = trained(TALK)
    mentions = {span.text: doc._.entities[int(span.id_)].name for span in doc.spans["mentions"]}

    assert (mentions["IM"], mentions["AQ"]) == ("Ivo Marsh", "Ada Quill")
    assert "AQ" not in [entity.name for entity in doc._.entities]


def test_initials_of_two_persons_stand_for_neither(trained: Language) -> None:
    doc = trained("Ivo Marsh met Ina Moe.\n\nIM: Hello.")

    assert read_initials(doc, Tokens.of(doc)) == {}


def test_you_in_an_interview_is_the_other_speaker(trained: Language) -> None:
    doc = trained(TALK)
    names = [doc._.entities[int(span.id_)].name for span in doc.spans["mentions"] if span.text.lower() == "you"]
    says_you = [record for record in doc._.attributions if record.source and doc[record.source.start].text == "You"]

    assert set(names) == {"Ada Quill"}
    assert [doc._.entities[record.speaker].name for record in says_you] == ["Ada Quill"]
