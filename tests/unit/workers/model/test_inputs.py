from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.model.inputs import (
    CLAIM,
    QUOTED,
    EncoderInput,
    Shape,
    Start,
    join_claim_and_statement,
    split_windows,
    word_shape,
)
from workers.model.wordpiece import MAX_PIECES, WordPieces
from workers.pipeline.components import build_nlp


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("port", Shape.LOWER),
        ("mid-2024", Shape.LOWER),
        ("Lisbon", Shape.TITLE),
        ("Élise", Shape.TITLE),
        ("NATO", Shape.UPPER),
        ("U.S.", Shape.UPPER),
        ("J.", Shape.LETTER),
        ("McCoy", Shape.MIXED),
        ("iPad", Shape.MIXED),
        ("1,250", Shape.DIGITS),
        ("“", Shape.OTHER),
        ("中", Shape.MIXED),
    ],
)
def test_word_shape_describes_capitals_and_digits(word: str, expected: Shape) -> None:
    assert word_shape(word) == expected


def test_encoder_input_has_starts_and_quotation_marks_of_words(tmp_path: Path) -> None:
    (tmp_path / "vocab.txt").write_text("[UNK]\n[CLS]\n[SEP]\nhe\nleft\n", encoding="utf-8")
    nlp = build_nlp(("stancewire_paragraphs", "stancewire_sentences", "stancewire_quotations"))
    doc = nlp("He left. “He  left,” Osei said.\n\nHe left.")
    words = EncoderInput.of(doc, WordPieces(tmp_path / "vocab.txt"))
    assert " ".join(doc[i].text for i in words.tokens) == "He left . “ He left , ” Osei said . He left ."
    assert words.pieces[:3] == [(3,), (4,), (0,)]
    assert words.shapes[:2] == [Shape.TITLE, Shape.LOWER]
    expected_starts = {0: Start.PARAGRAPH, 3: Start.SENTENCE, 11: Start.PARAGRAPH}
    assert words.starts == [expected_starts.get(i, Start.NOTHING) for i in range(len(words))]
    quoted = [position - start == QUOTED for position, start in zip(words.position_types, words.starts, strict=True)]
    assert [i for i, inside in enumerate(quoted) if inside] == [3, 4, 5, 6, 7]


def words_of(counts: list[int], starts: list[int]) -> EncoderInput:
    """Return words with the given numbers of pieces and starts."""
    nothing = [0] * len(counts)
    return EncoderInput(list(range(len(counts))), [(7,) * count for count in counts], nothing, nothing, starts)


DOCUMENTS = st.lists(st.tuples(st.integers(1, MAX_PIECES), st.sampled_from([1, 1, 1, 2, 3])), max_size=60).map(
    lambda words: words_of([count for count, _ in words], [start for _, start in words])
)


@given(DOCUMENTS, st.integers(MAX_PIECES, 40))
def test_windows_cover_words_in_order_within_size(words: EncoderInput, size: int) -> None:
    windows = split_windows(words, size)
    assert [i for start, end in windows for i in range(start, end)] == list(range(len(words)))
    for start, end in windows:
        assert start < end
        assert sum(len(words.pieces[i]) for i in range(start, end)) <= size


@given(DOCUMENTS, st.integers(MAX_PIECES, 40))
def test_only_sentences_longer_than_a_window_are_split(words: EncoderInput, size: int) -> None:
    starts = [i for i in range(len(words)) if i == 0 or words.starts[i] != Start.NOTHING]
    for cut, _ in split_windows(words, size):
        if cut not in starts:
            first = max(start for start in starts if start < cut)
            after = min((start for start in starts if start > cut), default=len(words))
            assert sum(len(words.pieces[i]) for i in range(first, after)) > size


def test_window_ends_before_paragraph_that_does_not_fit() -> None:
    # Sentences have 4 words. The second paragraph begins at word 8, in a window more than half full, and does not fit.
    starts = [3, 1, 1, 1, 2, 1, 1, 1, 3, 1, 1, 1, 2, 1, 1, 1]
    assert split_windows(words_of([1] * 16, starts), 12) == [(0, 8), (8, 16)]


def test_long_sentence_fills_windows() -> None:
    assert split_windows(words_of([1] * 25, [3] + [1] * 24), 12) == [(0, 12), (12, 24), (24, 25)]


def test_empty_document_has_no_windows() -> None:
    assert split_windows(words_of([], []), 12) == []


def test_claim_is_joined_before_statement_and_marked() -> None:
    claim = EncoderInput([4, 6], [(7,), (8, 9)], [1, 2], [3, 1], [3, 1])
    statement = EncoderInput([0, 1, 3], [(5,), (6,), (7,)], [1, 1, 6], [7, 5, 1], [3, 1, 2])
    both = join_claim_and_statement(claim, statement, 102)
    assert both.pieces == [(7,), (8, 9, 102), (5,), (6,), (7,)]
    assert both.position_types == [CLAIM, CLAIM, 7, 5, 1]
    assert both.starts == [3, 1, 2, 1, 2]
    assert both.tokens == [0, 1, 2, 3, 4]
    with pytest.raises(ValueError, match="must have words"):
        join_claim_and_statement(claim, EncoderInput([], [], [], [], []), 102)
