"""Prints metrics and error analysis: ``python -m workers.training.evaluate --corpora PATH``, or ``make eval``."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from workers.evaluation.analysis import analyse, calibration_table, reliability_bins
from workers.evaluation.dev_sets import evaluate
from workers.evaluation.diagram import reliability_diagrams
from workers.evaluation.predict import RULE_TASKS
from workers.evaluation.scoring import INPUT_FIELDS
from workers.model.encoder import HEADS_FILE
from workers.model.packaged import packaged_weights
from workers.training.model_card import CALIBRATED_TASKS, DIAGRAM_FILE, Card, metrics_table, render

_MEGABYTE = 1_000_000
COMMAND = "make eval CORPORA=…"


def main(arguments: list[str] | None = None) -> None:
    """Print the metrics of each task; with ``--card``, write the model card, too."""
    parser = argparse.ArgumentParser(prog="python -m workers.training.evaluate", description=__doc__)
    parser.add_argument("--corpora", type=Path, required=True, help="the folder of the corpora")
    parser.add_argument("--tasks", nargs="+", choices=list(INPUT_FIELDS), help="evaluate only these")
    parser.add_argument("--model", choices=["trained", "rules"], default="trained", help="the pipeline to evaluate")
    parser.add_argument("--card", type=Path, help="write the model card to this file")
    options = parser.parse_args(arguments)
    tasks = options.tasks or [task for task in INPUT_FIELDS if options.model == "trained" or task in RULE_TASKS]
    if options.card and (options.model != "trained" or len(set(tasks)) < len(INPUT_FIELDS)):
        parser.error("a card needs the trained model and all tasks")
    missing = [task for task in tasks if not (options.corpora / task / "dev.jsonl").is_file()]
    if missing:
        parser.error(f"no dev set in {options.corpora} for {', '.join(missing)}")
    evaluations = []
    for task in tasks:
        evaluation = evaluate(task, options.corpora, options.model)
        evaluations.append(evaluation)
        calibration = [calibration_table(evaluation)] if task in CALIBRATED_TASKS else []
        tables = [metrics_table(evaluation), *calibration, *analyse(evaluation)]
        sys.stdout.write("\n".join(table.markdown() for table in tables) + "\n")
        sys.stdout.flush()
    if options.card:
        folder = packaged_weights()
        heads: dict[str, Any] = json.loads((folder / HEADS_FILE).read_text("utf-8"))
        megabytes = sum(path.stat().st_size for path in folder.iterdir() if path.is_file()) / _MEGABYTE
        today = f"{datetime.now(UTC):%Y-%m-%d}"
        card = Card(heads["name"], megabytes, heads["recipe"], heads.get("folds", {}), COMMAND, today, evaluations)
        options.card.write_text(render(card), encoding="utf-8")
        bins_by_task = {each.task: reliability_bins(each) for each in evaluations if each.task in CALIBRATED_TASKS}
        (options.card.parent / DIAGRAM_FILE).write_text(reliability_diagrams(bins_by_task), encoding="utf-8")


if __name__ == "__main__":
    main()
