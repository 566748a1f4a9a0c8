"""The packaged weights as floats again, for a training run to begin with: 8-bit weights lose little."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from workers.model.encoder import HEADS, MODEL, PIECES, SIDES
from workers.model.tags import IMPOSSIBLE

if TYPE_CHECKING:
    from pathlib import Path

Array = NDArray[np.float32]
_WEIGHT: Final = ".weight"
_SCALES: Final = ".scales"


def restore(folder: Path) -> dict[str, Array]:
    """Return the weights that ``workers.training.export`` has written into ``folder``, under the network's names."""
    graph = onnx.load(str(folder / MODEL), load_external_data=False).graph
    named = {tensor.name: tensor for tensor in graph.initializer if not tensor.name.startswith("constant")}
    pieces = named.pop(f"pieces{_WEIGHT}")
    table = np.fromfile(folder / PIECES, np.int8).reshape(tuple(pieces.dims)).astype(np.float32)
    found = {name: numpy_helper.to_array(tensor).astype(np.float32) for name, tensor in named.items()}
    scales = {name.removesuffix(_SCALES): found.pop(name) for name in list(found) if name.endswith(_SCALES)}
    found[f"pieces{_WEIGHT}"] = table * scales.pop("pieces")[:, None]
    for name, each in scales.items():
        found[name + _WEIGHT] = (found[name + _WEIGHT] * each).T.copy()
    found["kind"] = np.zeros(table.shape[1], np.float32)  # it has been added to the positions
    kept = json.loads((folder / HEADS).read_text("utf-8"))
    for head in ("entities", "roles"):
        for part in ("transitions", "first"):
            scores = np.array(kept[head][part], np.float32)
            found[f"{head}.{part}"] = np.where(scores == IMPOSSIBLE, 0, scores)
    for name in ("distances", "none"):
        found[name] = np.array(kept[name], np.float32)
    if (folder / SIDES).exists():
        with np.load(folder / SIDES, allow_pickle=False) as sides:
            found |= {name: np.asarray(sides[name], np.float32) for name in sides.files}
    return found
