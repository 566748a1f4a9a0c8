from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spacy.vocab import Vocab

from workers.doc.tokens import Offsets
from workers.segmentation.tokenizer import RegexTokenizer

TOKENIZER = RegexTokenizer(Vocab())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Mr. Osei left.", ["Mr.", "Osei", "left", "."]),
        ("the U.S. plan", ["the", "U.S.", "plan"]),
        ("Ana's non-Western ally", ["Ana", "'s", "non", "-", "Western", "ally"]),
        ("the Lusaka-based firm", ["the", "Lusaka", "-", "based", "firm"]),
        ("Jean-Paul al-Sadr", ["Jean-Paul", "al-Sadr"]),
        ("two-thirds", ["two-thirds"]),
        ("She’ll say I've won", ["She", "’ll", "say", "I", "'ve", "won"]),
        ("NATO’s plan", ["NATO", "’s", "plan"]),
        ("don’t go", ["don’t", "go"]),
        ("“Yes,”he", ["“", "Yes", ",", "”", "he"]),
        ("''Yes,'' she", ["''", "Yes", ",", "''", "she"]),
        ("1,250.5 tons", ["1,250.5", "tons"]),
        ("J. Smith", ["J.", "Smith"]),
        ("one  two", ["one", " ", "two"]),
    ],
)
def test_tokenizer_splits_text_into_words(text: str, words: list[str]) -> None:
    assert [token.text for token in TOKENIZER(text)] == words


@given(st.text(max_size=200))
def test_tokenizer_preserves_every_character(text: str) -> None:
    doc = TOKENIZER(text)
    assert doc.text == text
    assert all(text[token.idx : token.idx + len(token)] == token.text for token in doc)


@given(st.text(min_size=1, max_size=80), st.data())
def test_offsets_return_token_that_covers_character(text: str, data: st.DataObject) -> None:
    doc = TOKENIZER(text)
    char = data.draw(st.integers(0, len(text) - 1))
    token = doc[Offsets(doc).token(char)]
    assert token.idx <= char < token.idx + len(token.text_with_ws)


def test_million_marks_are_tokenized_in_seconds() -> None:
    began = time.perf_counter()
    doc = TOKENIZER('"' * 1_000_000)
    assert len(doc) == 1_000_000
    assert time.perf_counter() - began < 20
