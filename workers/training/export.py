"""The trained network as files that a worker runs: an ONNX graph of 8-bit integers, tables of the heads, the vocabulary.

The graph is written node by node, for one window at a time: no batch to pad, so no mask. Weights are one signed
integer each, with a scale for every output, and use 7 of their 8 bits: processors without VNNI add pairs of products in
16 bits, which full weights overflow. Activations are scaled while they are computed. In the feed-forward nets each
piece has a scale of its own, since the begin mark's values there are many times those of all others (see Bondarenko et
al., arXiv 2109.12948): one scale for all pieces would leave the others a few steps.
"""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper, numpy_helper, save

from workers.model.confidence import ENTITY_FEATURES, STATEMENT_FEATURES
from workers.model.encoder import HEADS, MODEL, PIECES, SIDES, VOCABULARY, WINDOW
from workers.model.stance_heads import OUTPUTS
from workers.model.tags import ENTITIES, PARTS, ROLES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from onnx import NodeProto

    from workers.training.network import Network

Array = NDArray[np.float32]
_CLASSES: Final = {"stance_pairs": 5, "target_sentiment": 3, "claim_stance": 2}
_FUSED: Final = "com.microsoft"  # onnxruntime's own operators
_MOST: Final = 63  # the largest weight in 7 bits
_LAYERS: Final = "layers."
_BRANCH: Final = "branch."
_EPSILON: Final = 1e-12


def export(network: Network, vocabulary: Path, target: Path, name: str, recipe: Mapping[str, Any]) -> None:
    """Write the files of ``workers.model.encoder`` into the folder ``target``.

    ``name`` is the model's in results, ``recipe`` what its card says of the training run.
    The confidence of findings is fitted later, on what these files find; until then every finding has an even chance.
    """
    from workers.training import network as shapes  # brings torch, which a graph is built without

    weights = {key: value.detach().cpu().float().numpy() for key, value in network.state_dict().items()}
    target.mkdir(parents=True, exist_ok=True)
    model, pieces = build(weights, shapes.HEADS, list(shapes.HEAD_OUTPUTS))
    save(model, str(target / MODEL))
    (target / PIECES).write_bytes(pieces)
    shutil.copyfile(vocabulary, target / VOCABULARY)
    sides = {key: value.astype(np.float16) for key, value in weights.items() if key.startswith(("pairs.", "claims."))}
    np.savez(target / SIDES, allow_pickle=False, **sides)
    tables = {
        "name": name,
        "labels": {"entities": ENTITIES, "roles": ROLES, "parts": PARTS},
        "entities": _field(network, "entities"),
        "roles": _field(network, "roles"),
        "distances": network.distances.tolist(),
        "none": network.none.tolist(),
        "recipe": dict(recipe),
        "confidence": [0.0] * STATEMENT_FEATURES,
        "entity_confidence": [0.0] * ENTITY_FEATURES,
        "scales": {task: [1.0, [0.0] * count, [1 / count] * count] for task, count in _CLASSES.items()},
    }
    (target / HEADS).write_text(json.dumps(tables, indent=1) + "\n", encoding="utf-8")


def _field(network: Network, head: str) -> dict[str, list[float]]:
    transitions, first = getattr(network, head).tables()
    return {"transitions": transitions.tolist(), "first": first.tolist()}


def build(weights: Mapping[str, Array], attention_heads: int, outputs: list[str]) -> tuple[ModelProto, bytes]:
    """Return the graph, and the table of pieces that it expects in the file ``PIECES`` beside it.

    ``weights`` are the network's under its own names. Inputs, int32: ``pieces``, ``shapes`` and ``places`` [pieces],
    ``firsts`` [words]. Outputs, float32: one [words, width] for each of the heads ``outputs``.
    """
    graph = _Graph(weights)
    shared, last = _stacks(weights)
    x = graph.embedded()
    for layer in shared:
        x = graph.layer(x, layer, attention_heads, None)
    for stack in last:
        read = x
        for layer in stack:
            # Only the first pieces of words are read in the end: a last layer looks at all, but works out no others.
            read = graph.layer(read, layer, attention_heads, "firsts" if layer == stack[-1] else None)
        words = graph.node("Squeeze", read, graph.constant(np.array([0])))
        for head in outputs:
            if (head in OUTPUTS) == stack[0].startswith(_BRANCH):
                weight, bias = (graph.own(f"heads.{head}.{part}") for part in ("weight", "bias"))
                graph.nodes.append(helper.make_node("Gemm", [words, weight, bias], [head], transB=1))
    return graph.model(outputs), graph.pieces.tobytes()


def _stacks(weights: Mapping[str, Array]) -> tuple[list[str], list[list[str]]]:
    """Return the layers that all heads share, then those of each of the two stacks above: for reading, and for stances."""
    layers, branch = (
        [
            f"{stack}{number}"
            for number in range(1 + max(int(key.split(".")[1]) for key in weights if key.startswith(stack)))
        ]
        for stack in (_LAYERS, _BRANCH)
    )
    shared = len(layers) - len(branch)
    return layers[:shared], [layers[shared:], branch]


