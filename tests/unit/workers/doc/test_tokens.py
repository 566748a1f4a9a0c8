from __future__ import annotations

import spacy
from spacy.tokens import Doc

from workers.doc.tokens import Offsets, Tokens

VOCAB = spacy.blank("en").vocab
WORDS = ["She", "said", "No", ".", "He", "left"]


def test_tokens_have_the_bounds_of_their_sentences() -> None:
    tokens = Tokens.of(Doc(VOCAB, WORDS, sent_starts=[True, False, False, False, True, False]))
    assert tokens.words == WORDS
    assert tokens.lower == ["she", "said", "no", ".", "he", "left"]
    assert tokens.sentence_start == [0, 0, 0, 0, 4, 4]
    assert tokens.sentence_end == [4, 4, 4, 4, 6, 6]
    assert len(tokens) == len(WORDS)


def test_document_without_sentences_is_one_sentence() -> None:
    tokens = Tokens.of(Doc(VOCAB, WORDS))
    assert (tokens.sentence_start, tokens.sentence_end) == ([0] * 6, [6] * 6)


def test_empty_document_has_no_tokens() -> None:
    assert Tokens.of(Doc(VOCAB, [])) == Tokens([], [], [], [])


def test_token_outside_the_text_is_an_empty_string() -> None:
    tokens = Tokens.of(Doc(VOCAB, WORDS))
    assert [tokens.at(i) for i in (-1, 0, 5, 6)] == ["", "she", "left", ""]


def test_span_of_characters_covers_every_token_that_it_touches() -> None:
    offsets = Offsets(Doc(VOCAB, WORDS))  # "She said No . He left "
    assert offsets.span(0, 3) == (0, 1)
    assert offsets.span(1, 5) == (0, 2)
    assert offsets.span(4, 8) == (1, 2)
    assert offsets.span(0, 22) == (0, 6)
