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


def spelled(vocabulary: WordPieces, word: str) -> list[str]:
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
def test_takes_the_longest_pieces(vocabulary: WordPieces, word: str, pieces: list[str]) -> None:
    assert spelled(vocabulary, word) == pieces


def test_a_word_has_a_few_pieces_at_most(vocabulary: WordPieces) -> None:
    assert spelled(vocabulary, "-" * 40) == ["-"] * MAX_PIECES
    assert spelled(vocabulary, "a" * 40) == ["a"] + ["##a"] * (MAX_PIECES - 1)


@given(st.text())
def test_every_word_has_pieces(vocabulary: WordPieces, word: str) -> None:
    numbers = vocabulary.pieces_of(word)
    assert 1 <= len(numbers) <= MAX_PIECES
    assert all(0 <= number < len(VOCABULARY) for number in numbers)


def test_a_vocabulary_without_the_marks_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "vocab.txt"
    path.write_text("[UNK]\nopen\n", encoding="utf-8")
    with pytest.raises(KeyError, match="CLS"):
        WordPieces(path)
