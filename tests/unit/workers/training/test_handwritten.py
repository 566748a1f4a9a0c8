from __future__ import annotations

import re
from collections import Counter
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import pytest

from tests.support import paths
from workers.model.wordpiece import WordPieces
from workers.training import handwritten, sentences
from workers.training.corpora import CorpusReader
from workers.training.stance_corpora import PAIR_CLASSES, TARGET_CLASSES

FOLDER = files("workers.training") / handwritten.FOLDER
FILES = sorted(path.name for path in FOLDER.iterdir() if path.name != handwritten.CLAIMS_FILE)
SENTENCES = handwritten.sentences()


@pytest.mark.parametrize("name", FILES)
def test_line_marks_its_parties_in_order_and_has_stances_between_them(name: str) -> None:
    for line in (FOLDER / name).read_text("utf-8").splitlines():
        text, _, stances = line.rpartition(" ||")
        letters = re.findall(r"\[([A-D]) [^\[\]]+\]", text)
        assert letters == sorted(set(letters)), line
        assert letters, line
        assert re.fullmatch(r"( [A-D@][+?-][A-D])*", stances), line
        assert set(re.findall("[A-D]", stances)) <= set(letters), line
        assert not any(stance[0] == stance[2] for stance in stances.split()), line
        assert not re.search(r"[\[\]]", re.sub(r"\[[A-D] ([^\[\]]+)\]", r"\1", text)), line


def test_no_two_lines_differ_only_in_names() -> None:
    counts = Counter(_without_names(sentence) for sentence in SENTENCES)
    assert [text for text, count in counts.items() if count > 1] == []


def test_offsets_of_parties_are_inside_the_text_and_do_not_overlap() -> None:
    for sentence in SENTENCES:
        spans = sorted(sentence.parties.values())
        assert all(0 <= start < end <= len(sentence.text) for start, end in spans)
        assert all(before[1] <= after[0] for before, after in pairwise(spans))
        parties = {party for pair in sentence.stances for party in pair}
        assert parties <= {*sentence.parties, sentences.ARTICLE_VOICE}
        assert not re.search(r"[\[\]]|\|\|", sentence.text)


def test_line_is_parsed_into_text_parties_and_examples(tmp_path: Path) -> None:
    line = "Mr. [A Osei]’s speech was praised by [B Lund], said [C Novak]. || B+A C?A"
    sentence = handwritten.parse_sentence(line)
    assert sentence.text == "Mr. Osei’s speech was praised by Lund, said Novak."
    names = {letter: sentence.text[start:end] for letter, (start, end) in sentence.parties.items()}
    assert names == {"A": "Osei", "B": "Lund", "C": "Novak"}
    reader = CorpusReader(tmp_path, WordPieces(paths.VOCABULARY))
    (pairs,) = sentences.pair_examples(reader, [sentence])
    (targets,) = sentences.target_examples(reader, [sentence])
    # The unclear pair of A and C is left out, and so is the target C.
    assert [label for _, label in pairs.pairs] == [PAIR_CLASSES["support", "b"], PAIR_CLASSES["none", None]]
    assert [label for _, label in targets.pairs] == [TARGET_CLASSES["support"], TARGET_CLASSES["none"]]


def test_sample_of_sentences_has_every_pair_class_often(tmp_path: Path) -> None:
    sample = SENTENCES[::10]  # some of each file
    reader = CorpusReader(tmp_path, WordPieces(paths.VOCABULARY))
    labels = Counter(label for example in sentences.pair_examples(reader, sample) for _, label in example.pairs)
    assert set(labels) == set(PAIR_CLASSES.values())
    assert all(labels[label] > len(sample) / 10 for label in PAIR_CLASSES.values())


def test_half_of_the_statements_support_their_claims() -> None:
    claims = list(handwritten.claims())
    assert len({(claim, statement) for claim, statement, _ in claims}) == len(claims)
    assert 0.45 < sum(sign == "+" for *_, sign in claims) / len(claims) < 0.55
    assert {sign for *_, sign in claims} == {"+", "-"}


def _without_names(sentence: sentences.ExampleSentence) -> str:
    text, offset = "", 0
    for start, end in sorted(sentence.parties.values()):
        text, offset = text + sentence.text[offset:start], end
    return re.sub(r"[^a-z]", "", (text + sentence.text[offset:]).lower())
