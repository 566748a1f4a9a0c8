"""The model in PyTorch: a MiniLM encoder (Wang et al., arXiv 2002.10957) and its light heads.

Beside the pieces, the encoder is told each word's shape and place. Its last layers are there twice: for reading, and for
stances, which are learned later and must not cost what reading has learned. Heads read the vector of a word's first piece:

* scores for the tags of entities, roles and parts of speech, one linear layer each, the first two under a
  conditional random field (Lafferty et al., ICML 2001) that is trained with them;
* stances: ``workers.model.stance_heads`` says how, for pairs of names and for a claim and a statement;
* links: how well a source or a content fits a cue, as the product of two small vectors (deep biaffine attention,
  Dozat and Manning, ICLR 2017) averaged over the span's words, plus what is learned for their distance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from workers.model import stance_heads
from workers.model.inputs import PLACES, Shape
from workers.model.link_scorer import DISTANCES, WIDTH, bucket
from workers.model.tags import ENTITIES, IMPOSSIBLE, PARTS, ROLES, forbidden, tags

if TYPE_CHECKING:
    from collections.abc import Mapping

LAYERS: Final = 6
HIDDEN: Final = 384
BRANCH: Final = 3  # the last layers are there twice: for reading, and for stances
HEADS: Final = 12
INNER: Final = 1536
POSITIONS: Final = 512
DROPOUT: Final = 0.1
HEAD_OUTPUTS: Final = {
    "entities": tags(len(ENTITIES)),
    "roles": tags(len(ROLES)),
    "parts": len(PARTS),
    "links": 4 * WIDTH,
    "stances": 4 * stance_heads.WIDTH,
    "claims": stance_heads.WIDTH,
}


class Layer(nn.Module):
    """One layer of the encoder: attention and a feed-forward net, each added to its input and normalised."""

    def __init__(self) -> None:
        """Make the layer; its weights are taken over from the pretrained encoder."""
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
        attended = functional.scaled_dot_product_attention(
            q, k, v, attn_mask=mask
        )  # dropout here is slow, and not missed
        x = self.attention_norm(x + self.dropout(self.out(attended.transpose(1, 2).reshape(batch, length, HIDDEN))))
        return self.norm(x + self.dropout(self.down(functional.gelu(self.up(x)))))


class Network(nn.Module):
    """Encoder and heads; ``forward`` gives the heads' outputs for each word."""

    def __init__(self, vocabulary: int, layers: int = LAYERS) -> None:
        """Make encoder and heads for so many pieces; what is new beside the pretrained encoder begins at nothing."""
        super().__init__()
        self.pieces = nn.Embedding(vocabulary, HIDDEN)
        self.positions = nn.Embedding(POSITIONS, HIDDEN)
        self.kind = nn.Parameter(torch.zeros(HIDDEN))
        self.shapes = nn.Embedding(len(Shape), HIDDEN)
        self.places = nn.Embedding(PLACES, HIDDEN)
        self.norm = nn.LayerNorm(HIDDEN, eps=1e-12)
        self.dropout = nn.Dropout(DROPOUT)
        self.layers = nn.ModuleList(Layer() for _ in range(layers))
        self.branch = nn.ModuleList(Layer() for _ in range(BRANCH))
        self.heads = nn.ModuleDict({name: nn.Linear(HIDDEN, width) for name, width in HEAD_OUTPUTS.items()})
        self.entities = RandomField(len(ENTITIES))
        self.roles = RandomField(len(ROLES))
        # For a source (0) or a content (1): how much a distance counts, and what a cue without source scores.
        self.distances = nn.Parameter(torch.zeros(2, DISTANCES))
        self.none = nn.Parameter(torch.zeros(2))
        self.pairs = PairHead()
        self.claims = ClaimHead()
        nn.init.zeros_(self.shapes.weight)
        nn.init.zeros_(self.places.weight)

    def encode(
        self, pieces: Tensor, shapes: Tensor, places: Tensor, mask: Tensor | None = None, *, branch: bool = False
    ) -> Tensor:
        """Map piece numbers, shapes and places, each [batch, pieces], to vectors [batch, pieces, HIDDEN]."""
        positions = self.positions.weight[: pieces.shape[1]]
        x = self.pieces(pieces) + positions + self.kind + self.shapes(shapes) + self.places(places)
        x = self.dropout(self.norm(x))
        attended = None if mask is None else mask[:, None, None, :]
        first = len(self.layers) - BRANCH
        for layer in self.layers[:first]:
            x = layer(x, attended)
        for layer in self.branch if branch else self.layers[first:]:
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
        """Return the outputs of each head of the branch, or of each other, [batch, words, width].

        ``firsts`` [batch, words] are the first pieces of words.
        """
        x = self.encode(pieces, shapes, places, mask, branch=branch)
        words = torch.gather(x, 1, firsts[:, :, None].expand(-1, -1, HIDDEN))
        return {
            name: head(self.dropout(words))
            for name, head in self.heads.items()
            if (name in stance_heads.OUTPUTS) == branch
        }

    def link_scores(self, vectors: Tensor, spans: Tensor, cues: Tensor, role: int) -> Tensor:
        """Score how well spans fit cues, [spans, cues]; ``vectors`` [words, 4 * WIDTH], the others [count, 2] in words."""
        query, key = vectors.view(-1, 2, 2, WIDTH)[:, role].unbind(1)
        means = torch.stack([key[start:end].mean(0) for start, end in spans.tolist()])
        near = torch.tensor(
            [[bucket(*span, *cue) for cue in cues.tolist()] for span in spans.tolist()], device=vectors.device
        )
        return means @ query[cues[:, 0]].T + self.distances[role][near]