class _Graph:
    """Nodes and constants in the making; every method adds some and returns the name of their result."""

    def __init__(self, weights: Mapping[str, Array]) -> None:
        self.weights = weights
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []
        self.piece_scales = np.abs(weights["pieces.weight"]).max(1) / 127
        self.pieces = np.rint(weights["pieces.weight"] / self.piece_scales[:, None]).astype(np.int8)

    def constant(self, values: NDArray[np.generic], name: str = "") -> str:
        name = name or f"constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def own(self, name: str) -> str:
        """Add one of the network's weights as it is, under its own name."""
        return self.constant(self.weights[name], name)

    def node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        return self.split(operator, *inputs, results=1, **attributes)[0]

    def split(self, operator: str, *inputs: str, results: int, **attributes: Any) -> list[str]:
        names = [f"{operator}{len(self.nodes)}.{result}" for result in range(results)]
        self.nodes.append(helper.make_node(operator, inputs, names, **attributes))
        return names

    def embedded(self) -> str:
        """Return the sum of what pieces, positions, shapes and places say, [1, pieces, hidden]."""
        self.constants.append(_outside(self.pieces, "pieces.weight"))
        scales = self.node("Gather", self.constant(self.piece_scales, "pieces.scales"), "pieces")
        x = self.node("DequantizeLinear", self.node("Gather", "pieces.weight", "pieces"), scales, axis=0)
        positions = (self.weights["positions.weight"] + self.weights["kind"])[: WINDOW + 2]
        length = self.node("Shape", "pieces")
        x = self.node(
            "Add",
            x,
            self.node("Slice", self.constant(positions, "positions.weight"), self.constant(np.array([0])), length),
        )
        for name in ("shapes", "places"):
            x = self.node("Add", x, self.node("Gather", self.own(f"{name}.weight"), name))
        return self.norm(self.node("Unsqueeze", x, self.constant(np.array([0]))), "norm")

    def layer(self, x: str, name: str, attention_heads: int, rows: str | None) -> str:
        """Return what the layer ``name`` makes of ``x``: of all its pieces, or of ``rows``."""
        q, k, v = self.split("Split", self.linear(x, f"{name}.qkv"), results=3, axis=2, num_outputs=3)
        if rows is not None:
            q, x = (self.node("Gather", each, rows, axis=1) for each in (q, x))
        attended = self.node("MultiHeadAttention", q, k, v, domain=_FUSED, num_heads=attention_heads)
        x = self.norm(self.node("Add", x, self.linear(attended, f"{name}.out")), f"{name}.attention_norm")
        up = self.linear_by_piece(x, self.node("Abs", x), f"{name}.up")
        up = self.node("BiasGelu", up, self.own(f"{name}.up.bias"), domain=_FUSED)
        down = self.linear_by_piece(up, up, f"{name}.down")  # values of this activation are hardly negative
        down = self.node("Add", down, self.own(f"{name}.down.bias"))
        return self.norm(self.node("Add", x, down), f"{name}.norm")

    def norm(self, x: str, name: str) -> str:
        parts = (self.own(f"{name}.{part}") for part in ("weight", "bias"))
        return self.node("LayerNormalization", x, *parts, epsilon=_EPSILON)

    def linear(self, x: str, name: str) -> str:
        """Return ``x`` times the weights of ``name`` plus its bias, ``x`` scaled as a whole."""
        bias = self.own(f"{name}.bias")
        return self.node("DynamicQuantizeMatMul", x, *self.quantized(name), "", bias, domain=_FUSED)

    def linear_by_piece(self, x: str, sizes: str, name: str) -> str:
        """Return ``x`` times the weights of ``name``, each piece of ``x`` scaled by the largest of its ``sizes``."""
        largest = self.node("ReduceMax", sizes, self.constant(np.array([-1])))
        made = self.node("DynamicQuantizeMatMul", self.node("Div", x, largest), *self.quantized(name), domain=_FUSED)
        return self.node("Mul", made, largest)

    def quantized(self, name: str) -> tuple[str, str]:
        """Return the weights of ``name`` as integers [inputs, outputs], and the scales [outputs]."""
        weight = self.weights[f"{name}.weight"].T
        scales = np.abs(weight).max(0) / _MOST
        whole = np.rint(weight / scales).astype(np.int8)
        return self.constant(whole, f"{name}.weight"), self.constant(scales, f"{name}.scales")

    def model(self, outputs: list[str]) -> ModelProto:
        lengths = {"pieces": "pieces", "shapes": "pieces", "places": "pieces", "firsts": "words"}
        inputs = [helper.make_tensor_value_info(name, TensorProto.INT32, [length]) for name, length in lengths.items()]
        found = [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["words", len(self.weights[f"heads.{name}.bias"])])
            for name in outputs
        ]
        graph = helper.make_graph(self.nodes, "stancewire", inputs, found, self.constants)
        versions = [helper.make_opsetid("", 20), helper.make_opsetid(_FUSED, 1)]
        return helper.make_model(graph, opset_imports=versions, ir_version=10)


def _outside(values: NDArray[np.int8], name: str) -> TensorProto:
    """Describe a constant that stands in the file ``PIECES``: processes then share the pages that they read."""
    tensor = TensorProto(name=name, data_type=TensorProto.INT8, dims=values.shape, data_location=TensorProto.EXTERNAL)
    for key, value in (("location", PIECES), ("offset", 0), ("length", values.nbytes)):
        tensor.external_data.add(key=key, value=str(value))
    return tensor
