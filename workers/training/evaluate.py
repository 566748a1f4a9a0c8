"""Every figure and the error analysis: ``python -m workers.training.evaluate --corpora PATH``, or ``make eval``."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from workers.evaluation.analysis import analyse, bins_of, calibration_table
from workers.evaluation.dev_sets import evaluate
from workers.evaluation.diagram import diagrams
from workers.evaluation.predict import BY_RULE
from workers.evaluation.scoring import VISIBLE
from workers.model.encoder import packaged
from workers.training.model_card import CALIBRATED, DIAGRAM, Card, figures_table, render

_MEGABYTE = 1_000_000
COMMAND = "make eval CORPORA=…"


def main(arguments: list[str] | None = None) -> None:
    """Print the figures of each task; with ``--card``, write the model card too."""
    parser = argparse.ArgumentParser(prog="python -m workers.training.evaluate", description=__doc__)
    parser.add_argument("--corpora", type=Path, required=True, help="the folder of the corpora")
    parser.add_argument("--tasks", nargs="+", choices=list(VISIBLE), help="these alone")
    parser.add_argument("--model", choices=["trained", "rules"], default="trained", help="what answers")
    parser.add_argument("--card", type=Path, help="write the model card to this file")
    given = parser.parse_args(arguments)
    given.tasks = given.tasks or [task for task in VISIBLE if given.model == "trained" or task in BY_RULE]
    if given.card and (given.model != "trained" or len(set(given.tasks)) < len(VISIBLE)):
        parser.error("a card is about the trained model and all tasks")
    missing = [task for task in given.tasks if not (given.corpora / task / "dev.jsonl").is_file()]
    if missing:
        parser.error(f"no dev set in {given.corpora} for {', '.join(missing)}")
    done = []
    for task in given.tasks:
        one = evaluate(task, given.corpora, given.model)
        done.append(one)
        tables = [figures_table(one), *([calibration_table(one)] if task in CALIBRATED else []), *analyse(one)]
        sys.stdout.write("\n".join(table.markdown() for table in tables) + "\n")
        sys.stdout.flush()
    if given.card:
        folder = packaged()
        heads: dict[str, Any] = json.loads((folder / "heads.json").read_text("utf-8"))
        megabytes = sum(path.stat().st_size for path in folder.iterdir() if path.is_file()) / _MEGABYTE
        today = f"{datetime.now(UTC):%Y-%m-%d}"
        card = Card(heads["name"], megabytes, heads["recipe"], heads.get("folds", {}), COMMAND, today, done)
        given.card.write_text(render(card), encoding="utf-8")
        picture = diagrams({one.task: bins_of(one) for one in done if one.task in CALIBRATED})
        (given.card.parent / DIAGRAM).write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main()
