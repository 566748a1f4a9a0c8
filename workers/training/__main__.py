"""The whole recipe: ``python -m workers.training --corpora PATH``, which is ``make train CORPORA=PATH``.

Trains in two runs, exports and calibrates; interrupted, it goes on where it stopped. ``--only export`` makes the
weights from the last run's checkpoint as it is; ``--from packaged`` leaves the first run out.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Final

import torch

from workers.language.encoder import HEADS, packaged
from workers.training import antecedents
from workers.training.calibrate import calibrate
from workers.training.export import export
from workers.training.restore import restore
from workers.training.train import OF_SECOND, READING, STANCES, Run, pretrained

_FIRST: Final = "first run, "
_SECOND: Final = "second run, "


def main() -> None:
    """Read the arguments and follow the recipe."""
    parser = argparse.ArgumentParser(prog="python -m workers.training", description=__doc__)
    parser.add_argument("--corpora", type=Path, required=True, help="the folder of the corpora")
    parser.add_argument("--folder", type=Path, default=Path(".training"), help="where checkpoint and log are kept")
    parser.add_argument("--name", default="minilm6-2026.11.3", help="the model's name in results")
    parser.add_argument("--only", choices=["train", "export", "calibrate", "antecedents"], help="one step of the recipe")
    parser.add_argument(
        "--from", dest="begin", choices=["pretrained", "packaged"], default="pretrained", help="the first weights"
    )
    given = parser.parse_args()

    def wanted(step: str) -> bool:
        return given.only in {None, step}

    if wanted("train") or wanted("export"):
        if given.begin == "packaged":
            first_weights = {name: value for name, value in restore(packaged()).items() if not name.startswith(OF_SECOND)}
            begin = {name: torch.from_numpy(value) for name, value in first_weights.items()}
            kept = json.loads((packaged() / HEADS).read_text("utf-8"))["recipe"]
            before = {name: value for name, value in kept.items() if name.startswith(_FIRST)}
        else:
            first = Run(given.corpora, given.folder / "reading", READING)
            first.train()
            begin = first.result().state_dict()
            before = {f"{_FIRST}{name}": value for name, value in asdict(READING).items()}
        run = Run(given.corpora, given.folder / "stances", STANCES, begin)
        if wanted("train"):
            run.train()
        if wanted("export"):
            recipe = before | {f"{_SECOND}{name}": value for name, value in asdict(STANCES).items()}
            export(run.result(), pretrained() / "vocab.txt", packaged(), given.name, recipe)
    if wanted("calibrate"):
        calibrate(given.corpora)
    if wanted("antecedents"):
        antecedents.train(given.corpora)


if __name__ == "__main__":
    main()
