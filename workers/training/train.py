"""Trains the network: one run over all corpora, with regular checkpoints from which the next start resumes."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import torch
from torch.nn import Parameter
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR

from workers.model.wordpiece import WordPieces
from workers.training import article_pairs, handwritten, sentences, stance_corpora, templated
from workers.training.annotated_articles import HEADS, read_stances
from workers.training.batches import Step, collate, plan_steps
from workers.training.corpora import CorpusReader, Example
from workers.training.losses import STANCE_TASKS, loss, stance_loss, stance_scores
from workers.training.network import Network, load_weights
from workers.training.pretrained import EncoderName, pretrained_folder, pretrained_network

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from workers.training.sentences import ExampleSentence

CHECKPOINT_FILE: Final = "checkpoint.pt"


@dataclass(frozen=True, slots=True)
class RunConfig:
    """Everything except the corpora that determines a run.

    The names of the fields are stored in checkpoints and, as the recipe, with the packaged weights.
    ``epochs`` are by task. ``rate``, ``head_rate`` and ``table_rate`` are the learning rates of the encoder, of the
    heads, and of transitions and distances, which are few numbers and far from their start values. ``warmup`` is a
    share of all steps; ``average`` is the decay of the averaged weights. ``handwritten`` is the number of copies of the
    handwritten examples that is added to a task; of the sentences made from templates, one in ``every_templated`` is.
    ``shares`` weighs the loss of a task, which is a mean per word or per
    pair; the default weight is 1. Only weights whose names begin with one of ``only`` are trained. ``teacher_share`` is
    the weight of a teacher's answers beside the labels of the corpora.
    """

    epochs: dict[str, float]
    encoder: EncoderName = "minilm"
    rate: float = 2e-4
    head_rate: float = 1e-3
    table_rate: float = 2e-2
    decay: float = 0.01
    warmup: float = 0.06
    average: float = 0.998
    clip: float = 1.0
    seed: int = 20261124
    handwritten: dict[str, int] = field(default_factory=dict)
    shares: dict[str, float] = field(default_factory=dict)
    only: tuple[str, ...] = ("",)
    teacher_share: float = 0.5
    every_templated: int = 1


# The first run learns attributions and entities. The second learns stances, and repeats the tasks of the first so that
# they are not forgotten. The third starts from the second run's weights, learns stances once more, with handwritten
# sentences and for longer on single targets.
READING_RUN: Final = RunConfig({"attributions": 6.0, "entities": 5.0, "syntax": 2.0})
STANCE_RUN: Final = RunConfig(
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
HANDWRITTEN_RUN: Final = replace(
    STANCE_RUN,
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
TAUGHT_TASKS: Final = frozenset({"stance_pairs", "target_sentiment"})
# Prefixes of the weights for stances, which the second and the third run each learn from their initial values.
STANCE_WEIGHTS: Final = ("branch", "heads.stances", "heads.claims", "pairs", "claims")
# A teacher of base size learns pairs and single targets. The last layers for stances of the network that is shipped
# learn them from it and from the labels, and pairs of whole articles and claims from labels alone. All other weights
# stay as they are, so that nothing else can suffer.
TEACHER_RUN: Final = RunConfig(
    {"stance_pairs": 1.55, "target_sentiment": 1.35},
    encoder="mpnet",
    rate=5e-5,
    head_rate=5e-4,
    handwritten={"stance_pairs": 1},
    every_templated=3,
    only=("layers.4", "layers.5", "layers.6", "layers.7", "layers.8", *STANCE_WEIGHTS),
)
STUDENT_RUN: Final = RunConfig(
    {"stance_pairs": 1.1, "target_sentiment": 1.5, "claim_stance": 0.75, "articles": 1.85},
    rate=1e-4,
    head_rate=5e-4,
    handwritten={"stance_pairs": 1, "claim_stance": 1},
    every_templated=3,
    only=STANCE_WEIGHTS,
)


def read_examples(corpora: Path, vocabulary: WordPieces, config: RunConfig) -> dict[str, list[Example]]:
    """Read the training split of each task of a run, and our own examples for the task."""
    reader = CorpusReader(corpora, vocabulary)

    def own_sentences(task: str) -> list[ExampleSentence]:
        of_templates = templated.sentences()[:: config.every_templated]
        return [*of_templates, *config.handwritten.get(task, 0) * handwritten.sentences()]

    readers: dict[str, Callable[[str], list[Example]]] = {
        "attributions": lambda _: reader.attributions("train"),
        "entities": lambda _: reader.entities("train"),
        "syntax": lambda _: reader.syntax(),
        "stance_pairs": lambda task: (
            stance_corpora.stance_pairs(reader, "train") + sentences.pair_examples(reader, own_sentences(task))
        ),
        "target_sentiment": lambda task: (
            stance_corpora.target_sentiment(reader, "train") + sentences.target_examples(reader, own_sentences(task))
        ),
        "claim_stance": lambda task: (
            stance_corpora.claim_stance(reader, "train")
            + config.handwritten.get(task, 0) * handwritten.claim_examples(reader)
        ),
        "articles": lambda _: article_pairs.examples(read_stances(corpora, HEADS)),
    }
    return {task: readers[task](task) for task in config.epochs}


def initial_network(weights: Mapping[str, torch.Tensor] | None, encoder: EncoderName) -> Network:
    """Return a network with the given weights; all others are those of the pretrained encoder, or random."""
    network = pretrained_network(encoder)
    if weights:
        load_weights(network, weights)
    return network


class TrainingRun:
    """One training run in a folder of its own, with ``log.jsonl`` and ``checkpoint.pt``."""

    def __init__(
        self,
        corpora: Path,
        folder: Path,
        config: RunConfig,
        initial_weights: Mapping[str, torch.Tensor] | None = None,
        teacher: Network | None = None,
        report: Callable[[str], None] = print,
    ) -> None:
        """Read the corpora, build the network and resume from the folder's checkpoint if it exists.

        Without a checkpoint the network begins with ``initial_weights``, or with the pretrained encoder's weights.
        A ``teacher`` answers every batch of stances as well.
        Raises ``ValueError`` if the checkpoint was made with another configuration.
        """
        self.folder, self.config, self.report = folder, config, report
        folder.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(config.seed)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        # PyTorch has no public function that reports whether the CPU supports bfloat16.
        self.use_bfloat16 = self.device.type == "cuda" or bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())  # noqa: SLF001
        self.vocabulary = WordPieces(pretrained_folder() / "vocab.txt")
        self.examples = read_examples(corpora, self.vocabulary, config)
        tasks = {task: (examples, config.epochs[task]) for task, examples in self.examples.items()}
        self.steps = plan_steps(tasks, config.seed)
        self.network = initial_network(initial_weights, config.encoder).to(self.device)
        self.teacher = teacher.to(self.device).eval() if teacher else None
        parameters_by_rate: dict[float, list[Parameter]] = {}
        for name, parameter in self.network.named_parameters():
            if name.startswith(config.only):
                parameters_by_rate.setdefault(self._learning_rate(name), []).append(parameter)
            else:
                parameter.requires_grad_(requires_grad=False)
        self.optimizer = AdamW(
            [{"params": parameters, "lr": rate} for rate, parameters in parameters_by_rate.items()],
            weight_decay=config.decay,
            fused=True,
        )
        self.schedule = LambdaLR(self.optimizer, self._learning_rate_factor)
        self.averaged = {name: value.detach().clone() for name, value in self.network.state_dict().items()}
        self.done = 0
        self._resume()

    def _learning_rate(self, parameter: str) -> float:
        if parameter.startswith(("pieces", "positions", "kind", "norm", "layers", "branch")):
            return self.config.rate
        if parameter.startswith(("entities", "roles", "distances", "none")):
            return self.config.table_rate
        return self.config.head_rate

    def _learning_rate_factor(self, step: int) -> float:
        """Rise linearly during the warm-up, then fall linearly to 0."""
        warmup_steps = max(1, int(self.config.warmup * len(self.steps)))
        return min((step + 1) / warmup_steps, max(0.0, (len(self.steps) - step) / (len(self.steps) - warmup_steps)))

    def _resume(self) -> None:
        path = self.folder / CHECKPOINT_FILE
        if not path.exists():
            return
        checkpoint: dict[str, Any] = torch.load(path, map_location=self.device, weights_only=True)
        if checkpoint["recipe"] != asdict(self.config):
            raise ValueError(f"{path} was made with another configuration; train in another folder, or delete it")
        self.network.load_state_dict(checkpoint["network"])
        self.optimizer.load_state_dict(checkpoint["optimizer"])
        self.schedule.load_state_dict(checkpoint["schedule"])
        self.averaged = checkpoint["averaged"]
        self.done = checkpoint["done"]
        torch.set_rng_state(checkpoint["chance"].cpu())
        self.report(f"resumed at step {self.done} of {len(self.steps)}")

    def save(self) -> None:
        """Write the checkpoint; a crash while writing leaves the previous one in place."""
        path = self.folder / CHECKPOINT_FILE
        checkpoint = {
            "recipe": asdict(self.config),
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "averaged": self.averaged,
            "done": self.done,
            "chance": torch.get_rng_state(),
        }
        torch.save(checkpoint, path.with_suffix(".new"))
        path.with_suffix(".new").replace(path)

    def result(self) -> Network:
        """Return the network with averaged weights, which are better than those of the last step alone."""
        self.network.load_state_dict(self.averaged)
        return self.network.eval()

    def train(self, log_every: int = 20, checkpoint_every: int = 150) -> None:
        """Run the remaining steps; intervals of log lines and checkpoints are in steps."""
        self.network.train()
        began = time.monotonic()
        pieces_read, losses = 0, dict[str, list[float]]()
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as log:
            for step in self.steps[self.done :]:
                pieces, step_loss = self._step(step)
                pieces_read += pieces
                losses.setdefault(step.task, []).append(step_loss)
                self.done += 1
                if self.done % log_every == 0 or self.done == len(self.steps):
                    entry = {
                        "step": self.done,
                        "of": len(self.steps),
                        "pieces_per_second": round(pieces_read / (time.monotonic() - began)),
                        "loss": {task: round(sum(values) / len(values), 4) for task, values in sorted(losses.items())},
                    }
                    log.write(json.dumps(entry) + "\n")
                    log.flush()
                    self.report(json.dumps(entry))
                    losses.clear()
                if self.done % checkpoint_every == 0 or self.done == len(self.steps):
                    self.save()

    def _trained_weights(self) -> dict[str, torch.Tensor]:
        return {name: value for name, value in self.network.state_dict().items() if name.startswith(self.config.only)}

    def _step(self, step: Step) -> tuple[int, float]:
        """Train on one batch; return its number of pieces and its loss."""
        batch = collate(step, self.examples[step.task], self.vocabulary, self.device)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.use_bfloat16):
            inputs = batch.pieces, batch.shapes, batch.position_types, batch.first_pieces, batch.mask
            outputs = self.network(*inputs, branch=step.task in STANCE_TASKS)
        if self.teacher is not None and step.task in TAUGHT_TASKS:
            with torch.no_grad(), torch.autocast(self.device.type, torch.bfloat16, enabled=self.use_bfloat16):
                taught = stance_scores(self.teacher, step.task, batch, self.teacher(*inputs, branch=True))
            scores = stance_scores(self.network, step.task, batch, outputs)
            batch_loss = stance_loss(step.task, batch, scores, taught.float(), self.config.teacher_share)
        else:
            batch_loss = loss(self.network, step.task, batch, outputs)
        (batch_loss * self.config.shares.get(step.task, 1.0)).backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.config.clip)
        self.optimizer.step()
        self.schedule.step()
        self.optimizer.zero_grad()
        decay = min(self.config.average, (self.done + 1) / (self.done + 10))  # shorter memory in the first steps
        with torch.no_grad():
            for name, value in self._trained_weights().items():
                self.averaged[name].lerp_(value, 1 - decay)
        return int(batch.mask.sum()), float(batch_loss.detach())
