"""Stores one line per run of a fault, and prints a table of all runs: ``python -m tests.faults.report``.

With ``--write`` the table goes into the documentation."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

PAGE = Path("docs/faults.md")
_BEGIN, _END = "<!-- faults: written by `make faults-table` -->", "<!-- end of faults -->"
_FORMS = {"long": "The long form, as in production", "short": "The short form"}
REPORT = Path(os.environ.get("FAULTS_REPORT", ".faults/report.jsonl"))


@dataclass(frozen=True)
class FaultRun:
    """The outcome of one run. ``recovery_s`` is None if the fault stops nothing; it must not exceed ``bound_s``."""

    commit: str
    pace: str
    fault: str
    title: str
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
    told_by: str = ""
    told_s: float | None = None

    @property
    def key(self) -> tuple[str, ...]:
        """Identifies runs of the same fault at the same commit, of which only the last is reported."""
        return (self.commit, self.pace, self.fault, self.database, self.pipeline)


def current_commit() -> str:
    """Return the commit under test, with a mark if the checkout has changes; empty without git."""
    try:
        git = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True)  # noqa: S607 -- git is on the PATH
    except OSError:
        return ""
    return git.stdout.strip()


def append_run(run: FaultRun) -> None:
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    with REPORT.open("a") as file:
        file.write(json.dumps(asdict(run)) + "\n")


def read_runs() -> list[FaultRun]:
    """Return the last run of each fault, in the order in which the faults were first run."""
    if not REPORT.exists():
        return []
    runs = [FaultRun(**json.loads(line)) for line in REPORT.read_text().splitlines()]
    return list({run.key: run for run in runs}.values())


def table(runs: Iterable[FaultRun]) -> str:
    """Return the runs as a table in Markdown."""
    head = (
        "fault",
        "database",
        "pipeline",
        "articles",
        "in flight",
        "lost",
        "doubled",
        "recovery s",
        "bound s",
        "told by",
        "told s",
        "",
    )
    rows = [
        (
            run.title,
            run.database,
            run.pipeline,
            str(run.articles),
            str(run.in_flight),
            str(run.lost),
            str(run.doubled),
            "–" if run.recovery_s is None else f"{run.recovery_s:.1f}",
            f"{run.bound_s:g}" if run.bound_s else "–",
            run.told_by or "–",
            "–" if run.told_s is None else f"{run.told_s:.1f}",
            "" if run.passed else "FAILED",
        )
        for run in runs
    ]
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    rule = tuple("-" * width for width in widths)
    return "\n".join("| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in [head, rule, *rows])


def write_page(text: str) -> str:
    """Return the page ``text`` with the last run of each fault, of all commits, between its marks."""
    latest = {run.key[1:]: run for run in read_runs()}
    before, rest = text.split(_BEGIN, 1)
    content = "\n\n"
    for pace, form in _FORMS.items():
        runs = [run for run in latest.values() if run.pace == pace]
        if runs:
            commits = ", ".join(sorted({run.commit for run in runs}))
            content += f"{form}, {len(runs)} runs; commits: {commits}.\n\n{table(runs)}\n\n"
    return f"{before}{_BEGIN}{content}{_END}{rest.split(_END, 1)[1]}"


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(write_page(PAGE.read_text()))
    else:
        print(table(read_runs()))  # noqa: T201 -- the output of the command
