from __future__ import annotations

import pytest
from spacy.language import Language


@pytest.mark.parametrize(
    ("text", "cues"),
    [
        ("Osei said it was late.", [("said", "say")]),
        ("Osei has said it was late.", [("has said", "say")]),
        ("Osei also denied it.", [("also denied", "deny")]),
        ("Osei has long blamed the port.", [("has long blamed", "blame")]),
        ("It failed, according to Osei.", [("according to", "according to")]),
        ("Osei called on the port to reopen.", [("called on", "call on")]),
        ("Osei went on to say it was late.", [("went on to say", "go on to say")]),
        ("Osei said in a statement it was late.", [("said in a statement", "say")]),
        ("The claims were false.", []),
        ("Osei was accused of fraud.", []),
        ("Osei did not say why.", []),
        ("The Harbour Reports are out.", []),
        ("Her demands were met.", []),
        ("The plan was criticised by Osei.", []),
    ],
)
def test_cues_are_verbs_that_attribute(nlp: Language, text: str, cues: list[tuple[str, str]]) -> None:
    with nlp.memory_zone():
        doc = nlp(text)
        assert [(doc[cue.span.start : cue.span.end].text, cue.lemma) for cue in doc._.cues] == cues
