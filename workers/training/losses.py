"""What each task's batch costs the network, per word or per pair."""

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
_LINKED: Final = (ROLES.index("source"), ROLES.index("content"))
# Weight of each class of two names: the fourth root of how many times as common "neither" is. Seven in ten pairs take no side,
# and in one of twenty the second name is the holder.
_RARE: Final = (1.0, 1.6, 1.4, 2.4, 2.2)
_LINKS: Final = 2.0  # weight of links beside tags: a window holds few of them and many words


def loss(network: Network, task: str, batch: Batch, outputs: dict[str, Tensor]) -> Tensor:
    """Return the mean loss of one batch over its words, or over its pairs."""
    outputs = {name: scores.float() for name, scores in outputs.items()}
    words = int(batch.lengths.sum())
    if task == "entities":
        return network.entities.loss(outputs["entities"], batch.tags, batch.lengths) / words
    if task == "syntax":
        return functional.cross_entropy(outputs["parts"].flatten(0, 1), batch.parts.flatten(), ignore_index=-1)
    if task == "claim_stance":
        return _claims(network, batch, outputs["claims"])
    if task in {"stance_pairs", "target_sentiment"}:
        return _sides(network, task, batch, outputs["stances"])
    tagged = network.roles.loss(outputs["roles"], batch.tags, batch.lengths)
    linked = torch.stack([_links(network, batch, i, vectors) for i, vectors in enumerate(outputs["links"])]).sum()
    return (tagged + _LINKS * linked) / words


def _links(network: Network, batch: Batch, window: int, vectors: Tensor) -> Tensor:
    """Cost of one window's links: each content chooses among the cues, each cue among the sources or none."""
    found, links = batch.found[window], set(batch.links[window])
    cues = [i for i, tagged in enumerate(found) if tagged.label == _CUE]
    total = vectors.new_zeros(())
    if not cues:
        return total
    at = torch.tensor([found[i][:2] for i in cues], device=vectors.device)
    for role, label in enumerate(_LINKED):
        spans = [i for i, tagged in enumerate(found) if tagged.label == label]
        if not spans:
            continue
        scores = network.link_scores(vectors, torch.tensor([found[i][:2] for i in spans]), at, role)
        choosers, choices = (cues, spans) if role == 0 else (spans, cues)
        scores = scores.T if role == 0 else scores
        none = network.none[role].expand(len(choosers), 1)
        gold = torch.tensor(
            [
                next((n for n, other in enumerate(choices) if (i, other) in links or (other, i) in links), len(choices))
                for i in choosers
            ],
            device=vectors.device,
        )
        total = total + functional.cross_entropy(torch.cat([scores, none], 1), gold, reduction="sum")
    return total


def _sides(network: Network, task: str, batch: Batch, vectors: Tensor) -> Tensor:
    """Cost of telling who is for or against whom: the classes of two names, or of one."""
    rows, gold = _gold(batch, vectors)
    if not len(rows):
        return vectors.sum() * 0
    holder, target, passage = (_inside(batch, vectors, i) for i in range(3))
    at = vectors[rows]
    if task == "target_sentiment":
        return functional.cross_entropy(network.pairs.voiced(network.pairs(at, None, target, passage)), gold)
    ahead = network.pairs.sides(network.pairs(at, holder, target, passage))
    back = network.pairs.sides(network.pairs(at, target, holder, passage))
    scores = torch.cat([network.pairs.none.expand(len(rows), 1), ahead, back], 1)
    return functional.cross_entropy(scores, gold, torch.tensor(_RARE, device=scores.device))


def _claims(network: Network, batch: Batch, vectors: Tensor) -> Tensor:
    """Cost of telling whether a statement supports a claim."""
    rows, gold = _gold(batch, vectors)
    support = network.claims(vectors[rows], _inside(batch, vectors, 1), _inside(batch, vectors, 2))
    return functional.binary_cross_entropy_with_logits(support, gold.float())


def _gold(batch: Batch, vectors: Tensor) -> tuple[Tensor, Tensor]:
    rows = [row for row, sides in enumerate(batch.sides) for _ in sides]
    labels = [label for sides in batch.sides for _, label in sides]
    return torch.tensor(rows, device=vectors.device, dtype=torch.long), torch.tensor(labels, device=vectors.device)


def _inside(batch: Batch, vectors: Tensor, which: int) -> Tensor:
    """Tell for each pair which words of its row are the holder's (0), the target's (1) or the passage's (2)."""
    stretches = torch.tensor(
        [pair[which] or (0, 0) for sides in batch.sides for pair, _ in sides], device=vectors.device
    )
    words = torch.arange(vectors.shape[1], device=vectors.device)
    return (stretches[:, :1] <= words) & (words < stretches[:, 1:])
