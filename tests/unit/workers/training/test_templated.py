from __future__ import annotations

import re
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest

from tests.support import paths
from workers.model.wordpiece import WordPieces
from workers.training import sentences, templated
from workers.training.corpora import CorpusReader
from workers.training.stance_corpora import PAIR_CLASSES, TARGET_CLASSES

SENTENCES = templated.sentences()
TABLES = tomllib.loads(files("workers.training").joinpath("templated.toml").read_text("utf-8"))
CLAUSES = [clause for kind in ("for", "against", "nothing") for clause in TABLES["clauses"][kind]]


@pytest.mark.parametrize("pattern", TABLES["sentences"]["all"])
def test_pattern_uses_known_word_banks_and_names_the_parties_of_its_stances(pattern: str) -> None:
    text, stances = pattern.split("|")
    slots = set(re.findall(r"\{(\w+)(?:\.(?:it|he|his|the|one))?\}", text))
    assert text.count("{") == len(re.findall(r"\{\w+(?:\.(?:it|he|his|the|one))?\}", text))
    assert slots <= {"A", "B", "C", "D", *TABLES["banks"]}
    assert set(re.findall(r"[A-D]", stances)) <= slots
    assert re.fullmatch(r"( [A-D@][+-][A-D])* ?", stances)


@pytest.mark.parametrize("clause", CLAUSES)
def test_clause_names_two_parties(clause: str) -> None:
    assert set(re.findall(r"\{(\w+)(?:\.he)?\}", clause)) <= {"x", "y", *TABLES["banks"]}
    assert "{x}" in clause
    assert "{y}" in clause or "{y.he}" in clause


def test_pronouns_in_two_clause_sentences_are_unambiguous() -> None:
    two_clauses = SENTENCES[-templated.TWO_CLAUSE_SENTENCES :]
    assert any(re.search(r"\b(him|her|it)\b", sentence.text) for sentence in two_clauses)
    assert any(re.search(r"\bthe (bank|union|senator|party|mayor)\b", sentence.text) for sentence in two_clauses)
    for sentence in two_clauses:
        given_names = [sentence.text[start:end].split()[0] for start, end in sentence.parties.values()]
        for gender, pronouns in (("male", r"\b(he|him)\b"), ("female", r"\b(she|her)\b")):
            count = sum(name in TABLES["parties"][gender] for name in given_names)
            # A clause names at most two parties: of three with the same gender, two are in the first clause.
            assert not (count == len(given_names) and re.search(pronouns, sentence.text))


def test_offsets_of_parties_are_those_of_their_names() -> None:
    for sentence in SENTENCES:
        names = [sentence.text[start:end] for start, end in sentence.parties.values()]
        assert len(set(names)) == len(names)
        assert all(name[0].isupper() or name.startswith("the ") for name in names)
        assert all(0 <= start < end <= len(sentence.text) for start, end in sentence.parties.values())
        assert {target for _, target in sentence.stances} <= set(sentence.parties)
        assert not re.search(r"[{}|]", sentence.text)


def test_every_call_generates_the_same_sentences() -> None:
    assert [sentence.text for sentence in templated.sentences()] == [sentence.text for sentence in SENTENCES]
    patterns = len(TABLES["sentences"]["all"])
    assert len(SENTENCES) == templated.VARIANTS * patterns + templated.TWO_CLAUSE_SENTENCES


def test_sample_of_sentences_has_every_class_of_pairs_and_targets(tmp_path: Path) -> None:
    sample = SENTENCES[:: templated.VARIANTS]  # one sentence of each pattern, and some of two clauses
    reader = CorpusReader(tmp_path, WordPieces(paths.VOCABULARY))
    pair_labels = [label for example in sentences.pair_examples(reader, sample) for _, label in example.pairs]
    assert set(pair_labels) == set(PAIR_CLASSES.values())
    assert 0.3 < pair_labels.count(PAIR_CLASSES["none", None]) / len(pair_labels) < 0.7
    target_labels = {label for example in sentences.target_examples(reader, sample) for _, label in example.pairs}
    assert target_labels == set(TARGET_CLASSES.values())
