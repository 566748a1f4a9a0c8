"""Trains the network: one run over all corpora, with regular checkpoints from which the next start resumes."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from functools import cache
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
from workers.training.losses import STANCE_TASKS, loss, stance_scores, taught_loss
from workers.training.network import Network, load_weights
from workers.training.pretrained import EncoderName, pretrained_folder, pretrained_network
from workers.training.runs import RunConfig
from workers.training.teacher_answers import Answers, of_batch, read_or_ask

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from workers.training.sentences import ExampleSentence

CHECKPOINT_FILE: Final = "checkpoint.pt"


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
        "articles": lambda _: _article_examples(corpora),
    }
    examples = {task: readers[task](task) for task in config.epochs}
    if config.unlabelled:
        examples["target_sentiment"] += article_pairs.unlabelled(examples["articles"], config.unlabelled)
    return examples


@cache
def _article_examples(corpora: Path) -> list[Example]:
    """Return the pairs of whole articles, which take minutes to read and are the same for all students."""
    return article_pairs.examples(read_stances(corpora, HEADS))


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
        A ``teacher`` says beforehand what it takes each pair for.
        Raises ``ValueError`` if the checkpoint was made with another configuration, or if passages without labels have
        no teacher.
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
        if config.unlabelled and teacher is None:
            raise ValueError("passages without labels need a teacher")
        self.teacher = teacher
        self.taught: dict[str, Answers] = {}
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
        if RunConfig(**checkpoint["recipe"]) != self.config:
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
        if self.teacher is not None and self.done < len(self.steps):
            teacher = self.teacher.to(self.device).eval()
            self.taught = read_or_ask(self.folder, teacher, self.examples, self.vocabulary, bfloat16=self.use_bfloat16)
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
        if step.task in self.taught:
            scores = stance_scores(self.network, step.task, batch, outputs)
            taught = of_batch(self.taught[step.task], batch)
            batch_loss = taught_loss(step.task, batch, scores, taught, self.config.teacher_share)
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
