from __future__ import annotations

import pytest

from tests.peers.reader import aligned


@pytest.mark.parametrize(
    ("text", "cleaned", "word", "original"),
    [
        ("No.\n\n“We stay,” she said", 'No.\n .\n "We stay," she said', '"We stay,"', "“We stay,”"),
        ("José\xa0Ruiz said", "Jose Ruiz said", "Jose Ruiz", "José\xa0Ruiz"),
        ("He  said\nso", "He said.\n so", "said", "said"),
        ("They  left   it", "They left it", "it", "it"),
    ],
)
def test_offsets_in_a_cleaned_text_lead_back_to_the_original(text: str, cleaned: str, word: str, original: str) -> None:
    positions = aligned(text, cleaned)
    start = cleaned.index(word)
    first, last = positions[start], positions[start + len(word) - 1]
    assert first is not None
    assert last is not None
    assert text[first : last + 1] == original
