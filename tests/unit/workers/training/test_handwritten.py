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
from workers.training.corpora import Reader
from workers.training.stance_corpora import BETWEEN, TOWARDS

FOLDER = files("workers.training") / handwritten.FOLDER
FILES = sorted(path.name for path in FOLDER.iterdir() if path.name != handwritten.CLAIMS)
SENTENCES = handwritten.sentences()
VOCABULARY = paths.VOCABULARY


@pytest.mark.parametrize("name", FILES)
def test_each_line_brackets_its_parties_in_order_and_takes_sides_of_these(name: str) -> None:
    for line in (FOLDER / name).read_text("utf-8").splitlines():
        text, _, gold = line.rpartition(" ||")
        letters = re.findall(r"\[([A-D]) [^\[\]]+\]", text)
        assert letters == sorted(set(letters)), line
        assert letters, line
        assert re.fullmatch(r"( [A-D@][+?-][A-D])*", gold), line
        assert set(re.findall("[A-D]", gold)) <= set(letters), line
        assert not any(side[0] == side[2] for side in gold.split()), line
        assert not re.search(r"[\[\]]", re.sub(r"\[[A-D] ([^\[\]]+)\]", r"\1", text)), line


def test_no_two_lines_are_alike_but_for_names() -> None:
    bare = Counter(_without_names(one) for one in SENTENCES)
    assert [text for text, number in bare.items() if number > 1] == []


def test_offsets_are_those_of_the_names() -> None:
    for one in SENTENCES:
        places = sorted(one.parties.values())
        assert all(0 <= start < end <= len(one.text) for start, end in places)
        assert all(before[1] <= after[0] for before, after in pairwise(places))
        assert {name for pair in one.sides for name in pair} <= {*one.parties, sentences.VOICE}
        assert not re.search(r"[\[\]]|\|\|", one.text)


def test_a_line_is_read_as_it_is_marked(tmp_path: Path) -> None:
    one = handwritten.sentence("Mr. [A Osei]’s speech was praised by [B Lund], said [C Novak]. || B+A C?A")
    assert one.text == "Mr. Osei’s speech was praised by Lund, said Novak."
    assert {name: one.text[start:end] for name, (start, end) in one.parties.items()} == {
        "A": "Osei",
        "B": "Lund",
        "C": "Novak",
    }
    reader = Reader(tmp_path, WordPieces(VOCABULARY))
    (pairs,), (targets,) = sentences.stance_pairs(reader, [one]), sentences.target_sentiment(reader, [one])
    assert [label for _, label in pairs.sides] == [
        BETWEEN["support", "b"],
        BETWEEN["none", None],
    ]  # A and C are left out
    assert [label for _, label in targets.sides] == [TOWARDS["support"], TOWARDS["none"]]  # of C nothing is known


def test_every_class_is_learned_and_the_second_name_holds_often(tmp_path: Path) -> None:
    reader = Reader(tmp_path, WordPieces(VOCABULARY))
    pairs = Counter(label for example in sentences.stance_pairs(reader, SENTENCES) for _, label in example.sides)
    assert set(pairs) == set(BETWEEN.values())
    assert all(pairs[label] > len(SENTENCES) / 10 for label in BETWEEN.values())


def test_claims_are_supported_and_opposed_by_halves() -> None:
    found = list(handwritten.pairs())
    assert len({(claim, statement) for claim, statement, _ in found}) == len(found)
    assert 0.45 < sum(sign == "+" for *_, sign in found) / len(found) < 0.55
    assert {sign for *_, sign in found} == {"+", "-"}


def _without_names(one: sentences.Sentence) -> str:
    made, last = "", 0
    for start, end in sorted(one.parties.values()):
        made, last = made + one.text[last:start], end
    return re.sub(r"[^a-z]", "", (made + one.text[last:]).lower())
