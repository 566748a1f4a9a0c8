"""Restores the packaged weights as floats, as the start of a training run. Their 8-bit form loses little precision."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from workers.model.encoder import HEADS_FILE, MODEL_FILE, PIECES_FILE, STANCE_HEADS_FILE
from workers.model.tags import FORBIDDEN_SCORE

if TYPE_CHECKING:
    from pathlib import Path

Array = NDArray[np.float32]
_WEIGHT: Final = ".weight"
_SCALES: Final = ".scales"


def restore(folder: Path) -> dict[str, Array]:
    """Return the weights that ``workers.training.export`` wrote into ``folder``, by their names in the network."""
    graph = onnx.load(str(folder / MODEL_FILE), load_external_data=False).graph
    tensors = {tensor.name: tensor for tensor in graph.initializer if not tensor.name.startswith("constant")}
    pieces = tensors.pop(f"pieces{_WEIGHT}")
    embeddings = np.fromfile(folder / PIECES_FILE, np.int8).reshape(tuple(pieces.dims)).astype(np.float32)
    weights = {name: numpy_helper.to_array(tensor).astype(np.float32) for name, tensor in tensors.items()}
    scales = {name.removesuffix(_SCALES): weights.pop(name) for name in list(weights) if name.endswith(_SCALES)}
    weights[f"pieces{_WEIGHT}"] = embeddings * scales.pop("pieces")[:, None]
    for name, scale in scales.items():
        weights[name + _WEIGHT] = (weights[name + _WEIGHT] * scale).T.copy()
    weights["kind"] = np.zeros(embeddings.shape[1], np.float32)  # the export added it to the positions
    tables = json.loads((folder / HEADS_FILE).read_text("utf-8"))
    for head in ("entities", "roles"):
        for part in ("transitions", "first"):
            scores = np.array(tables[head][part], np.float32)
            weights[f"{head}.{part}"] = np.where(scores == FORBIDDEN_SCORE, 0, scores)
    for name in ("distances", "none"):
        weights[name] = np.array(tables[name], np.float32)
    if (folder / STANCE_HEADS_FILE).exists():
        with np.load(folder / STANCE_HEADS_FILE, allow_pickle=False) as stance_heads:
            weights |= {name: np.asarray(stance_heads[name], np.float32) for name in stance_heads.files}
    return weights
