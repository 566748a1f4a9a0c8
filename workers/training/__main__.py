"""The whole recipe: ``python -m workers.training --corpora PATH``, which is ``make train CORPORA=PATH``.

Trains, exports and calibrates; interrupted, it goes on where it stopped. ``--only export`` makes the weights from
the checkpoint as it is.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from workers.language.encoder import packaged
from workers.training import antecedents
from workers.training.calibrate import calibrate
from workers.training.export import export
from workers.training.train import Recipe, Run, pretrained


def main() -> None:
    """Read the arguments and follow the recipe."""
    parser = argparse.ArgumentParser(prog="python -m workers.training", description=__doc__)
    parser.add_argument("--corpora", type=Path, required=True, help="the folder of the corpora")
    parser.add_argument("--folder", type=Path, default=Path(".training"), help="where checkpoint and log are kept")
    parser.add_argument("--name", default="minilm6-2026.11", help="the model's name in results")
    parser.add_argument("--only", choices=["train", "export", "calibrate", "antecedents"], help="one step of the recipe")
    given = parser.parse_args()

    def wanted(step: str) -> bool:
        return given.only in {None, step}

    if wanted("train") or wanted("export"):
        run = Run(given.corpora, given.folder, Recipe())
        if wanted("train"):
            run.train()
        if wanted("export"):
            export(run.result(), pretrained() / "vocab.txt", packaged(), given.name, asdict(run.recipe))
    if wanted("calibrate"):
        calibrate(given.corpora)
    if wanted("antecedents"):
        antecedents.train(given.corpora)


if __name__ == "__main__":
    main()
