"""Exports the trained network to the files of a worker: an 8-bit ONNX graph, tables of the heads, the vocabulary.

The graph is built node by node, for one window at a time: without batches there is no padding and no mask. Weights are
signed 8-bit integers with a scale for each output, and use 7 of their 8 bits: processors without VNNI add pairs of
products in 16 bits, which full weights would overflow. Activations are quantized dynamically. In the feed-forward
layers each piece has its own scale, as the values of the start mark are many times those of all other pieces there
(Bondarenko et al., arXiv 2109.12948): a common scale would leave the others only a few steps.
"""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper, numpy_helper, save

from workers.model.confidence import ATTRIBUTION_FEATURE_COUNT, ENTITY_FEATURE_COUNT
from workers.model.encoder import (
    HEADS_FILE,
    MODEL_FILE,
    PIECES_FILE,
    STANCE_HEADS_FILE,
    VECTOR_OUTPUTS,
    VOCABULARY_FILE,
    WINDOW_PIECES,
)
from workers.model.stance_heads import BRANCH_OUTPUTS
from workers.model.tags import ENTITIES, PARTS_OF_SPEECH, ROLES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from onnx import NodeProto

    from workers.training.network import Network

Array = NDArray[np.float32]
_CLASSES: Final = {"stance_pairs": 5, "target_sentiment": 3, "claim_stance": 2}
_FUSED: Final = "com.microsoft"  # onnxruntime's own operators
_LARGEST_WEIGHT: Final = 63  # in 7 bits, signed
_LAYERS: Final = "layers."
_BRANCH: Final = "branch."
_EPSILON: Final = 1e-12


def export(network: Network, vocabulary: Path, target: Path, name: str, recipe: Mapping[str, Any]) -> None:
    """Write the files of ``workers.model.encoder`` into the folder ``target``.

    ``name`` is the name of the model in results; ``recipe`` has the settings of the training runs, for the model card.
    Scores are calibrated later, on the findings of these files; until then every finding scores one half.
    """
    from workers.training.network import HEAD_OUTPUTS  # imports torch, which ``build`` does not need

    weights = {key: value.detach().cpu().float().numpy() for key, value in network.state_dict().items()}
    target.mkdir(parents=True, exist_ok=True)
    model, pieces = build(weights, network.shape.heads, list(HEAD_OUTPUTS))
    save(model, str(target / MODEL_FILE))
    (target / PIECES_FILE).write_bytes(pieces)
    shutil.copyfile(vocabulary, target / VOCABULARY_FILE)
    stance_heads = {
        key: value.astype(np.float16) for key, value in weights.items() if key.startswith(("pairs.", "claims."))
    }
    np.savez(target / STANCE_HEADS_FILE, allow_pickle=False, **stance_heads)
    tables = {
        "name": name,
        "labels": {"entities": ENTITIES, "roles": ROLES, "parts": PARTS_OF_SPEECH},
        "entities": _transition_tables(network, "entities"),
        "roles": _transition_tables(network, "roles"),
        "distances": network.distances.tolist(),
        "none": network.none.tolist(),
        "recipe": dict(recipe),
        "confidence": [0.0] * ATTRIBUTION_FEATURE_COUNT,
        "entity_confidence": [0.0] * ENTITY_FEATURE_COUNT,
        "scales": {task: [1.0, [0.0] * count, [1 / count] * count] for task, count in _CLASSES.items()},
    }
    (target / HEADS_FILE).write_text(json.dumps(tables, indent=1) + "\n", encoding="utf-8")


def _transition_tables(network: Network, head: str) -> dict[str, list[float]]:
    transitions, first = getattr(network, head).tables()
    return {"transitions": transitions.tolist(), "first": first.tolist()}


