from __future__ import annotations

import spacy

from workers.doc.tokens import Offsets, Tokens

TEXT = "Hello — 😀 world. It's  me\n\nok"


def test_tokens_are_read_once_for_all_components() -> None:
    doc = spacy.blank("en")(TEXT)
    assert Tokens.of(doc) is Tokens.of(doc)
    assert Tokens.of(doc).words == [token.text for token in doc]


def test_tokens_are_read_again_after_sentences_are_set() -> None:
    doc = spacy.blank("en")(TEXT)
    before = Tokens.of(doc)
    doc[5].is_sent_start = True
    after = Tokens.of(doc)
    assert before.sentence_start == [0] * len(doc)
    assert after.sentence_start == [0] * 5 + [5] * (len(doc) - 5)
    assert after.sentence_end == [5] * 5 + [len(doc)] * (len(doc) - 5)


def test_tokens_are_read_again_after_tokens_are_merged() -> None:
    doc = spacy.blank("en")(TEXT)
    Tokens.of(doc)
    with doc.retokenize() as retokenizer:
        retokenizer.merge(doc[0:2])
    assert Tokens.of(doc).words[0] == "Hello —"


def test_offsets_count_characters_beyond_the_basic_plane() -> None:
    doc = spacy.blank("en")(TEXT)
    assert Offsets(doc).starts == [token.idx for token in doc]
    assert Offsets(spacy.blank("en")("")).starts == []