class PairHead(nn.Module):
    """Sides of pairs; the same sums as in ``workers.model.stance_heads.PairHead``, for many pairs of a batch at once."""

    def __init__(self) -> None:
        """Make the head."""
        super().__init__()
        self.query = nn.Linear(2 * stance_heads.WIDTH, stance_heads.WIDTH)
        self.hidden = nn.Linear(4 * stance_heads.WIDTH, stance_heads.HIDDEN)
        self.sides = nn.Linear(stance_heads.HIDDEN, 2)
        self.voice = nn.Parameter(torch.randn(stance_heads.WIDTH) / stance_heads.WIDTH**0.5)
        self.voiced = nn.Linear(stance_heads.HIDDEN, 3)
        self.none = nn.Parameter(torch.zeros(()))
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, vectors: Tensor, holder: Tensor | None, target: Tensor, passage: Tensor) -> Tensor:
        """Return what is told of each pair, [pairs, HIDDEN].

        ``vectors`` is [pairs, words, 4 * WIDTH]; the others are true for the words of each stretch, [pairs, words].
        """
        count, words, _ = vectors.shape
        as_holder, as_target, key, value = vectors.view(count, words, 4, stance_heads.WIDTH).unbind(2)
        who = self.voice.expand(count, -1) if holder is None else _mean(as_holder, holder)
        whom = _mean(as_target, target)
        asked = self.query(torch.cat([who, whom], 1)).view(count, stance_heads.HEADS, -1)
        split = (count, words, stance_heads.HEADS, stance_heads.WIDTH // stance_heads.HEADS)
        fits = torch.einsum("phd,pwhd->phw", asked, key.view(split)) / split[3] ** 0.5
        shares = fits.masked_fill(~passage[:, None], float("-inf")).softmax(2)
        told = torch.einsum("phw,pwhd->phd", shares, value.view(split)).flatten(1)
        features = self.dropout(torch.cat([who, whom, who * whom, told], 1))
        return self.dropout(functional.gelu(self.hidden(features), approximate="tanh"))


class ClaimHead(nn.Module):
    """Whether a statement supports a claim; the same sums as in ``workers.model.stance_heads.ClaimHead``."""

    def __init__(self) -> None:
        """Make the head."""
        super().__init__()
        self.hidden = nn.Linear(4 * stance_heads.WIDTH, stance_heads.HIDDEN)
        self.side = nn.Linear(stance_heads.HIDDEN, 1)
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, vectors: Tensor, claim: Tensor, statement: Tensor) -> Tensor:
        """Score support, [texts]; ``vectors`` is [texts, words, WIDTH], the others are true for their words, [texts, words]."""
        about, said = _mean(vectors, claim), _mean(vectors, statement)
        features = self.dropout(torch.cat([about, said, about * said, (about - said).abs()], 1))
        made: Tensor = self.side(self.dropout(functional.gelu(self.hidden(features), approximate="tanh")))
        return made[:, 0]


