from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.support import paths
from workers.model.wordpiece import WordPieces
from workers.training import stance_corpora
from workers.training.corpora import Reader
from workers.training.stance_corpora import BETWEEN

VOCABULARY = paths.VOCABULARY
ROW = {"text": "Lund was praised by Osei.", "a": [0, 4], "b": [20, 24], "stance": "oppose", "holder": "b"}


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    (tmp_path / "stance_pairs").mkdir()
    for split in ("train", "dev"):
        (tmp_path / "stance_pairs" / f"{split}.jsonl").write_text(json.dumps(ROW) + "\n", "utf-8")
    return Reader(tmp_path, WordPieces(VOCABULARY))


def labels(reader: Reader, split: str) -> list[int]:
    return [label for example in stance_corpora.stance_pairs(reader, split) for _, label in example.sides]


def test_a_correction_holds_in_training_and_leaves_dev_alone(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = stance_corpora.digest(ROW)
    monkeypatch.setattr(stance_corpora, "corrections", lambda: {digest: ("support", "b")})
    assert labels(reader, "train") == [BETWEEN["support", "b"]]
    assert labels(reader, "dev") == [BETWEEN["oppose", "b"]]


def test_of_an_unclear_row_nothing_is_learned(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stance_corpora, "corrections", lambda: {stance_corpora.digest(ROW): ("unclear", None)})
    assert labels(reader, "train") == []


def test_corrections_name_rows_by_their_digest_and_known_classes() -> None:
    found = stance_corpora.corrections()
    assert len(found) > 100
    assert all(re.fullmatch("[0-9a-f]{16}", digest) for digest in found)
    assert set(found.values()) <= {*BETWEEN, ("unclear", None)}
    assert stance_corpora.digest(ROW) not in found
