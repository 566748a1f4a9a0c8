from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.support import paths
from workers.model.wordpiece import WordPieces
from workers.training import stance_corpora
from workers.training.corpora import CorpusReader
from workers.training.stance_corpora import PAIR_CLASSES

ROW = {"text": "Lund was praised by Osei.", "a": [0, 4], "b": [20, 24], "stance": "oppose", "holder": "b"}


@pytest.fixture
def reader(tmp_path: Path) -> CorpusReader:
    (tmp_path / "stance_pairs").mkdir()
    for split in ("train", "dev"):
        (tmp_path / "stance_pairs" / f"{split}.jsonl").write_text(json.dumps(ROW) + "\n", "utf-8")
    return CorpusReader(tmp_path, WordPieces(paths.VOCABULARY))


def labels(reader: CorpusReader, split: str) -> list[int]:
    return [label for example in stance_corpora.stance_pairs(reader, split) for _, label in example.pairs]


def test_correction_applies_to_train_but_not_to_dev(reader: CorpusReader, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = stance_corpora.digest(ROW)
    monkeypatch.setattr(stance_corpora, "corrections", lambda: {digest: ("support", "b")})
    assert labels(reader, "train") == [PAIR_CLASSES["support", "b"]]
    assert labels(reader, "dev") == [PAIR_CLASSES["oppose", "b"]]


def test_unclear_row_is_not_learned(reader: CorpusReader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stance_corpora, "corrections", lambda: {stance_corpora.digest(ROW): ("unclear", None)})
    assert labels(reader, "train") == []


def test_corrections_have_digests_and_known_classes() -> None:
    corrections = stance_corpora.corrections()
    assert len(corrections) > 100
    assert all(re.fullmatch("[0-9a-f]{16}", digest) for digest in corrections)
    assert set(corrections.values()) <= {*PAIR_CLASSES, ("unclear", None)}
    assert stance_corpora.digest(ROW) not in corrections
