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
def test_shape_says_how_a_word_is_written(word: str, expected: Shape) -> None:
    assert word_shape(word) == expected


def test_reads_where_words_stand(tmp_path: Path) -> None:
    (tmp_path / "vocab.txt").write_text("[UNK]\n[CLS]\n[SEP]\nhe\nleft\n", encoding="utf-8")
    nlp = build_nlp(("stancewire_paragraphs", "stancewire_sentences", "stancewire_quotations"))
    doc = nlp("He left. “He  left,” Osei said.\n\nHe left.")
    words = EncoderInput.of(doc, WordPieces(tmp_path / "vocab.txt"))
    assert " ".join(doc[i].text for i in words.tokens) == "He left . “ He left , ” Osei said . He left ."
    assert words.pieces[:3] == [(3,), (4,), (0,)]
    assert words.shapes[:2] == [Shape.TITLE, Shape.LOWER]
    begun = {0: Start.PARAGRAPH, 3: Start.SENTENCE, 11: Start.PARAGRAPH}
    assert words.starts == [begun.get(i, Start.NOTHING) for i in range(len(words))]
    quoted = [place - start == QUOTED for place, start in zip(words.position_types, words.starts, strict=True)]
    assert [i for i, inside in enumerate(quoted) if inside] == [3, 4, 5, 6, 7]


def made(counts: list[int], starts: list[int]) -> EncoderInput:
    """Words of so many pieces each."""
    nothing = [0] * len(counts)
    return EncoderInput(list(range(len(counts))), [(7,) * count for count in counts], nothing, nothing, starts)


DOCUMENTS = st.lists(st.tuples(st.integers(1, MAX_PIECES), st.sampled_from([1, 1, 1, 2, 3])), max_size=60).map(
    lambda words: made([count for count, _ in words], [start for _, start in words])
)


@given(DOCUMENTS, st.integers(MAX_PIECES, 40))
def test_windows_cover_the_text_in_order_and_keep_to_the_size(words: EncoderInput, size: int) -> None:
    found = split_windows(words, size)
    assert [i for start, end in found for i in range(start, end)] == list(range(len(words)))
    for start, end in found:
        assert start < end
        assert sum(len(words.pieces[i]) for i in range(start, end)) <= size


@given(DOCUMENTS, st.integers(MAX_PIECES, 40))
def test_windows_cut_a_sentence_only_if_it_is_longer(words: EncoderInput, size: int) -> None:
    starts = [i for i in range(len(words)) if i == 0 or words.starts[i] != Start.NOTHING]
    for cut, _ in split_windows(words, size):
        if cut not in starts:
            first = max(start for start in starts if start < cut)
            after = min((start for start in starts if start > cut), default=len(words))
            assert sum(len(words.pieces[i]) for i in range(first, after)) > size


def test_windows_rather_cut_before_a_paragraph() -> None:
    # Sentences of 4 words; a paragraph begins at 8, where more than half of 12 is full and 8 more do not fit.
    starts = [3, 1, 1, 1, 2, 1, 1, 1, 3, 1, 1, 1, 2, 1, 1, 1]
    assert split_windows(made([1] * 16, starts), 12) == [(0, 8), (8, 16)]


def test_windows_of_one_long_sentence_are_filled() -> None:
    assert split_windows(made([1] * 25, [3] + [1] * 24), 12) == [(0, 12), (12, 24), (24, 25)]


def test_no_words_no_windows() -> None:
    assert split_windows(made([], []), 12) == []


def test_a_claim_stands_before_its_statement_and_is_marked() -> None:
    claim = EncoderInput([4, 6], [(7,), (8, 9)], [1, 2], [3, 1], [3, 1])
    statement = EncoderInput([0, 1, 3], [(5,), (6,), (7,)], [1, 1, 6], [7, 5, 1], [3, 1, 2])
    both = join_claim_and_statement(claim, statement, 102)
    assert both.pieces == [(7,), (8, 9, 102), (5,), (6,), (7,)]
    assert both.position_types == [CLAIM, CLAIM, 7, 5, 1]
    assert both.starts == [3, 1, 2, 1, 2]
    assert both.tokens == [0, 1, 2, 3, 4]
    with pytest.raises(ValueError, match="must have words"):
        join_claim_and_statement(claim, EncoderInput([], [], [], [], []), 102)
