"""Trains the ranker of pronoun antecedents on the coreference corpus.

Each document is read with names from three sources (``coreference_corpus.NAME_SOURCES``), which makes the weights less
dependent on how names are found. The ranker's features include its own earlier answers. The weights are therefore
fitted first on documents answered by the corpus, then once more with documents answered by the first weights
(Ross et al. 2011).
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final

import torch

from workers.coreference.antecedents import WEIGHTS, AntecedentRanker, CandidateSet, Features
from workers.training.coreference_corpus import NAME_SOURCES, CorefReader, Document, name_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SEED: Final = 20261124
ROUNDS: Final = 2
FOLDS: Final = 5
THRESHOLDS: Final = (0.0, 0.4, 0.5)
# The loss of F1 that is accepted for fewer wrong answers.
MAX_F1_LOSS: Final = 0.005
DECAY: Final = 0.02
STEPS: Final = 60


@dataclass(frozen=True, slots=True)
class Example:
    """One pronoun: the features of its candidates, which of them are correct, and the weight of the pronoun."""

    candidates: list[Features]
    correct: list[bool]
    weight: float


def collect(reader: CorefReader, documents: Iterable[Document], ranker: AntecedentRanker | None) -> list[Example]:
    """Return the pronouns of the documents as examples; ``ranker``, or else the corpus, answers earlier pronouns."""
    examples: list[Example] = []
    for document in documents:
        count = len(document.gold)

        def choose(choice: CandidateSet, document: Document = document, count: int = count) -> int | None:
            correct = document.correct(choice)
            if choice.token in document.gold:
                examples.append(Example(choice.features, correct, count**-0.5))
            return choice.keys[correct.index(True)] if ranker is None else ranker.choose(choice)

        reader.answer(document, choose)
    return examples


def fit(examples: Sequence[Example], decay: float = DECAY) -> Features:
    """Return the weights under which the correct candidates are most probable, with weight decay."""
    names = sorted({name for example in examples for features in example.candidates for name in features})
    index = {name: n for n, name in enumerate(names)}
    width = max(len(example.candidates) for example in examples)
    table = torch.zeros(len(examples), width, len(names))
    mask = torch.full((len(examples), width), float("-inf"))
    correct = torch.full((len(examples), width), float("-inf"))
    for e, example in enumerate(examples):
        for c, features in enumerate(example.candidates):
            mask[e, c] = 0.0
            if example.correct[c]:
                correct[e, c] = 0.0
            for name, value in features.items():
                table[e, c, index[name]] = value
    example_weights = torch.tensor([example.weight for example in examples])
    weights = torch.zeros(len(names), requires_grad=True)
    optimizer = torch.optim.LBFGS([weights], max_iter=STEPS, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        scores = table @ weights
        log_likelihood = torch.logsumexp(scores + correct, 1) - torch.logsumexp(scores + mask, 1)
        mean = (log_likelihood * example_weights).sum() / example_weights.sum()
        loss: torch.Tensor = -mean + decay * weights.square().sum() / 10
        loss.backward()
        return loss

    optimizer.step(closure)
    return {name: round(value, 3) for name, value in zip(names, weights.tolist(), strict=True)}


def learn(reader: CorefReader, documents: Sequence[Document], decay: float = DECAY) -> AntecedentRanker:
    """Fit the weights in ``ROUNDS`` rounds; each adds examples answered by the weights of the round before."""
    examples = collect(reader, documents, None)
    ranker = AntecedentRanker(fit(examples, decay), 0.0)
    for _ in range(ROUNDS - 1):
        examples += collect(reader, documents, ranker)
        ranker = AntecedentRanker(fit(examples, decay), 0.0)
    return ranker


@dataclass(slots=True)
class PronounScore:
    """Counts of pronouns with a name: correct answers, all answers, and those in the gold."""

    correct: int = 0
    answered: int = 0
    gold: int = 0

    def f1(self) -> float:
        """Return the harmonic mean of precision and recall."""
        return 2 * self.correct / (self.answered + self.gold) if self.answered + self.gold else 0.0


def measure(
    reader: CorefReader, documents: Iterable[Document], weights: Features, scores: dict[float, PronounScore]
) -> None:
    """Add the answers of a ranker with ``weights`` to the score of each threshold in ``scores``."""
    for document in documents:
        for threshold, score in scores.items():
            ranker = AntecedentRanker(weights, threshold)

            def choose(
                choice: CandidateSet,
                document: Document = document,
                ranker: AntecedentRanker = ranker,
                score: PronounScore = score,
            ) -> int | None:
                key = ranker.choose(choice)
                if choice.token in document.gold:
                    words = name_words(choice.names[choice.keys.index(key)])
                    gold = document.gold[choice.token]
                    score.correct += bool(words) and bool(gold) and words <= gold
                    score.answered += bool(words)
                    score.gold += bool(gold)
                return key

            reader.answer(document, choose)


def cross_validate(reader: CorefReader, rows: list[dict[str, Document]]) -> dict[str, dict[float, PronounScore]]:
    """Return the score of each threshold by the source of the names, on documents that were not trained on."""
    order = list(rows)
    random.Random(SEED).shuffle(order)  # noqa: S311  # a reproducible order, not a secret
    scores = {source: {threshold: PronounScore() for threshold in THRESHOLDS} for source in ("rules", "corpus")}
    for fold in range(FOLDS):
        train_rows = [row for n, row in enumerate(order) if n % FOLDS != fold]
        held_out_rows = [row for n, row in enumerate(order) if n % FOLDS == fold]
        weights = learn(reader, [document for row in train_rows for document in row.values()]).weights
        for source, by_threshold in scores.items():
            measure(reader, [row[source] for row in held_out_rows], weights, by_threshold)
    return scores


def best_threshold(scores: dict[str, dict[float, PronounScore]]) -> float:
    """Return the highest threshold whose mean F1 is at most ``MAX_F1_LOSS`` below the best.

    A higher threshold gives no answer instead of a doubtful one.
    """
    f1 = {
        threshold: sum(by_threshold[threshold].f1() for by_threshold in scores.values()) / len(scores)
        for threshold in THRESHOLDS
    }
    return max(threshold for threshold in THRESHOLDS if f1[threshold] >= max(f1.values()) - MAX_F1_LOSS)


def train(corpora: Path) -> None:
    """Learn the weights from the coreference corpus in the folder ``corpora`` and write them into the package.

    Prints a line of JSON for each source of names, with the cross-validated F1 of each threshold.
    """
    torch.manual_seed(SEED)
    reader = CorefReader()
    lines = (corpora / "coreference" / "train.jsonl").read_text("utf-8").splitlines()
    rows = [{source: reader.read(json.loads(line), source) for source in NAME_SOURCES} for line in lines]
    rows = [row for row in rows if row["rules"].gold]
    scores = cross_validate(reader, rows)
    for source, by_threshold in scores.items():
        f1 = {str(threshold): round(score.f1(), 4) for threshold, score in by_threshold.items()}
        print(json.dumps({"names": source} | f1))  # noqa: T201  # progress of the training run
    ranker = learn(reader, [document for row in rows for document in row.values()])
    weights = {"threshold": best_threshold(scores), "weights": ranker.weights}
    Path(str(files("workers.coreference").joinpath(WEIGHTS))).write_text(
        json.dumps(weights, indent=1, sort_keys=True) + "\n", "utf-8"
    )
