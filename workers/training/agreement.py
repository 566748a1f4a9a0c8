"""Agreement of two annotators on whole articles: ``python -m workers.training.agreement``; no texts are needed.

With ``--earlier FILE``, an earlier version of the gold, it compares that version with the present gold on the articles
that were read a second time, and so shows how much was corrected.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from workers.evaluation.dev_sets import Interval
from workers.evaluation.whole_articles import Counts, Span, align_matches, interval, score_entities, total
from workers.training.annotated_articles import SECOND_FILE, read_annotations

if TYPE_CHECKING:
    from collections.abc import Iterable

Row = dict[str, Any]
REREAD_ARTICLES: Final = 32  # a tenth of the gold


def compare(first: Row, second: Row) -> dict[str, Counts]:
    """Return the counts of one article, with the second annotator's reading as the answers.

    ``mentions`` are those with the same offsets; ``b3`` and ``lea`` compare entities; ``speakers`` those of statements
    that the corpus marks; ``stances`` the triples of holder, side and target, by aligned entities.
    """
    gold, answers = _mentions(first), _mentions(second)
    numbers = {entity["id"]: number for number, entity in enumerate(second["entities"])}
    predicted = {span: numbers[entity] for span, entity in answers.items()}
    matches = {span: span for span in predicted if span in gold}
    alignment = align_matches(gold, predicted, matches)
    of_second = {name: alignment.get(number, f"other {name}") for name, number in numbers.items()} | {None: None}
    speakers = {statement["gold"]: statement["speaker"] for statement in first["statements"] if "gold" in statement}
    others = {statement["gold"]: statement["speaker"] for statement in second["statements"] if "gold" in statement}
    same = sum(of_second[others[number]] == speaker for number, speaker in speakers.items() if number in others)
    wanted = {(stance["holder"], stance["side"], stance["target"]) for stance in first["stances"]}
    given = {(of_second[stance["holder"]], stance["side"], of_second[stance["target"]]) for stance in second["stances"]}
    return {
        "mentions": Counts(len(matches), len(predicted), len(matches), len(gold)),
        **score_entities(gold, predicted, matches),
        "speakers": Counts(same, len(others), same, len(speakers)),
        "stances": Counts(len(wanted & given), len(given), len(wanted & given), len(wanted)),
    }


def _mentions(row: Row) -> dict[Span, str]:
    return {(start, end): entity["id"] for entity in row["entities"] for start, end, _ in entity["mentions"]}


def reread_ids() -> list[str]:
    """Return the IDs of the articles that were read a second time.

    They are the first by the SHA-256 of their ID, without those that a second annotator marked (``second.jsonl``).
    """
    others = {row["id"] for row in read_annotations(SECOND_FILE)}
    ids = (row["id"] for row in read_annotations())
    return sorted(set(ids) - others, key=lambda name: hashlib.sha256(name.encode()).hexdigest())[:REREAD_ARTICLES]


def measure(firsts: Iterable[Row], seconds: Iterable[Row]) -> dict[str, tuple[float, Interval]]:
    """Return F1 and its interval for each kind of annotation; raises ``KeyError`` if a first reading is missing."""
    firsts_by_id = {row["id"]: row for row in firsts}
    compared = [compare(firsts_by_id[row["id"]], row) for row in seconds]
    results = {}
    for kind in compared[0]:
        counts = [article[kind] for article in compared]
        results[kind] = total(counts).f1, interval(counts, lambda each: each.f1)
    return results


def main() -> None:
    """Print a line of JSON for each kind of annotation."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--earlier", type=Path, help="an earlier version of the gold")
    earlier: Path | None = parser.parse_args().earlier
    gold = {row["id"]: row for row in read_annotations()}
    if earlier is None:
        results = measure(gold.values(), read_annotations(SECOND_FILE))
    else:
        lines = earlier.read_text("utf-8").splitlines()
        results = measure(map(json.loads, lines), (gold[name] for name in reread_ids()))
    for kind, (f1, (low, high)) in results.items():
        sys.stdout.write(
            json.dumps({"kind": kind, "f1": round(f1, 3), "low": round(low, 3), "high": round(high, 3)}) + "\n"
        )


if __name__ == "__main__":
    main()
