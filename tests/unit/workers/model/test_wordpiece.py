from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.model.wordpiece import MAX_PIECES, WordPieces

VOCABULARY = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "re",
    "##open",
    "##opened",
    "open",
    "cafe",
    "-",
    ".",
    "$",
    "’",
    "s",
    "a",
    "##a",
    "1",
]


@pytest.fixture(scope="module")
def vocabulary(tmp_path_factory: pytest.TempPathFactory) -> WordPieces:
    path = tmp_path_factory.mktemp("vocabulary") / "vocab.txt"
    path.write_text("\n".join(VOCABULARY) + "\n", encoding="utf-8")
    return WordPieces(path)


def pieces_of(vocabulary: WordPieces, word: str) -> list[str]:
    return [VOCABULARY[number] for number in vocabulary.pieces_of(word)]


@pytest.mark.parametrize(
    ("word", "pieces"),
    [
        ("open", ["open"]),
        ("reopened", ["re", "##opened"]),
        ("Café", ["cafe"]),
        ("CAFE\u0301", ["cafe"]),
        ("re-open.", ["re", "-", "open", "."]),
        ("’s", ["’", "s"]),
        ("$1", ["$", "1"]),
        ("re\u200bopen", ["re", "##open"]),
        ("reclosed", ["[UNK]"]),
        ("reclosed-open", ["[UNK]", "-", "open"]),
        ("open" * 30, ["[UNK]"]),
        ("\u200b", ["[UNK]"]),
        ("", ["[UNK]"]),
    ],
)
def test_word_is_split_into_longest_pieces(vocabulary: WordPieces, word: str, pieces: list[str]) -> None:
    assert pieces_of(vocabulary, word) == pieces


def test_number_of_pieces_per_word_is_limited(vocabulary: WordPieces) -> None:
    assert pieces_of(vocabulary, "-" * 40) == ["-"] * MAX_PIECES
    assert pieces_of(vocabulary, "a" * 40) == ["a"] + ["##a"] * (MAX_PIECES - 1)


@given(st.text())
def test_any_word_has_pieces(vocabulary: WordPieces, word: str) -> None:
    numbers = vocabulary.pieces_of(word)
    assert 1 <= len(numbers) <= MAX_PIECES
    assert all(0 <= number < len(VOCABULARY) for number in numbers)


def test_vocabulary_without_special_pieces_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "vocab.txt"
    path.write_text("[UNK]\nopen\n", encoding="utf-8")
    with pytest.raises(KeyError, match="CLS"):
        WordPieces(path)
