"""What each task's batch costs the network, per word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import torch
from torch import Tensor
from torch.nn import functional

from workers.language.tags import ROLES

if TYPE_CHECKING:
    from workers.training.batches import Batch
    from workers.training.network import Network

_CUE: Final = ROLES.index("cue")
_LINKED: Final = (ROLES.index("source"), ROLES.index("content"))
_LINKS: Final = 2.0  # weight of links beside tags: a window holds few of them and many words


def loss(network: Network, task: str, batch: Batch, outputs: dict[str, Tensor]) -> Tensor:
    """Return the mean loss of one batch over its words."""
    outputs = {name: scores.float() for name, scores in outputs.items()}
    words = int(batch.lengths.sum())
    if task == "entities":
        return network.entities.loss(outputs["entities"], batch.tags, batch.lengths) / words
    if task == "syntax":
        return functional.cross_entropy(outputs["parts"].flatten(0, 1), batch.parts.flatten(), ignore_index=-1)
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
