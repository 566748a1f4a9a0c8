"""The model in PyTorch: a MiniLM encoder (Wang et al., arXiv 2002.10957) and its light heads.

In addition to the pieces, the encoder reads each word's shape and position type. Its last layers exist twice: for
reading, and for stances, which are learned later and must not degrade reading. The heads read the vector of a word's
first piece:

* tags of entities, roles and parts of speech: one linear layer each; the first two with a conditional random field
  (Lafferty et al., ICML 2001) that is trained with them;
* stances, for pairs of names and for a claim and a statement: see ``workers.model.stance_heads``;
* links: how well a source or a content fits a cue, as the product of two small vectors (deep biaffine attention,
  Dozat and Manning, ICLR 2017) averaged over the span's words, plus a learned score for their distance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from workers.model import stance_heads
from workers.model.inputs import POSITION_TYPES, Shape
from workers.model.link_scorer import DISTANCE_BUCKETS, WIDTH, distance_bucket
from workers.model.tags import ENTITIES, FORBIDDEN_SCORE, PARTS_OF_SPEECH, ROLES, forbidden_transitions, tag_count

if TYPE_CHECKING:
    from collections.abc import Mapping

LAYERS: Final = 6
HIDDEN: Final = 384
BRANCH_LAYERS: Final = 3  # the last layers exist twice: for reading, and for stances
HEADS: Final = 12
INNER: Final = 1536
POSITIONS: Final = 512
DROPOUT: Final = 0.1
HEAD_OUTPUTS: Final = {
    "entities": tag_count(len(ENTITIES)),
    "roles": tag_count(len(ROLES)),
    "parts": len(PARTS_OF_SPEECH),
    "links": 4 * WIDTH,
    "stances": 4 * stance_heads.WIDTH,
    "claims": stance_heads.WIDTH,
}


class Layer(nn.Module):
    """One layer of the encoder: attention and a feed-forward net, each added to its input and normalised."""

    def __init__(self) -> None:
        """Create the layer; its weights are copied from the pretrained encoder later."""
        super().__init__()
        self.qkv = nn.Linear(HIDDEN, 3 * HIDDEN)
        self.out = nn.Linear(HIDDEN, HIDDEN)
        self.attention_norm = nn.LayerNorm(HIDDEN, eps=1e-12)
        self.up = nn.Linear(HIDDEN, INNER)
        self.down = nn.Linear(INNER, HIDDEN)
        self.norm = nn.LayerNorm(HIDDEN, eps=1e-12)
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Map [batch, pieces, HIDDEN] to the same shape; ``mask`` is true where a piece may be attended to."""
        batch, length, _ = x.shape
        q, k, v = self.qkv(x).view(batch, length, 3, HEADS, HIDDEN // HEADS).permute(2, 0, 3, 1, 4)
        # No dropout here: it is slow and brings nothing.
        attended = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        x = self.attention_norm(x + self.dropout(self.out(attended.transpose(1, 2).reshape(batch, length, HIDDEN))))
        return self.norm(x + self.dropout(self.down(functional.gelu(self.up(x)))))


class Network(nn.Module):
    """Encoder and heads; ``forward`` returns the heads' outputs for each word."""

    def __init__(self, vocabulary: int, layers: int = LAYERS) -> None:
        """Create encoder and heads for ``vocabulary`` pieces; embeddings not in the pretrained encoder begin at 0."""
        super().__init__()
        self.pieces = nn.Embedding(vocabulary, HIDDEN)
        self.positions = nn.Embedding(POSITIONS, HIDDEN)
        self.kind = nn.Parameter(torch.zeros(HIDDEN))
        self.shapes = nn.Embedding(len(Shape), HIDDEN)
        self.places = nn.Embedding(POSITION_TYPES, HIDDEN)
        self.norm = nn.LayerNorm(HIDDEN, eps=1e-12)
        self.dropout = nn.Dropout(DROPOUT)
        self.layers = nn.ModuleList(Layer() for _ in range(layers))
        self.branch = nn.ModuleList(Layer() for _ in range(BRANCH_LAYERS))
        self.heads = nn.ModuleDict({name: nn.Linear(HIDDEN, width) for name, width in HEAD_OUTPUTS.items()})
        self.entities = RandomField(len(ENTITIES))
        self.roles = RandomField(len(ROLES))
        # For a source (0) or a content (1): the score of each distance, and the score of having no link.
        self.distances = nn.Parameter(torch.zeros(2, DISTANCE_BUCKETS))
        self.none = nn.Parameter(torch.zeros(2))
        self.pairs = PairHead()
        self.claims = ClaimHead()
        nn.init.zeros_(self.shapes.weight)
        nn.init.zeros_(self.places.weight)

    def encode(
        self, pieces: Tensor, shapes: Tensor, places: Tensor, mask: Tensor | None = None, *, branch: bool = False
    ) -> Tensor:
        """Map piece numbers, shapes and position types, each [batch, pieces], to vectors [batch, pieces, HIDDEN]."""
        positions = self.positions.weight[: pieces.shape[1]]
        x = self.pieces(pieces) + positions + self.kind + self.shapes(shapes) + self.places(places)
        x = self.dropout(self.norm(x))
        attended = None if mask is None else mask[:, None, None, :]
        shared = len(self.layers) - BRANCH_LAYERS
        for layer in self.layers[:shared]:
            x = layer(x, attended)
        for layer in self.branch if branch else self.layers[shared:]:
            x = layer(x, attended)
        return x

    def forward(
        self,
        pieces: Tensor,
        shapes: Tensor,
        places: Tensor,
        firsts: Tensor,
        mask: Tensor | None = None,
        *,
        branch: bool = False,
    ) -> dict[str, Tensor]:
        """Return the outputs of each head, [batch, words, width].

        With ``branch``, these are the stance heads, otherwise all others. ``firsts`` [batch, words] are the indices of
        the words' first pieces.
        """
        x = self.encode(pieces, shapes, places, mask, branch=branch)
        words = torch.gather(x, 1, firsts[:, :, None].expand(-1, -1, HIDDEN))
        return {
            name: head(self.dropout(words))
            for name, head in self.heads.items()
            if (name in stance_heads.BRANCH_OUTPUTS) == branch
        }

    def link_scores(self, vectors: Tensor, spans: Tensor, cues: Tensor, role: int) -> Tensor:
        """Return scores of how well spans fit cues, [spans, cues].

        ``vectors`` is [words, 4 * WIDTH]; ``spans`` and ``cues`` are [count, 2], in words, end exclusive.
        """
        query, key = vectors.view(-1, 2, 2, WIDTH)[:, role].unbind(1)
        means = torch.stack([key[start:end].mean(0) for start, end in spans.tolist()])
        buckets = torch.tensor(
            [[distance_bucket(*span, *cue) for cue in cues.tolist()] for span in spans.tolist()], device=vectors.device
        )
        return means @ query[cues[:, 0]].T + self.distances[role][buckets]


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


def load_encoder(network: Network, weights: Mapping[str, Tensor]) -> None:
    """Copy the weights of a BERT-shaped encoder by their usual names; raises ``KeyError`` if one is missing."""
    with torch.no_grad():
        network.pieces.weight.copy_(weights["embeddings.word_embeddings.weight"])
        network.positions.weight.copy_(weights["embeddings.position_embeddings.weight"])
        network.kind.copy_(weights["embeddings.token_type_embeddings.weight"][0])
        network.norm.weight.copy_(weights["embeddings.LayerNorm.weight"])
        network.norm.bias.copy_(weights["embeddings.LayerNorm.bias"])
        for number, layer in enumerate(network.layers):
            prefix = f"encoder.layer.{number}."
            for part in ("weight", "bias"):
                attention = [weights[f"{prefix}attention.self.{name}.{part}"] for name in ("query", "key", "value")]
                getattr(layer.qkv, part).copy_(torch.cat(attention))
                getattr(layer.out, part).copy_(weights[f"{prefix}attention.output.dense.{part}"])
                getattr(layer.attention_norm, part).copy_(weights[f"{prefix}attention.output.LayerNorm.{part}"])
                getattr(layer.up, part).copy_(weights[f"{prefix}intermediate.dense.{part}"])
                getattr(layer.down, part).copy_(weights[f"{prefix}output.dense.{part}"])
                getattr(layer.norm, part).copy_(weights[f"{prefix}output.LayerNorm.{part}"])


def load_weights(network: Network, weights: Mapping[str, Tensor]) -> None:
    """Copy weights by the network's own names.

    Tables that have grown keep their new rows, and weights that are not given keep their values. If ``weights`` has
    none for the branch, the branch begins as a copy of the last layers.
    """
    state = network.state_dict()
    if not any(name.startswith("branch.") for name in weights):
        shared = len(network.layers) - BRANCH_LAYERS
        copies = {f"layers.{shared + number}.": f"branch.{number}." for number in range(BRANCH_LAYERS)}
        weights = dict(weights) | {
            copy + name.removeprefix(original): value
            for original, copy in copies.items()
            for name, value in weights.items()
            if name.startswith(original)
        }
    with torch.no_grad():
        for name, value in weights.items():
            state[name][tuple(slice(size) for size in value.shape)] = value
