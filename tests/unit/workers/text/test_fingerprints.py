from __future__ import annotations

from tests.support.copies import long_text
from workers.text.fingerprints import MIN_WORDS, fingerprint

TEXT = long_text("swan")


def similarity(text: str, other: str) -> float:
    prints = [fingerprint(each) for each in (text, other)]
    assert prints[0] is not None
    assert prints[1] is not None
    return prints[0].similarity(prints[1])


def test_case_punctuation_and_white_space_do_not_count() -> None:
    assert similarity(TEXT, TEXT.upper().replace(" ", "\n ").replace(".", " –")) == 1


def test_cut_and_changed_texts_are_similar_and_other_texts_are_not() -> None:
    sentences = TEXT.split(". ")
    assert similarity(TEXT, ". ".join(sentences[:9])) > 0.6
    assert similarity(TEXT, ". ".join([*sentences[:5], "Nobody knew why it happened", *sentences[6:]])) > 0.6
    assert similarity(TEXT, long_text("heron")) < 0.1


def test_short_text_has_no_fingerprint() -> None:
    words = TEXT.split()
    assert fingerprint(" ".join(words[: MIN_WORDS - 1])) is None
    assert fingerprint(" ".join(words[:MIN_WORDS])) is not None
