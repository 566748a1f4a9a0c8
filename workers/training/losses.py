"""The loss of each task's batch, per word or per pair."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import torch
from torch import Tensor
from torch.nn import functional

from workers.model.tags import ROLES

if TYPE_CHECKING:
    from workers.training.batches import Batch
    from workers.training.network import Network

_CUE: Final = ROLES.index("cue")
_LINKED_ROLES: Final = (ROLES.index("source"), ROLES.index("content"))
# Weight of each class of a pair of names: the fourth root of how many times as common "none" is. Seven in ten pairs
# have no stance; in one of twenty the second name is the holder.
_PAIR_CLASS_WEIGHTS: Final = (1.0, 1.6, 1.4, 2.4, 2.2)
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
    if task == "claim_stance":
        return _claim_loss(network, batch, outputs["claims"])
    if task in {"stance_pairs", "target_sentiment"}:
        return _pair_loss(network, task, batch, outputs["stances"])
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


def _pair_loss(network: Network, task: str, batch: Batch, vectors: Tensor) -> Tensor:
    """Return the loss over the classes of pairs of names, or of single targets."""
    rows, gold = _rows_and_labels(batch, vectors)
    if not len(rows):
        return vectors.sum() * 0
    holder, target, context = (_word_mask(batch, vectors, part) for part in range(3))
    pair_vectors = vectors[rows]
    if task == "target_sentiment":
        return functional.cross_entropy(network.pairs.voiced(network.pairs(pair_vectors, None, target, context)), gold)
    forward = network.pairs.sides(network.pairs(pair_vectors, holder, target, context))
    backward = network.pairs.sides(network.pairs(pair_vectors, target, holder, context))
    scores = torch.cat([network.pairs.none.expand(len(rows), 1), forward, backward], 1)
    return functional.cross_entropy(scores, gold, torch.tensor(_PAIR_CLASS_WEIGHTS, device=scores.device))


def _claim_loss(network: Network, batch: Batch, vectors: Tensor) -> Tensor:
    """Return the loss of whether statements support their claims."""
    rows, gold = _rows_and_labels(batch, vectors)
    support = network.claims(vectors[rows], _word_mask(batch, vectors, 1), _word_mask(batch, vectors, 2))
    return functional.binary_cross_entropy_with_logits(support, gold.float())


def _rows_and_labels(batch: Batch, vectors: Tensor) -> tuple[Tensor, Tensor]:
    """Return the row and the label of each pair of the batch."""
    rows = [row for row, pairs in enumerate(batch.pairs) for _ in pairs]
    labels = [label for pairs in batch.pairs for _, label in pairs]
    return torch.tensor(rows, device=vectors.device, dtype=torch.long), torch.tensor(labels, device=vectors.device)


def _word_mask(batch: Batch, vectors: Tensor, part: int) -> Tensor:
    """Return for each pair which words of its row belong to the holder (0), the target (1) or the context (2)."""
    bounds = torch.tensor([pair[part] or (0, 0) for pairs in batch.pairs for pair, _ in pairs], device=vectors.device)
    words = torch.arange(vectors.shape[1], device=vectors.device)
    return (bounds[:, :1] <= words) & (words < bounds[:, 1:])
