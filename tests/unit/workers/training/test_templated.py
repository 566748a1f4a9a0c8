from __future__ import annotations

import re
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest

from tests.support import paths
from workers.model.wordpiece import WordPieces
from workers.training import sentences, templated
from workers.training.corpora import Reader
from workers.training.stance_corpora import BETWEEN, TOWARDS

SENTENCES = templated.sentences()
PATTERNS = tomllib.loads(files("workers.training").joinpath("templated.toml").read_text("utf-8"))
VOCABULARY = paths.VOCABULARY


@pytest.mark.parametrize("pattern", PATTERNS["sentences"]["all"])
def test_a_pattern_names_whom_it_takes_sides_of_and_known_banks(pattern: str) -> None:
    text, gold = pattern.split("|")
    slots = set(re.findall(r"\{(\w+)(?:\.(?:it|he|his|the|one))?\}", text))
    assert text.count("{") == len(re.findall(r"\{\w+(?:\.(?:it|he|his|the|one))?\}", text))
    assert slots <= {"A", "B", "C", "D", *PATTERNS["banks"]}
    assert set(re.findall(r"[A-D]", gold)) <= slots
    assert re.fullmatch(r"( [A-D@][+-][A-D])* ?", gold)


@pytest.mark.parametrize("clause", [one for sign in ("for", "against", "nothing") for one in PATTERNS["clauses"][sign]])
def test_a_clause_is_about_two(clause: str) -> None:
    assert set(re.findall(r"\{(\w+)(?:\.he)?\}", clause)) <= {"x", "y", *PATTERNS["banks"]}
    assert "{x}" in clause
    assert "{y}" in clause or "{y.he}" in clause


def test_who_is_called_by_a_pronoun_is_the_only_one_it_can_be() -> None:
    joined = SENTENCES[-templated.JOINED :]
    assert any(re.search(r"\b(him|her|it)\b", one.text) for one in joined)
    assert any(re.search(r"\bthe (bank|union|senator|party|mayor)\b", one.text) for one in joined)
    for one in joined:
        names = [one.text[start:end].split()[0] for start, end in one.parties.values()]
        for sex, pronouns in (("male", r"\b(he|him)\b"), ("female", r"\b(she|her)\b")):
            alike = sum(name in PATTERNS["parties"][sex] for name in names)
            # Each clause names no more than two: with three alike by given name, two of them stand in the first.
            assert not (alike == len(names) and re.search(pronouns, one.text))


def test_offsets_are_those_of_the_names() -> None:
    for one in SENTENCES:
        names = [one.text[start:end] for start, end in one.parties.values()]
        assert len(set(names)) == len(names)
        assert all(name[0].isupper() or name.startswith("the ") for name in names)
        assert all(0 <= start < end <= len(one.text) for start, end in one.parties.values())
        assert {target for _, target in one.sides} <= set(one.parties)
        assert not re.search(r"[{}|]", one.text)


def test_every_drawing_is_the_same() -> None:
    assert [one.text for one in templated.sentences()] == [one.text for one in SENTENCES]
    assert len(SENTENCES) == templated.VARIANTS * len(PATTERNS["sentences"]["all"]) + templated.JOINED


def test_every_class_is_learned_in_both_directions(tmp_path: Path) -> None:
    reader = Reader(tmp_path, WordPieces(VOCABULARY))
    pairs = [label for example in sentences.stance_pairs(reader, SENTENCES) for _, label in example.sides]
    assert set(pairs) == set(BETWEEN.values())
    assert 0.3 < pairs.count(0) / len(pairs) < 0.7
    assert {label for example in sentences.target_sentiment(reader, SENTENCES) for _, label in example.sides} == set(
        TOWARDS.values()
    )