def _mean(vectors: Tensor, inside: Tensor) -> Tensor:
    """Average vectors [rows, words, width] over the words for which ``inside`` [rows, words] is true."""
    weights = inside.to(vectors.dtype)
    return torch.einsum("rw,rwd->rd", weights, vectors) / weights.sum(1, keepdim=True)


class RandomField(nn.Module):
    """A linear-chain conditional random field over the tags of so many labels."""

    def __init__(self, labels: int) -> None:
        """Make a field in which every transition that is not forbidden scores nothing yet."""
        super().__init__()
        count = tags(labels)
        self.transitions = nn.Parameter(torch.zeros(count, count))
        self.first = nn.Parameter(torch.zeros(count))
        after, first = forbidden(labels)
        self.register_buffer("after_forbidden", torch.from_numpy(after), persistent=False)
        self.register_buffer("first_forbidden", torch.from_numpy(first), persistent=False)

    def tables(self) -> tuple[Tensor, Tensor]:
        """Return the scores of transitions [tags, tags] and of first tags [tags], the forbidden ones impossible."""
        return (
            self.transitions.masked_fill(self.after_forbidden, IMPOSSIBLE),
            self.first.masked_fill(self.first_forbidden, IMPOSSIBLE),
        )

    def loss(self, scores: Tensor, gold: Tensor, lengths: Tensor) -> Tensor:
        """Return the negative log likelihood, summed: ``scores`` [batch, words, tags], ``gold`` [batch, words]."""
        transitions, first = self.tables()
        batch, length, _ = scores.shape
        steps = torch.arange(length, device=scores.device)
        valid = steps[None] < lengths[:, None]
        emitted = (scores.gather(2, gold[:, :, None])[:, :, 0] * valid).sum()
        moved = (transitions[gold[:, :-1], gold[:, 1:]] * valid[:, 1:]).sum()
        alpha = first + scores[:, 0]
        ends = [alpha]
        for i in range(1, length):
            alpha = torch.logsumexp(alpha[:, :, None] + transitions, 1) + scores[:, i]
            ends.append(alpha)
        last = torch.stack(ends, 1)[torch.arange(batch, device=scores.device), lengths - 1]
        return torch.logsumexp(last, 1).sum() - emitted - moved - first[gold[:, 0]].sum()


def load_encoder(network: Network, weights: Mapping[str, Tensor]) -> None:
    """Take over a BERT-shaped encoder's weights under their usual names; raises ``KeyError`` if one is missing."""
    with torch.no_grad():
        network.pieces.weight.copy_(weights["embeddings.word_embeddings.weight"])
        network.positions.weight.copy_(weights["embeddings.position_embeddings.weight"])
        network.kind.copy_(weights["embeddings.token_type_embeddings.weight"][0])
        network.norm.weight.copy_(weights["embeddings.LayerNorm.weight"])
        network.norm.bias.copy_(weights["embeddings.LayerNorm.bias"])
        for number, layer in enumerate(network.layers):
            under = f"encoder.layer.{number}."
            for part in ("weight", "bias"):
                attention = [weights[f"{under}attention.self.{name}.{part}"] for name in ("query", "key", "value")]
                getattr(layer.qkv, part).copy_(torch.cat(attention))
                getattr(layer.out, part).copy_(weights[f"{under}attention.output.dense.{part}"])
                getattr(layer.attention_norm, part).copy_(weights[f"{under}attention.output.LayerNorm.{part}"])
                getattr(layer.up, part).copy_(weights[f"{under}intermediate.dense.{part}"])
                getattr(layer.down, part).copy_(weights[f"{under}output.dense.{part}"])
                getattr(layer.norm, part).copy_(weights[f"{under}output.LayerNorm.{part}"])


def take_over(network: Network, weights: Mapping[str, Tensor]) -> None:
    """Take over weights under the network's own names; tables that have grown keep their new rows, what is missing stays.

    Without weights of its own the branch begins as the layers that it stands beside.
    """
    own = network.state_dict()
    if not any(name.startswith("branch.") for name in weights):
        first = len(network.layers) - BRANCH
        beside = {f"layers.{first + number}.": f"branch.{number}." for number in range(BRANCH)}
        weights = dict(weights) | {
            to + name.removeprefix(of): value
            for of, to in beside.items()
            for name, value in weights.items()
            if name.startswith(of)
        }
    with torch.no_grad():
        for name, value in weights.items():
            own[name][tuple(slice(size) for size in value.shape)] = value
