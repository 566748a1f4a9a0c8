"""The gold of whole articles: our annotations of articles of the corpora, joined with their texts.

``annotations/articles.jsonl`` holds offsets only, no text: for each article the entities with all their mentions, the
speaker of each statement, and the stances with their evidence. The guidelines are in ``docs/annotation.md``.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILE: Final = "articles.jsonl"
SECOND_FILE: Final = "second.jsonl"  # other annotators' readings of some of the articles
TRAIN, DEV = "train", "dev"
_TYPES: Final = {"PERSON": "person", "ORG": "organization", "PLACE": "place", "ISSUE": "issue"}


def read_annotations(name: str = FILE) -> list[dict[str, Any]]:
    """Return the annotations of a file, a dictionary an article: ``id``, ``corpus``, ``split`` and what was marked."""
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
        row = read_texts(corpora / annotation["corpus"] / "train.jsonl")[annotation["id"]]
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
