"""The trainable heads above the encoder's word vectors: stances of pairs, claims, and the random fields of tags."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from workers.model import stance_heads
from workers.model.tags import FORBIDDEN_SCORE, forbidden_transitions, tag_count

DROPOUT: Final = 0.1


class PairHead(nn.Module):
    """Stances of pairs: computes the same as ``workers.model.stance_heads.PairHead``, for all pairs of a batch."""

    def __init__(self) -> None:
        """Create the head."""
        super().__init__()
        self.query = nn.Linear(2 * stance_heads.WIDTH, stance_heads.WIDTH)
        self.hidden = nn.Linear(4 * stance_heads.WIDTH, stance_heads.HIDDEN)
        self.sides = nn.Linear(stance_heads.HIDDEN, 2)
        self.voice = nn.Parameter(torch.randn(stance_heads.WIDTH) / stance_heads.WIDTH**0.5)
        self.voiced = nn.Linear(stance_heads.HIDDEN, 3)
        self.none = nn.Parameter(torch.zeros(()))
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, vectors: Tensor, holder: Tensor | None, target: Tensor, context: Tensor) -> Tensor:
        """Return a vector for each pair, [pairs, HIDDEN].

        ``vectors`` is [pairs, words, 4 * WIDTH]. ``holder``, ``target`` and ``context`` are masks of their words,
        [pairs, words]; without ``holder``, the article itself is the holder.
        """
        count, words, _ = vectors.shape
        as_holder, as_target, key, value = vectors.view(count, words, 4, stance_heads.WIDTH).unbind(2)
        holder_vector = self.voice.expand(count, -1) if holder is None else _mean(as_holder, holder)
        target_vector = _mean(as_target, target)
        queries = self.query(torch.cat([holder_vector, target_vector], 1)).view(count, stance_heads.ATTENTION_HEADS, -1)
        split = (count, words, stance_heads.ATTENTION_HEADS, stance_heads.WIDTH // stance_heads.ATTENTION_HEADS)
        scores = torch.einsum("phd,pwhd->phw", queries, key.view(split)) / split[3] ** 0.5
        attention = scores.masked_fill(~context[:, None], float("-inf")).softmax(2)
        attended = torch.einsum("phw,pwhd->phd", attention, value.view(split)).flatten(1)
        features = torch.cat([holder_vector, target_vector, holder_vector * target_vector, attended], 1)
        features = self.dropout(features)
        return self.dropout(functional.gelu(self.hidden(features), approximate="tanh"))


class ClaimHead(nn.Module):
    """Whether a statement supports a claim: computes the same as ``workers.model.stance_heads.ClaimHead``."""

    def __init__(self) -> None:
        """Create the head."""
        super().__init__()
        self.hidden = nn.Linear(4 * stance_heads.WIDTH, stance_heads.HIDDEN)
        self.side = nn.Linear(stance_heads.HIDDEN, 1)
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, vectors: Tensor, claim: Tensor, statement: Tensor) -> Tensor:
        """Return scores of support, [texts].

        ``vectors`` is [texts, words, WIDTH]; ``claim`` and ``statement`` are masks of their words, [texts, words].
        """
        a, b = _mean(vectors, claim), _mean(vectors, statement)
        features = self.dropout(torch.cat([a, b, a * b, (a - b).abs()], 1))
        support: Tensor = self.side(self.dropout(functional.gelu(self.hidden(features), approximate="tanh")))
        return support[:, 0]


def _mean(vectors: Tensor, mask: Tensor) -> Tensor:
    """Average vectors [rows, words, width] over the words for which ``mask`` [rows, words] is true."""
    weights = mask.to(vectors.dtype)
    return torch.einsum("rw,rwd->rd", weights, vectors) / weights.sum(1, keepdim=True)


class RandomField(nn.Module):
    """A linear-chain conditional random field over the tags of a number of labels."""

    def __init__(self, labels: int) -> None:
        """Create a field in which every allowed transition scores 0."""
        super().__init__()
        count = tag_count(labels)
        self.transitions = nn.Parameter(torch.zeros(count, count))
        self.first = nn.Parameter(torch.zeros(count))
        after, first = forbidden_transitions(labels)
        self.register_buffer("after_forbidden", torch.from_numpy(after), persistent=False)
        self.register_buffer("first_forbidden", torch.from_numpy(first), persistent=False)

    def tables(self) -> tuple[Tensor, Tensor]:
        """Return the scores of transitions [tags, tags] and of first tags [tags], with forbidden ones masked."""
        return (
            self.transitions.masked_fill(self.after_forbidden, FORBIDDEN_SCORE),
            self.first.masked_fill(self.first_forbidden, FORBIDDEN_SCORE),
        )

    def loss(self, scores: Tensor, gold: Tensor, lengths: Tensor) -> Tensor:
        """Return the summed negative log-likelihood of ``gold`` [batch, words]; ``scores`` is [batch, words, tags]."""
        transitions, first = self.tables()
        batch, length, _ = scores.shape
        steps = torch.arange(length, device=scores.device)
        valid = steps[None] < lengths[:, None]
        emission_score = (scores.gather(2, gold[:, :, None])[:, :, 0] * valid).sum()
        transition_score = (transitions[gold[:, :-1], gold[:, 1:]] * valid[:, 1:]).sum()
        alpha = first + scores[:, 0]
        ends = [alpha]
        for i in range(1, length):
            alpha = torch.logsumexp(alpha[:, :, None] + transitions, 1) + scores[:, i]
            ends.append(alpha)
        last = torch.stack(ends, 1)[torch.arange(batch, device=scores.device), lengths - 1]
        return torch.logsumexp(last, 1).sum() - emission_score - transition_score - first[gold[:, 0]].sum()
