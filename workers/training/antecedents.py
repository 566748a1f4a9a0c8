"""Trains the antecedent head on the vectors of the packaged encoder, and a second one on the features alone.

The encoder itself is not changed, so nothing else that it reads can suffer. The loss is the negative logarithm of the
probability of all right candidates together, or of "none" where no candidate is right (Lee et al., EMNLP 2017).
"""

from __future__ import annotations

import json
import random
from dataclasses import fields
from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from workers.coreference.candidates import FEATURES
from workers.coreference.mentions import Anaphor, Form
from workers.model.antecedent_head import (
    RULES_WEIGHTS_FILE,
    WEIGHTS_FILE,
    WIDTH,
    AntecedentHead,
)
from workers.model.packaged import packaged_weights
from workers.training.annotated_articles import DEV, TRAIN, read_articles
from workers.training.coreference_documents import ARTICLES, CORPORA, GAP, UNKNOWN, CorpusReader

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from workers.training.coreference_documents import Document

VECTOR: Final = 768  # of a word
SEED: Final = 20261128
EPOCHS: Final = 5
RATE: Final = 1e-3
DROPOUT: Final = 0.3
MENTIONS_PER_STEP: Final = 250
# Weights of the corpora's anaphors: GAP has one a text, fiction is many and far from news.
CORPUS_WEIGHTS: Final = {GAP: 3.0, "coreference": 1.0, "coreference_fiction": 0.5, ARTICLES: 1.0}
DESCRIPTION_WEIGHT: Final = 0.4
_MASKED: Final = -1e4