def build(weights: Mapping[str, Array], attention_heads: int, outputs: list[str]) -> tuple[ModelProto, bytes]:
    """Return the graph, and the embeddings of the pieces, which it expects in ``PIECES_FILE`` in the same folder.

    ``weights`` are the network's, by its own names. Inputs, int32: ``pieces``, ``shapes`` and ``places`` [pieces],
    ``firsts`` [words]. Outputs, float32: [words, width] for each of the heads in ``outputs``, and the vectors that the
    heads read, [words, hidden] by the names of ``VECTOR_OUTPUTS``.
    """
    graph = GraphBuilder(weights)
    shared, stacks = layer_names(weights)
    x = graph.embedded()
    for layer in shared:
        x = graph.layer(x, layer, attention_heads, None)
    for stack in stacks:
        encoded = x
        for layer in stack:
            # The heads read only the first piece of each word, so the last layer attends to all pieces
            # but computes no others.
            encoded = graph.layer(encoded, layer, attention_heads, "firsts" if layer == stack[-1] else None)
        words = VECTOR_OUTPUTS[stack[0].startswith(_BRANCH)]
        graph.nodes.append(helper.make_node("Squeeze", [encoded, graph.constant(np.array([0]))], [words]))
        for head in outputs:
            if (head in BRANCH_OUTPUTS) == stack[0].startswith(_BRANCH):
                weight, bias = (graph.weight(f"heads.{head}.{part}") for part in ("weight", "bias"))
                graph.nodes.append(helper.make_node("Gemm", [words, weight, bias], [head], transB=1))
    return graph.model(outputs), graph.embeddings.tobytes()


def layer_names(weights: Mapping[str, Array]) -> tuple[list[str], list[list[str]]]:
    """Return the layers that all heads share, then the two stacks above them: for reading, and for stances."""
    layers, branch = (
        [
            f"{stack}{number}"
            for number in range(1 + max(int(key.split(".")[1]) for key in weights if key.startswith(stack)))
        ]
        for stack in (_LAYERS, _BRANCH)
    )
    shared = len(layers) - len(branch)
    return layers[:shared], [layers[shared:], branch]


