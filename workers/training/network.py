"""The model in PyTorch: an encoder, MiniLM (Wang et al., arXiv 2002.10957) or a teacher of base size, and light heads.

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

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from workers.model import stance_heads
from workers.model.inputs import POSITION_TYPES, Shape
from workers.model.link_scorer import DISTANCE_BUCKETS, WIDTH, distance_bucket
from workers.model.tags import ENTITIES, PARTS_OF_SPEECH, ROLES, tag_count
from workers.training.network_heads import DROPOUT, ClaimHead, PairHead, RandomField

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

POSITIONS: Final = 512
RELATIVE_BUCKETS: Final = 32  # of the distances between two pieces
_FARTHEST: Final = 128  # pieces; all farther ones share a bucket
HEAD_OUTPUTS: Final = {
    "entities": tag_count(len(ENTITIES)),
    "roles": tag_count(len(ROLES)),
    "parts": len(PARTS_OF_SPEECH),
    "links": 4 * WIDTH,
    "stances": 4 * stance_heads.WIDTH,
    "claims": stance_heads.WIDTH,
}


@dataclass(frozen=True, slots=True)
class EncoderShape:
    """The sizes of an encoder.

    The last ``branch`` of its ``layers`` exist twice: for reading, and for stances. ``hidden`` and ``inner`` are the
    widths of a piece's vector and of the feed-forward net; ``heads`` are those of the attention. ``relative`` encoders
    add a learned score for the distance between two pieces to their attention.
    """

    layers: int
    hidden: int
    inner: int
    heads: int = 12
    branch: int = 3
    epsilon: float = 1e-12
    relative: bool = False


MINILM: Final = EncoderShape(layers=6, hidden=384, inner=1536)


class Layer(nn.Module):
    """One layer of the encoder: attention and a feed-forward net, each added to its input and normalised."""

    def __init__(self, shape: EncoderShape) -> None:
        """Create the layer; its weights are copied from the pretrained encoder later."""
        super().__init__()
        hidden = shape.hidden
        self.heads = shape.heads
        self.qkv = nn.Linear(hidden, 3 * hidden)
        self.out = nn.Linear(hidden, hidden)
        self.attention_norm = nn.LayerNorm(hidden, eps=shape.epsilon)
        self.up = nn.Linear(hidden, shape.inner)
        self.down = nn.Linear(shape.inner, hidden)
        self.norm = nn.LayerNorm(hidden, eps=shape.epsilon)
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Map [batch, pieces, hidden] to the same shape.

        ``mask`` is true where a piece may be attended to, or has the scores that are added to the attention.
        """
        batch, length, hidden = x.shape
        q, k, v = self.qkv(x).view(batch, length, 3, self.heads, hidden // self.heads).permute(2, 0, 3, 1, 4)
        # No dropout here: it is slow and brings nothing.
        attended = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        x = self.attention_norm(x + self.dropout(self.out(attended.transpose(1, 2).reshape(batch, length, hidden))))
        return self.norm(x + self.dropout(self.down(functional.gelu(self.up(x)))))


class Network(nn.Module):
    """Encoder and heads; ``forward`` returns the heads' outputs for each word."""

    def __init__(self, vocabulary: int, shape: EncoderShape = MINILM) -> None:
        """Create encoder and heads for ``vocabulary`` pieces; embeddings not in the pretrained encoder begin at 0."""
        super().__init__()
        hidden = shape.hidden
        self.shape = shape
        self.pieces = nn.Embedding(vocabulary, hidden)
        self.positions = nn.Embedding(POSITIONS, hidden)
        self.kind = nn.Parameter(torch.zeros(hidden))
        self.shapes = nn.Embedding(len(Shape), hidden)
        self.places = nn.Embedding(POSITION_TYPES, hidden)
        self.norm = nn.LayerNorm(hidden, eps=shape.epsilon)
        self.dropout = nn.Dropout(DROPOUT)
        self.relative = nn.Embedding(RELATIVE_BUCKETS, shape.heads) if shape.relative else None
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.branch = nn.ModuleList(Layer(shape) for _ in range(shape.branch))
        self.heads = nn.ModuleDict({name: nn.Linear(hidden, width) for name, width in HEAD_OUTPUTS.items()})
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
        """Map piece numbers, shapes and position types, each [batch, pieces], to vectors [batch, pieces, hidden]."""
        positions = self.positions.weight[: pieces.shape[1]]
        x = self.pieces(pieces) + positions + self.kind + self.shapes(shapes) + self.places(places)
        x = self.dropout(self.norm(x))
        attended = None if mask is None else mask[:, None, None, :]
        if self.relative is not None:
            attended = self._relative_scores(self.relative, pieces.shape[1], attended)
        shared = len(self.layers) - len(self.branch)
        for layer in self.layers[:shared]:
            x = layer(x, attended)
        for layer in self.branch if branch else self.layers[shared:]:
            x = layer(x, attended)
        return x

    @staticmethod
    def _relative_scores(table: nn.Embedding, length: int, mask: Tensor | None) -> Tensor:
        """Return the scores of distances, [batch or 1, heads, pieces, pieces], with masked pieces at minus infinity."""
        steps = torch.arange(length, device=table.weight.device)
        scores = table(relative_bucket(steps[None] - steps[:, None])).permute(2, 0, 1)[None]
        scores = scores.to(torch.bfloat16) if torch.is_autocast_enabled(scores.device.type) else scores
        return scores if mask is None else scores.masked_fill(~mask, float("-inf"))

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
        words = torch.gather(x, 1, firsts[:, :, None].expand(-1, -1, x.shape[2]))
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


def relative_bucket(distances: Tensor) -> Tensor:
    """Return the bucket of each distance in pieces (Raffel et al., JMLR 2020): half of the buckets for each direction.

    Distances under a quarter of the buckets have one each; beyond, buckets widen with the logarithm of the distance.
    """
    half = RELATIVE_BUCKETS // 2
    exact = half // 2
    size = distances.abs()
    far = exact + (
        (size.clamp(min=1).float() / exact).log() / math.log(_FARTHEST / exact) * (half - exact)
    ).long().clamp(max=half - exact - 1)
    return half * (distances > 0) + torch.where(size < exact, size, far)


def mean_weights(networks: Sequence[Network]) -> dict[str, Tensor]:
    """Return the mean weights of networks that were trained from the same weights.

    It reads better than each of them (Wortsman et al., ICML 2022).
    """
    states = [network.state_dict() for network in networks]
    return {name: torch.stack([state[name] for state in states]).mean(0) for name in states[0]}


def load_weights(network: Network, weights: Mapping[str, Tensor]) -> None:
    """Copy weights by the network's own names.

    Tables that have grown keep their new rows, and weights that are not given keep their values. If ``weights`` has
    none for the branch, the branch begins as a copy of the last layers.
    """
    state = network.state_dict()
    if not any(name.startswith("branch.") for name in weights):
        shared = len(network.layers) - len(network.branch)
        copies = {f"layers.{shared + number}.": f"branch.{number}." for number in range(len(network.branch))}
        weights = dict(weights) | {
            copy + name.removeprefix(original): value
            for original, copy in copies.items()
            for name, value in weights.items()
            if name.startswith(original)
        }
    with torch.no_grad():
        for name, value in weights.items():
            state[name][tuple(slice(size) for size in value.shape)] = value
