"""Trains the model: ``python -m workers.training --corpora PATH``, or ``make train CORPORA=PATH``.

Trains in three runs, then a teacher and from it two students, exports their mean and calibrates. After an interruption
it resumes from the last checkpoint. ``--from packaged`` skips the first three runs: the first student begins with the
packaged weights, which are those of students.
"""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor

from workers.model.encoder import HEADS_FILE
from workers.model.packaged import packaged_weights
from workers.training import antecedents, article_decision, attribution_scores
from workers.training.calibrate import calibrate
from workers.training.export import export
from workers.training.network import Network, mean_weights
from workers.training.pretrained import pretrained_folder
from workers.training.restore import restore
from workers.training.runs import (
    HANDWRITTEN_RUN,
    READING_RUN,
    SECOND_STUDENT_RUN,
    STANCE_RUN,
    STANCE_WEIGHTS,
    STUDENT_RUN,
    TEACHER_RUN,
)
from workers.training.train import TrainingRun, initial_network

# Prefixes of the recipe's values in the model card.
_FIRST: Final = "first run, "
_SECOND: Final = "second run, "
_THIRD: Final = "third run, "
_TEACHER: Final = "teacher, "
_STUDENTS: Final = {"student, ": STUDENT_RUN, "second student, ": SECOND_STUDENT_RUN}


def main() -> None:
    """Parse the arguments and run the steps."""
    parser = argparse.ArgumentParser(prog="python -m workers.training", description=__doc__)
    parser.add_argument("--corpora", type=Path, required=True, help="the folder of the corpora")
    parser.add_argument("--folder", type=Path, default=Path(".training"), help="where checkpoints and logs are stored")
    parser.add_argument("--name", default="minilm6-2026.11.5", help="the name of the model in results")
    parser.add_argument(
        "--only",
        choices=["train", "export", "calibrate", "antecedents", "attributions", "stances"],
        help="run one step only",
    )
    parser.add_argument(
        "--from", dest="start", choices=["pretrained", "packaged"], default="pretrained", help="the initial weights"
    )
    options = parser.parse_args()
    torch.set_num_threads(os.cpu_count() or 1)  # `workers` sets one, for the processes of the service

    def runs(step: str) -> bool:
        return options.only in {None, step}

    if runs("train") or runs("export"):
        weights, recipe = _weights_of_third_run(options.corpora, options.folder, options.start)
        teacher = TrainingRun(options.corpora, options.folder / "teacher", TEACHER_RUN)
        teacher.train()
        teacher_network = teacher.result()
        recipe |= {f"{_TEACHER}{name}": value for name, value in asdict(TEACHER_RUN).items()}
        students: list[Network] = []
        for run, config in _STUDENTS.items():
            folder = options.folder / run.removesuffix(", ")
            initial = students[0].state_dict() if students else weights
            student = TrainingRun(options.corpora, folder, config, initial, teacher_network)
            student.train()
            students.append(student.result())
            recipe |= {f"{run}{name}": value for name, value in asdict(config).items()}
        if runs("export"):
            network = initial_network(mean_weights(students), "minilm").eval()
            export(network, pretrained_folder() / "vocab.txt", packaged_weights(), options.name, recipe)
    if runs("calibrate"):
        calibrate(options.corpora)
    if runs("antecedents"):
        antecedents.train(options.corpora)
    if runs("attributions"):
        attribution_scores.write(attribution_scores.train(options.corpora))
    if runs("stances"):
        article_decision.write(article_decision.train(options.corpora))


def _weights_of_third_run(corpora: Path, folder: Path, start: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Return the weights after the third run, trained or packaged, and the recipe of the first three runs."""
    if start == "packaged":
        packaged_recipe = json.loads((packaged_weights() / HEADS_FILE).read_text("utf-8"))["recipe"]
        runs = (_FIRST, _SECOND, _THIRD)
        recipe = {name: value for name, value in packaged_recipe.items() if name.startswith(runs)}
        return {name: torch.from_numpy(value) for name, value in restore(packaged_weights()).items()}, recipe
    first = TrainingRun(corpora, folder / "reading", READING_RUN)
    first.train()
    second = TrainingRun(corpora, folder / "stances", STANCE_RUN, first.result().state_dict())
    second.train()
    third = TrainingRun(corpora, folder / "written", HANDWRITTEN_RUN, _without_stances(second.result().state_dict()))
    third.train()
    recipe = {
        f"{run}{name}": value
        for run, config in ((_FIRST, READING_RUN), (_SECOND, STANCE_RUN), (_THIRD, HANDWRITTEN_RUN))
        for name, value in asdict(config).items()
    }
    return third.result().state_dict(), recipe


def _without_stances(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Drop the weights that a run on stances learns from their initial values."""
    return {name: value for name, value in weights.items() if not name.startswith(STANCE_WEIGHTS)}


if __name__ == "__main__":
    main()