class GraphBuilder:
    """Builds the graph: every method adds nodes and constants and returns the name of their result."""

    def __init__(self, weights: Mapping[str, Array]) -> None:
        """Begin an empty graph; the embeddings of the pieces become 8-bit integers."""
        self.weights = weights
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []
        self.embedding_scales = np.abs(weights["pieces.weight"]).max(1) / 127
        self.embeddings = np.rint(weights["pieces.weight"] / self.embedding_scales[:, None]).astype(np.int8)

    def constant(self, values: NDArray[np.generic], name: str = "") -> str:
        """Add a constant, under a name of its own unless it is given one."""
        name = name or f"constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def weight(self, name: str) -> str:
        """Add one of the network's weights as a float constant, under its own name."""
        return self.constant(self.weights[name], name)

    def node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add an operator with one result."""
        return self.split(operator, *inputs, results=1, **attributes)[0]

    def split(self, operator: str, *inputs: str, results: int, **attributes: Any) -> list[str]:
        """Add an operator with several results."""
        names = [f"{operator}{len(self.nodes)}.{result}" for result in range(results)]
        self.nodes.append(helper.make_node(operator, inputs, names, **attributes))
        return names

    def embedded(self) -> str:
        """Return the sum of the embeddings of pieces, positions, shapes and position types, [1, pieces, hidden]."""
        self.constants.append(_external_constant(self.embeddings, "pieces.weight"))
        scales = self.node("Gather", self.constant(self.embedding_scales, "pieces.scales"), "pieces")
        x = self.node("DequantizeLinear", self.node("Gather", "pieces.weight", "pieces"), scales, axis=0)
        positions = (self.weights["positions.weight"] + self.weights["kind"])[: WINDOW_PIECES + 2]
        length = self.node("Shape", "pieces")
        x = self.node(
            "Add",
            x,
            self.node("Slice", self.constant(positions, "positions.weight"), self.constant(np.array([0])), length),
        )
        for name in ("shapes", "places"):
            x = self.node("Add", x, self.node("Gather", self.weight(f"{name}.weight"), name))
        return self.norm(self.node("Unsqueeze", x, self.constant(np.array([0]))), "norm")

    def layer(self, x: str, name: str, attention_heads: int, rows: str | None) -> str:
        """Return the output of the layer ``name`` for all pieces of ``x``, or only for those at indices ``rows``."""
        q, k, v = self.split("Split", self.linear(x, f"{name}.qkv"), results=3, axis=2, num_outputs=3)
        if rows is not None:
            q, x = (self.node("Gather", each, rows, axis=1) for each in (q, x))
        attended = self.node("MultiHeadAttention", q, k, v, domain=_FUSED, num_heads=attention_heads)
        x = self.norm(self.node("Add", x, self.linear(attended, f"{name}.out")), f"{name}.attention_norm")
        up = self.linear_by_piece(x, self.node("Abs", x), f"{name}.up")
        up = self.node("BiasGelu", up, self.weight(f"{name}.up.bias"), domain=_FUSED)
        down = self.linear_by_piece(
            up, up, f"{name}.down"
        )  # the activation is hardly ever negative, so the maximum is the size
        down = self.node("Add", down, self.weight(f"{name}.down.bias"))
        return self.norm(self.node("Add", x, down), f"{name}.norm")

    def norm(self, x: str, name: str) -> str:
        """Return ``x`` normalised by the weights of ``name``."""
        parts = (self.weight(f"{name}.{part}") for part in ("weight", "bias"))
        return self.node("LayerNormalization", x, *parts, epsilon=_EPSILON)

    def linear(self, x: str, name: str) -> str:
        """Return ``x`` times the weights of ``name`` plus its bias, with one scale for all of ``x``."""
        bias = self.weight(f"{name}.bias")
        return self.node("DynamicQuantizeMatMul", x, *self.quantized(name), "", bias, domain=_FUSED)

    def linear_by_piece(self, x: str, magnitudes: str, name: str) -> str:
        """Return ``x`` times the weights of ``name``; each piece is scaled by the largest of its ``magnitudes``."""
        largest = self.node("ReduceMax", magnitudes, self.constant(np.array([-1])))
        product = self.node("DynamicQuantizeMatMul", self.node("Div", x, largest), *self.quantized(name), domain=_FUSED)
        return self.node("Mul", product, largest)

    def quantized(self, name: str) -> tuple[str, str]:
        """Return the weights of ``name`` as integers [inputs, outputs], and the scales [outputs]."""
        weight = self.weights[f"{name}.weight"].T
        scales = np.abs(weight).max(0) / _LARGEST_WEIGHT
        integers = np.rint(weight / scales).astype(np.int8)
        return self.constant(integers, f"{name}.weight"), self.constant(scales, f"{name}.scales")

    def model(self, outputs: list[str]) -> ModelProto:
        """Return the whole graph with its inputs and outputs."""
        lengths = {"pieces": "pieces", "shapes": "pieces", "places": "pieces", "firsts": "words"}
        inputs = [helper.make_tensor_value_info(name, TensorProto.INT32, [length]) for name, length in lengths.items()]
        results = [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["words", len(self.weights[f"heads.{name}.bias"])])
            for name in outputs
        ]
        hidden = len(self.weights["norm.bias"])
        results += [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["words", hidden]) for name in VECTOR_OUTPUTS
        ]
        graph = helper.make_graph(self.nodes, "stancewire", inputs, results, self.constants)
        versions = [helper.make_opsetid("", 20), helper.make_opsetid(_FUSED, 1)]
        return helper.make_model(graph, opset_imports=versions, ir_version=10)


def _external_constant(values: NDArray[np.int8], name: str) -> TensorProto:
    """Describe a constant that is stored in ``PIECES_FILE``, so that processes share the memory pages they read."""
    tensor = TensorProto(name=name, data_type=TensorProto.INT8, dims=values.shape, data_location=TensorProto.EXTERNAL)
    for key, value in (("location", PIECES_FILE), ("offset", 0), ("length", values.nbytes)):
        tensor.external_data.add(key=key, value=str(value))
    return tensor