class HeadNetwork(nn.Module):
    """The parameters of ``AntecedentHead``, trainable; computes the same scores."""

    def __init__(self, inputs: int) -> None:
        """Create the head for mention vectors of ``inputs`` numbers; 0 for the features alone."""
        super().__init__()
        self.anaphor = nn.Linear(inputs, WIDTH)
        self.antecedent = nn.Linear(inputs, WIDTH, bias=False)
        self.anaphor_factor = nn.Linear(inputs, WIDTH)
        self.antecedent_factor = nn.Linear(inputs, WIDTH)
        self.product = nn.Linear(WIDTH, WIDTH, bias=False)
        self.features = nn.EmbeddingBag(FEATURES, WIDTH, mode="sum")
        self.feature_scores = nn.EmbeddingBag(FEATURES, 1, mode="sum")
        self.score = nn.Linear(WIDTH, 1)
        self.none = nn.Linear(inputs, WIDTH)
        self.none_classes = nn.Embedding(len(Anaphor), WIDTH)
        self.none_score = nn.Linear(WIDTH, 1)
        self.dropout = nn.Dropout(DROPOUT)
        nn.init.normal_(self.features.weight, std=0.02)
        nn.init.zeros_(self.feature_scores.weight)
        if not inputs:
            for factor in (self.anaphor_factor, self.antecedent_factor):
                nn.init.zeros_(factor.bias)

    def forward(
        self, vectors: Tensor, pairs: Tensor, features: Tensor, anaphors: Tensor, classes: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return the scores of pairs and of "none"; see ``AntecedentHead.score_pairs``."""
        mentions = self.dropout(vectors)
        product = self.anaphor_factor(mentions)[pairs[:, 0]] * self.antecedent_factor(mentions)[pairs[:, 1]]
        hidden = self.anaphor(mentions)[pairs[:, 0]] + self.antecedent(mentions)[pairs[:, 1]]
        hidden = hidden + self.product(product) + self.features(features)
        scores = self.score(self.dropout(functional.gelu(hidden, approximate="tanh")))[:, 0]
        scores = scores + product.sum(1) / WIDTH**0.5 + self.feature_scores(features)[:, 0]
        none_hidden = self.none(mentions[anaphors]) + self.none_classes(classes)
        return scores, self.none_score(self.dropout(functional.gelu(none_hidden, approximate="tanh")))[:, 0]

    def arrays(self, temperature: float) -> dict[str, np.ndarray]:
        """Return the parameters by the names of ``AntecedentHead``, as 16-bit floats."""
        state = {name: value.detach().numpy() for name, value in self.state_dict().items()}
        arrays = {name.replace(".weight", "").replace(".bias", "_bias"): value for name, value in state.items()}
        arrays["feature_scores"] = arrays["feature_scores"][:, 0]
        arrays["temperature"] = np.array([temperature])
        names = {field.name for field in fields(AntecedentHead)}
        return {name: value.astype(np.float16) for name, value in arrays.items() if name in names}


class Example:
    """A document as tensors, with a table of its scores: a row for each anaphor, "none" in the first column."""

    def __init__(self, document: Document, *, vectors: bool) -> None:
        """Keep the pairs whose answers the corpus knows."""
        candidates = document.candidates
        self.weight = CORPUS_WEIGHTS[document.corpus]
        rows: list[int] = []
        columns: list[int] = []
        kept: list[int] = []
        right: list[bool] = []
        self.anaphors = [n for n, trained in enumerate(document.trained) if trained]
        for row, n in enumerate(self.anaphors):
            known = [k for k in range(*candidates.ranges[n]) if document.correct[k] != UNKNOWN]
            kept += known
            rows += [row] * len(known)
            columns += range(1, len(known) + 1)
            right += [document.correct[k] == 1 for k in known]
        self.rows, self.columns = torch.tensor(rows, dtype=torch.long), torch.tensor(columns, dtype=torch.long)
        self.right = torch.tensor(right, dtype=torch.bool)
        self.width = max(columns, default=0) + 1
        self.pairs = torch.from_numpy(candidates.pairs[kept])
        self.features = torch.from_numpy(candidates.features[kept])
        indices = [candidates.anaphors[n] for n in self.anaphors]
        self.indices = torch.tensor(indices, dtype=torch.long)
        self.classes = torch.tensor([int(document.mentions[x].anaphor) for x in indices], dtype=torch.long)
        forms = [document.mentions[x].form for x in indices]
        self.weights = torch.tensor([1.0 if form is Form.PRONOUN else DESCRIPTION_WEIGHT for form in forms])
        self.mentions = len(document.mentions)
        self.vectors = torch.from_numpy(document.vectors) if vectors else torch.zeros(self.mentions, 0)

    def table(self, head: HeadNetwork) -> tuple[Tensor, Tensor]:
        """Return the scores [anaphors, 1 + candidates] and which of them are right."""
        scores, none = head(self.vectors.float(), self.pairs, self.features, self.indices, self.classes)
        table = torch.full((len(self.anaphors), self.width), _MASKED)
        table = table.index_put((self.rows, self.columns), scores)
        table = torch.cat([none[:, None], table[:, 1:]], 1)
        right = torch.zeros(table.shape, dtype=torch.bool)
        right[self.rows[self.right], self.columns[self.right]] = True
        right[:, 0] = ~right.any(1)
        return table, right

    def loss(self, head: HeadNetwork) -> Tensor:
        """Return the weighted loss of the document."""
        table, right = self.table(head)
        loss = torch.logsumexp(table, 1) - torch.logsumexp(table.masked_fill(~right, _MASKED), 1)
        return (loss * self.weights).sum() * self.weight


def train_head(examples: Sequence[Example], *, vectors: bool, epochs: int = EPOCHS) -> HeadNetwork:
    """Train a head on the examples and return it."""
    torch.manual_seed(SEED)
    head = HeadNetwork(2 * VECTOR if vectors else 0)
    optimizer = torch.optim.AdamW(head.parameters(), lr=RATE, weight_decay=0.02)
    order = [example for example in examples if example.anaphors and len(example.pairs)]
    steps = epochs * sum(example.mentions for example in order) // MENTIONS_PER_STEP
    step, filled = 0, 0
    head.train()
    for epoch in range(epochs):
        random.Random(SEED + epoch).shuffle(order)  # noqa: S311  # a reproducible order, not a secret
        for example in order:
            (example.loss(head) / 60).backward()
            filled += example.mentions
            if filled < MENTIONS_PER_STEP:
                continue
            step, filled = step + 1, 0
            for group in optimizer.param_groups:
                group["lr"] = RATE * min(1.0, step / 60) * max(0.02, 1 - step / steps)
            nn.utils.clip_grad_norm_(head.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()
    head.eval()
    return head


def fit_temperature(head: HeadNetwork, examples: Sequence[Example]) -> float:
    """Return the temperature under which the answers of the examples are most probable."""
    with torch.no_grad():
        tables = [example.table(head) for example in examples if example.anaphors and len(example.pairs)]

    def loss(temperature: float) -> float:
        total = 0.0
        for table, right in tables:
            scaled = table / temperature
            total += float((torch.logsumexp(scaled, 1) - torch.logsumexp(scaled.masked_fill(~right, _MASKED), 1)).sum())
        return total

    return min((0.6 + 0.05 * n for n in range(41)), key=loss)


def train(corpora: Path) -> None:
    """Train both heads on the coreference corpora and the annotated articles, and write them into the package.

    Prints a line of JSON for each head, with the temperature fitted on the dev parts.
    """
    reader = CorpusReader()
    train_documents, dev_documents = (
        [
            *(
                document
                for corpus in CORPORA
                for document in reader.read_file(corpora / corpus / f"{part}.jsonl", corpus)
            ),
            *(reader.read(row, ARTICLES) for row in read_articles(corpora, part)),
        ]
        for part in (TRAIN, DEV)
    )
    for vectors, name in ((True, WEIGHTS_FILE), (False, RULES_WEIGHTS_FILE)):
        examples = [Example(document, vectors=vectors) for document in train_documents]
        head = train_head(examples, vectors=vectors)
        temperature = fit_temperature(head, [Example(document, vectors=vectors) for document in dev_documents])
        np.savez_compressed(packaged_weights() / name, **head.arrays(temperature))  # type: ignore[arg-type]  # only arrays
        print(json.dumps({"head": name, "temperature": round(temperature, 2)}))  # noqa: T201  # progress of the run
