from __future__ import annotations

import pytest
from spacy.language import Language


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("He left. She stayed.", 2),
        ("Mr. Osei met Dr. Brandt. They spoke.", 2),
        ("The U.S. Senate voted. It passed.", 2),
        ("They live in the U.S. He does not.", 2),
        ("J. K. Adu wrote it.", 1),
        ("“Why now?” she asked.", 1),
        ("“Stop!” he cried. Nobody did.", 2),
        ("“It rained. It poured,” she said.", 2),
        ('"We won." The crowd cheered.', 2),
        ('He left. "We won," she said.', 2),
        ("It rose 2.5 per cent. Then it fell.", 2),
        ("Wait... then go.", 1),
        ("One line\nanother line", 2),
        ("(He left.) She stayed.", 2),
    ],
)
def test_text_is_split_into_sentences(nlp: Language, text: str, count: int) -> None:
    with nlp.memory_zone():
        assert len(list(nlp(text).sents)) == count


def test_straight_mark_after_space_belongs_to_next_sentence(nlp: Language) -> None:
    with nlp.memory_zone():
        assert [sent.text for sent in nlp('He left. "We won," she said.').sents] == ["He left.", '"We won," she said.']


def test_empty_text_has_no_sentences(nlp: Language) -> None:
    with nlp.memory_zone():
        assert not list(nlp("").sents)
