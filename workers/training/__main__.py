"""The whole recipe: ``python -m workers.training --corpora PATH``, which is ``make train CORPORA=PATH``.

Trains in three runs, exports and calibrates; interrupted, it goes on where it stopped. ``--from packaged`` leaves the first two
runs out.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor

from workers.model.encoder import HEADS, packaged
from workers.training import pronoun_ranker
from workers.training.calibrate import calibrate
from workers.training.export import export
from workers.training.restore import restore
from workers.training.train import OF_SECOND, READING, STANCES, WRITTEN, Run, pretrained

_FIRST: Final = "first run, "
_SECOND: Final = "second run, "
_THIRD: Final = "third run, "


def main() -> None:
    """Read the arguments and follow the recipe."""
    parser = argparse.ArgumentParser(prog="python -m workers.training", description=__doc__)
    parser.add_argument("--corpora", type=Path, required=True, help="the folder of the corpora")
    parser.add_argument("--folder", type=Path, default=Path(".training"), help="where checkpoint and log are kept")
    parser.add_argument("--name", default="minilm6-2026.11.3", help="the model's name in results")
    parser.add_argument(
        "--only", choices=["train", "export", "calibrate", "antecedents"], help="one step of the recipe"
    )
    parser.add_argument(
        "--from", dest="begin", choices=["pretrained", "packaged"], default="pretrained", help="the first weights"
    )
    given = parser.parse_args()

    def wanted(step: str) -> bool:
        return given.only in {None, step}

    if wanted("train") or wanted("export"):
        begin, recipe = _begin(given.corpora, given.folder, given.begin)
        run = Run(given.corpora, given.folder / "written", WRITTEN, _anew(begin))
        run.train()
        recipe |= {f"{_THIRD}{name}": value for name, value in asdict(WRITTEN).items()}
        if wanted("export"):
            export(run.result(), pretrained() / "vocab.txt", packaged(), given.name, recipe)
    if wanted("calibrate"):
        calibrate(given.corpora)
    if wanted("antecedents"):
        pronoun_ranker.train(given.corpora)


def _begin(corpora: Path, folder: Path, begin: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Return the weights of the second run, made or packaged, and the values that it and the first were run with."""
    if begin == "packaged":
        kept = json.loads((packaged() / HEADS).read_text("utf-8"))["recipe"]
        before = {name: value for name, value in kept.items() if name.startswith((_FIRST, _SECOND))}
        return {name: torch.from_numpy(value) for name, value in restore(packaged()).items()}, before
    first = Run(corpora, folder / "reading", READING)
    first.train()
    second = Run(corpora, folder / "stances", STANCES, first.result().state_dict())
    second.train()
    before = {f"{_FIRST}{name}": value for name, value in asdict(READING).items()}
    return second.result().state_dict(), before | {f"{_SECOND}{name}": value for name, value in asdict(STANCES).items()}


def _anew(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Leave out what a run on stances begins anew."""
    return {name: value for name, value in weights.items() if not name.startswith(OF_SECOND)}


if __name__ == "__main__":
    main()
