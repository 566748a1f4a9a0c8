from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from workers.training import annotated_articles
from workers.training.annotated_articles import (
    DECISION,
    DEV,
    HEADS,
    HELD_OUT,
    STANCES_FILE,
    WRITTEN,
    read_annotations,
    read_stances,
    written_texts,
)

NOWHERE = Path("/nonexistent")


class AnyText(dict[str, Any]):
    """The texts of a corpus, which tests do without."""

    def __missing__(self, key: str) -> dict[str, str]:
        return {"text": key}


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[dict[str, Any]]]:
    monkeypatch.setattr(annotated_articles, "read_texts", lambda _: AnyText())
    return {part: list(read_stances(NOWHERE, part)) for part in (HEADS, DECISION, HELD_OUT)}


def test_every_article_belongs_to_one_part(parts: dict[str, list[dict[str, Any]]]) -> None:
    ids = [article["id"] for of_part in parts.values() for article in of_part]
    assert sorted(ids) == sorted(row["id"] for row in read_annotations(STANCES_FILE))
    assert len(set(ids)) == len(ids)


def test_heads_learn_no_article_of_the_gold_and_nobody_learns_the_dev_set(
    parts: dict[str, list[dict[str, Any]]],
) -> None:
    gold = {row["id"] for row in read_annotations()}
    dev = {row["id"] for row in read_annotations() if row["split"] == DEV}
    assert not gold & {article["id"] for article in parts[HEADS]}
    assert not dev & {article["id"] for of_part in parts.values() for article in of_part}


def test_held_out_are_articles_of_our_own_with_valid_offsets(parts: dict[str, list[dict[str, Any]]]) -> None:
    assert {article["corpus"] for article in parts[HELD_OUT]} == {WRITTEN}
    for article in parts[HELD_OUT]:
        text = written_texts()[article["id"]]["text"]
        assert article["text"] == text
        for entity in article["entities"]:
            assert all(text[start:end].strip() == text[start:end] != "" for start, end, _ in entity["mentions"])
