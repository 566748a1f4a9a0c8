"""One line for each run, and one table of all.

python -m tests.faults.report    # the table of what was run so far
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

REPORT = Path(os.environ.get("FAULTS_REPORT", ".faults/report.jsonl"))


@dataclass(frozen=True)
class Line:
    """What one fault did. ``recovery_s`` is None where nothing stopped; ``bound_s`` is what it must not exceed."""

    commit: str
    pace: str
    fault: str
    shown_as: str
    database: str
    pipeline: str
    articles: int
    in_flight: int
    lost: int
    doubled: int
    recovery_s: float | None
    bound_s: float
    states: dict[str, int]
    attempts: int
    passed: bool
    seconds: float

    @property
    def key(self) -> tuple[str, ...]:
        """What makes a line the newer form of another."""
        return (self.commit, self.pace, self.fault, self.database, self.pipeline)


def commit() -> str:
    """The commit that is tested, with a mark if the checkout has changes; empty without git."""
    try:
        ran = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True)  # noqa: S607 -- git is on the PATH
    except OSError:
        return ""
    return ran.stdout.strip()


def add(line: Line) -> None:
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    with REPORT.open("a") as file:
        file.write(json.dumps(asdict(line)) + "\n")


def read() -> list[Line]:
    """The last line of each fault, in the order in which they were first run."""
    if not REPORT.exists():
        return []
    lines = [Line(**json.loads(line)) for line in REPORT.read_text().splitlines()]
    return list({line.key: line for line in lines}.values())


def table(lines: Iterable[Line]) -> str:
    """The lines as a table in Markdown."""
    head = ("fault", "database", "pipeline", "articles", "in flight", "lost", "doubled", "recovery s", "bound s", "")
    rows = [
        (
            line.shown_as,
            line.database,
            line.pipeline,
            str(line.articles),
            str(line.in_flight),
            str(line.lost),
            str(line.doubled),
            "–" if line.recovery_s is None else f"{line.recovery_s:.1f}",
            f"{line.bound_s:g}" if line.bound_s else "–",
            "" if line.passed else "FAILED",
        )
        for line in lines
    ]
    widths = [max(len(row[place]) for row in [head, *rows]) for place in range(len(head))]
    rule = tuple("-" * width for width in widths)
    return "\n".join("| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in [head, rule, *rows])


if __name__ == "__main__":
    print(table(read()))  # noqa: T201 -- it is what the command is for
