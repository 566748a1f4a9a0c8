"""The loss of each task's batch, per word or per pair.

A student learns stances from the labels and from the probabilities that a teacher gives (Hinton, Vinyals and Dean,
arXiv 1503.02531).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import torch
from torch import Tensor
from torch.nn import functional

from workers.model.tags import ROLES
from workers.training.batches import ARTICLE_TASK

if TYPE_CHECKING:
    from workers.training.batches import Batch
    from workers.training.network import Network

_CUE: Final = ROLES.index("cue")
_LINKED_ROLES: Final = (ROLES.index("source"), ROLES.index("content"))
# Weight of each class of a pair of names: the fourth root of how many times as common "none" is. Seven in ten pairs
# have no stance; in one of twenty the second name is the holder.
_PAIR_CLASS_WEIGHTS: Final = (1.0, 1.6, 1.4, 2.4, 2.2)
STANCE_TASKS: Final = frozenset({"stance_pairs", "target_sentiment", "claim_stance", ARTICLE_TASK})
_LINK_WEIGHT: Final = 2.0  # relative to tags: a window has few links and many words


def loss(network: Network, task: str, batch: Batch, outputs: dict[str, Tensor]) -> Tensor:
    """Return the mean loss of one batch over its words, or over its pairs."""
    outputs = {name: scores.float() for name, scores in outputs.items()}
    words = int(batch.lengths.sum())
    if task == "entities":
        return network.entities.loss(outputs["entities"], batch.tags, batch.lengths) / words
    if task == "syntax":
        parts = batch.parts_of_speech.flatten()
        return functional.cross_entropy(outputs["parts"].flatten(0, 1), parts, ignore_index=-1)
    if task == ARTICLE_TASK:
        return article_loss(network, batch, outputs)
    if task in STANCE_TASKS:
        return stance_loss(task, batch, stance_scores(network, task, batch, outputs))
    tag_loss = network.roles.loss(outputs["roles"], batch.tags, batch.lengths)
    link_loss = torch.stack(
        [_link_loss(network, batch, i, vectors) for i, vectors in enumerate(outputs["links"])]
    ).sum()
    return (tag_loss + _LINK_WEIGHT * link_loss) / words


def _link_loss(network: Network, batch: Batch, row: int, vectors: Tensor) -> Tensor:
    """Return the summed loss of one row's links.

    Each content chooses among the cues; each cue chooses among the sources or none.
    """
    spans, links = batch.spans[row], set(batch.links[row])
    cues = [i for i, span in enumerate(spans) if span.label == _CUE]
    total = vectors.new_zeros(())
    if not cues:
        return total
    cue_bounds = torch.tensor([spans[i][:2] for i in cues], device=vectors.device)
    for role, label in enumerate(_LINKED_ROLES):
        role_spans = [i for i, span in enumerate(spans) if span.label == label]
        if not role_spans:
            continue
        bounds = torch.tensor([spans[i][:2] for i in role_spans])
        scores = network.link_scores(vectors, bounds, cue_bounds, role)
        choosers, choices = (cues, role_spans) if role == 0 else (role_spans, cues)
        scores = scores.T if role == 0 else scores
        none = network.none[role].expand(len(choosers), 1)
        gold = torch.tensor(
            [
                next(
                    (n for n, choice in enumerate(choices) if (i, choice) in links or (choice, i) in links),
                    len(choices),
                )
                for i in choosers
            ],
            device=vectors.device,
        )
        total = total + functional.cross_entropy(torch.cat([scores, none], 1), gold, reduction="sum")
    return total


def stance_scores(network: Network, task: str, batch: Batch, outputs: dict[str, Tensor]) -> Tensor:
    """Return the logits of a batch's pairs, [pairs, classes]: 5 of pairs of names, 3 of single targets, 2 of claims."""
    vectors = outputs["claims" if task == "claim_stance" else "stances"].float()
    rows = torch.tensor([row for row, pairs in enumerate(batch.pairs) for _ in pairs], device=vectors.device).long()
    holder, target, context = (_word_mask(batch, vectors, part) for part in range(3))
    vectors = vectors[rows]
    if task == "claim_stance":
        support = network.claims(vectors, target, context)
        return torch.stack([torch.zeros_like(support), support], 1)
    if task == "target_sentiment":
        return network.pairs.voiced(network.pairs(vectors, None, target, context))
    forward = network.pairs.sides(network.pairs(vectors, holder, target, context))
    backward = network.pairs.sides(network.pairs(vectors, target, holder, context))
    return torch.cat([network.pairs.none.expand(len(rows), 1), forward, backward], 1)


def stance_loss(task: str, batch: Batch, scores: Tensor) -> Tensor:
    """Return the loss over the classes of a batch's pairs; ``scores`` are the logits of ``stance_scores``."""
    if not len(scores):
        return scores.sum() * 0
    return functional.cross_entropy(scores, _labels(batch, scores), _class_weights(task, scores))


def taught_loss(task: str, batch: Batch, scores: Tensor, taught: Tensor, share: float) -> Tensor:
    """Return the loss over the classes of a batch's pairs, of the labels and of a teacher's answers.

    ``scores`` and ``taught`` are logits, [pairs, classes]. ``share`` is the weight of the teacher's answers beside the
    labels; a pair without a label learns from the teacher alone.
    """
    if not len(scores):
        return scores.sum() * 0
    labels, weights = _labels(batch, scores), _class_weights(task, scores)
    is_labelled = labels >= 0
    known = labels.clamp(min=0)
    mean_weight = (weights[known] * is_labelled).sum() / is_labelled.sum().clamp(min=1)
    by_label = functional.cross_entropy(scores, known, weights, reduction="none") / mean_weight.clamp(min=1e-6)
    by_teacher = functional.cross_entropy(scores, taught.softmax(1), reduction="none")
    return torch.where(is_labelled, torch.lerp(by_label, by_teacher, share), by_teacher).mean()


def _labels(batch: Batch, scores: Tensor) -> Tensor:
    return torch.tensor([label for pairs in batch.pairs for _, label in pairs], device=scores.device)


def _class_weights(task: str, scores: Tensor) -> Tensor:
    weights = _PAIR_CLASS_WEIGHTS if task == "stance_pairs" else (1.0,) * scores.shape[1]
    return torch.tensor(weights, device=scores.device)


def article_loss(network: Network, batch: Batch, outputs: dict[str, Tensor]) -> Tensor:
    """Return the loss of pairs of two parties, and of a voice towards a party, in whole articles."""
    total, count = outputs["stances"].sum() * 0, 0
    for task, has_holder in (("stance_pairs", True), ("target_sentiment", False)):
        pairs = [[each for each in of_row if (each.pair.holder is not None) == has_holder] for of_row in batch.pairs]
        part = replace(batch, pairs=pairs)
        number = sum(map(len, pairs))
        if number:
            total = total + number * stance_loss(task, part, stance_scores(network, task, part, outputs))
            count += number
    return total / max(1, count)


def _word_mask(batch: Batch, vectors: Tensor, part: int) -> Tensor:
    """Return for each pair which words of its row belong to the holder (0), the target (1) or the context (2)."""
    bounds = torch.tensor(
        [pair[part] or (0, 0) for pairs in batch.pairs for pair, _ in pairs], dtype=torch.long, device=vectors.device
    ).view(-1, 2)
    words = torch.arange(vectors.shape[1], device=vectors.device)
    return (bounds[:, :1] <= words) & (words < bounds[:, 1:])
