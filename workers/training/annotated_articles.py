"""Our annotations of whole articles, joined with their texts.

``annotations/articles.jsonl`` is the gold: for each article the entities with all their mentions, the speaker of each
statement, and the stances with their evidence. ``stances.jsonl`` has the stances of more articles, with the parties
that they are about, and ``stances_again.jsonl`` what other readers took from them. All hold
offsets only; the texts are those of the corpora, and of ``written.jsonl``, which are our own.
The guidelines are in ``docs/annotation.md``.
"""

from __future__ import annotations

import json
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Container, Iterator
    from pathlib import Path

FILE: Final = "articles.jsonl"
STANCES_FILE: Final = "stances.jsonl"
AGAIN_FILE: Final = "stances_again.jsonl"
SECOND_FILE: Final = "second.jsonl"  # other annotators' readings of some of the articles
TRAIN, DEV = "train", "dev"
HEADS, DECISION, HELD_OUT = "heads", "decision", "held out"
WRITTEN: Final = "written"
WRITTEN_FILE: Final = "written.jsonl"
_FIFTHS_FOR_HEADS: Final = 4
_WORLD_POLITICS: Final = "x"  # begins the IDs of articles of our own that are kept for the decisions
_TYPES: Final = {"PERSON": "person", "ORG": "organization", "PLACE": "place", "ISSUE": "issue"}


def read_annotations(name: str = FILE) -> list[dict[str, Any]]:
    """Return the rows of a file, one an article: ``id``, and ``corpus``, ``split`` and what was marked."""
    lines = files("workers.training").joinpath("annotations", name).read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


@cache
def read_texts(path: Path) -> dict[str, dict[str, Any]]:
    """Return the articles of a corpus file by ID; the file is read once."""
    with path.open(encoding="utf-8") as lines:
        return {row["id"]: row for row in map(json.loads, lines)}


def read_articles(corpora: Path, split: str, name: str = FILE) -> Iterator[dict[str, Any]]:
    """Yield the annotations of a split with the ``text`` of each article and its ``mentions`` in the corpora's form.

    Statements that the corpus itself marks have its content and cue. Raises ``KeyError`` if a text is missing.
    """
    for annotation in read_annotations(name):
        if annotation["split"] != split:
            continue
        row = read_source(corpora, annotation)
        mentions = [
            {"start": start, "end": end, "form": form, "type": _TYPES[entity["type"]], "entity": entity["id"]}
            for entity in annotation["entities"]
            for start, end, form in entity["mentions"]
        ]
        statements = [
            statement | {"content": row["attributions"][statement["gold"]]["content"]}
            if "gold" in statement
            else statement | {"content": [statement["content"]]}
            for statement in annotation["statements"]
        ]
        yield annotation | {"text": row["text"], "mentions": mentions, "statements": statements}


def read_stances(corpora: Path, part: str) -> Iterator[dict[str, Any]]:
    """Yield the articles of which only the stances are annotated, with the ``text`` of each.

    ``again`` are the readings of others who did not see the first; each has entities and stances of its own.
    ``part`` is `HEADS`, from which the stance heads learn; `DECISION`, from which the decisions over the article learn,
    as they have to see readings of articles that the heads have not learned; or `HELD_OUT`, a fourth of the articles
    that we wrote. An article of the gold, or of ours on world politics, is never part of `HEADS`.
    """
    gold = {annotation["id"] for annotation in read_annotations()}
    again: dict[str, list[dict[str, Any]]] = {}
    for reading in read_annotations(AGAIN_FILE):
        again.setdefault(reading["id"], []).append(reading)
    for annotation in read_annotations(STANCES_FILE):
        if _part(annotation, gold) == part:
            text = read_source(corpora, annotation)["text"]
            yield annotation | {"text": text, "again": again.get(annotation["id"], [])}


def readings(article: dict[str, Any]) -> list[dict[str, Any]]:
    """Return all readings of an article, each with ``entities`` and ``stances``; the first is the article's own."""
    return [article, *article.get("again", ())]


def read_source(corpora: Path, annotation: dict[str, Any]) -> dict[str, Any]:
    """Return the annotated article itself, of its corpus or of our own; raises ``KeyError`` if it is missing."""
    is_own = annotation["corpus"] == WRITTEN
    texts = written_texts() if is_own else read_texts(corpora / annotation["corpus"] / "train.jsonl")
    return texts[annotation["id"]]


def _part(annotation: dict[str, Any], gold: Container[str]) -> str:
    chance = sha256(annotation["id"].encode()).digest()
    if annotation["corpus"] == WRITTEN and chance[1] % 4 == 0:
        return HELD_OUT
    is_for_decision = annotation["id"] in gold or annotation["id"].startswith(_WORLD_POLITICS)
    return HEADS if not is_for_decision and chance[0] % 5 < _FIFTHS_FOR_HEADS else DECISION


@cache
def written_texts() -> dict[str, dict[str, Any]]:
    """Return the articles that we wrote by ID, in styles that the corpora lack; people and places are invented."""
    return {row["id"]: row for row in read_annotations(WRITTEN_FILE)}
