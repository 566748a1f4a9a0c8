from __future__ import annotations

import re
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest

from workers.language.wordpiece import WordPieces
from workers.training import invented
from workers.training.corpora import Reader
from workers.training.opinions import BETWEEN, TOWARDS

SENTENCES = invented.sentences()
PATTERNS = tomllib.loads(files("workers.training").joinpath("invented.toml").read_text("utf-8"))
VOCABULARY = Path(__file__).parents[3] / "workers" / "language" / "weights" / "vocab.txt"


@pytest.mark.parametrize("pattern", PATTERNS["sentences"]["all"])
def test_a_pattern_names_whom_it_takes_sides_of_and_known_banks(pattern: str) -> None:
    text, gold = pattern.split("|")
    slots = set(re.findall(r"\{(\w+)\}", text))
    assert slots <= {"A", "B", "C", "D", *PATTERNS["banks"]}
    assert set(re.findall(r"[A-D]", gold)) <= slots
    assert re.fullmatch(r"( [A-D][+-][A-D])* ?", gold)


def test_offsets_are_those_of_the_names() -> None:
    for one in SENTENCES:
        names = [one.text[start:end] for start, end in one.parties.values()]
        assert len(set(names)) == len(names)
        assert all(name[0].isupper() or name.startswith("the ") for name in names)
        assert not re.search(r"[{}|]", one.text)


def test_every_drawing_is_the_same() -> None:
    assert [one.text for one in invented.sentences()] == [one.text for one in SENTENCES]
    assert len(SENTENCES) == invented.VARIANTS * len(PATTERNS["sentences"]["all"])


def test_every_class_is_learned_in_both_directions(tmp_path: Path) -> None:
    reader = Reader(tmp_path, WordPieces(VOCABULARY))
    pairs = [label for example in invented.stance_pairs(reader) for _, label in example.sides]
    assert set(pairs) == set(BETWEEN.values())
    assert 0.3 < pairs.count(0) / len(pairs) < 0.7
    assert {label for example in invented.target_sentiment(reader) for _, label in example.sides} == set(TOWARDS.values())
