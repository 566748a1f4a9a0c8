"""Agreement of readers on stances: ``python -m workers.training.stance_agreement``; no texts are needed.

``stances_again.jsonl`` has further readings by readers who did not see the others': of the dev articles two, of most
articles of ``stances.jsonl`` one. Parties of two readings are the same if mentions of theirs overlap.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from workers.evaluation.whole_articles import Counts, interval, total
from workers.training.annotated_articles import AGAIN_FILE, DEV, STANCES_FILE, WRITTEN, read_annotations

Row = dict[str, Any]
Stance = tuple[Row | None, str, Row]  # holder, side, target
_ISSUE: Final = "ISSUE"


def compare(first: Row, second: Row, belongs: Callable[[Stance], bool]) -> Counts:
    """Return the counts of one article: the first reading's stances are wanted, the second's given."""
    wanted, given = list(_stances(first)), list(_stances(second))
    confirmed = [any(is_same(stance, other) for other in given) for stance in wanted if belongs(stance)]
    right = [any(is_same(stance, other) for other in wanted) for stance in given if belongs(stance)]
    return Counts(sum(right), len(right), sum(confirmed), len(confirmed))


def is_same(stance: Stance, other: Stance) -> bool:
    """Return whether two readers mean the same stance."""
    is_same_kind = is_on_issue(stance) == is_on_issue(other)
    return is_same_kind and stance[1] == other[1] and _overlap(stance[0], other[0]) and _overlap(stance[2], other[2])


def is_on_issue(stance: Stance) -> bool:
    """Return whether the target is an issue."""
    return bool(stance[2]["type"] == _ISSUE)


def is_between_parties(stance: Stance) -> bool:
    """Return whether holder and target are parties."""
    return stance[0] is not None and stance[2]["type"] != _ISSUE


def _overlap(party: Row | None, other: Row | None) -> bool:
    if party is None or other is None:
        return party is other
    return any(
        max(start, other_start) < min(end, other_end)
        for start, end, _ in party["mentions"]
        for other_start, other_end, _ in other["mentions"]
    )


def _stances(row: Row) -> Iterator[Stance]:
    parties = {entity["id"]: entity for entity in row["entities"]}
    for stance in row["stances"]:
        yield parties.get(stance["holder"]), stance["side"], parties[stance["target"]]


def pairs_of_readings() -> dict[str, list[tuple[Row, Row]]]:
    """Return the pairs of readings of one article, by what is compared."""
    gold = {row["id"]: row for row in read_annotations() if row["split"] == DEV}
    first = {row["id"]: row for row in read_annotations(STANCES_FILE)}
    again = read_annotations(AGAIN_FILE)
    of_dev = {number: {row["id"]: row for row in again if row.get("reading") == number} for number in (1, 2)}
    others = [(first[row["id"]], row) for row in again if "reading" not in row]
    return {
        "stances.jsonl, articles of the corpora": [pair for pair in others if pair[1]["corpus"] != WRITTEN],
        "stances.jsonl, articles of our own": [pair for pair in others if pair[1]["corpus"] == WRITTEN],
        "dev, two further readers": [(row, of_dev[2][name]) for name, row in of_dev[1].items() if name in of_dev[2]],
        "dev, gold and first further reader": [(gold[name], row) for name, row in of_dev[1].items()],
        "dev, gold and second further reader": [(gold[name], row) for name, row in of_dev[2].items()],
    }


def lines(pairs: dict[str, list[tuple[Row, Row]]]) -> Iterable[str]:
    """Yield a line of JSON for each comparison and group of stances."""
    for name, readings in pairs.items():
        for group, belongs in (("parties", is_between_parties), ("issues", is_on_issue)):
            counts = [compare(first, second, belongs) for first, second in readings]
            if not counts:
                continue
            both = total(counts)
            low, high = interval(counts, lambda each: each.f1)
            yield json.dumps(
                {
                    "readings": name,
                    "stances": group,
                    "articles": len(counts),
                    "first": int(both.wanted),
                    "found by the second": int(both.right_wanted),
                    "second": int(both.given),
                    "found by the first": int(both.right_given),
                    "f1": round(both.f1, 3),
                    "interval": [round(low, 3), round(high, 3)],
                }
            )


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in lines(pairs_of_readings()))
