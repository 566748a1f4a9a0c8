"""Writes the packaged network as a graph for a GPU: ``python -m workers.training.batched_export FILE``.

The graph that is shipped reads one window at a time in 8-bit integers, for which GPUs have no kernels. This one reads
many windows at once in floats: they are padded to the longest, and a mask hides the padding. The weights are the
shipped ones, so both give the same scores up to rounding. `workers.model.batched_encoder` runs it.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper, save

from workers.model.batched_encoder import INPUTS
from workers.model.encoder import SCORE_OUTPUTS, VECTOR_OUTPUTS, WINDOW_PIECES
from workers.model.packaged import packaged_weights
from workers.model.stance_heads import BRANCH_OUTPUTS
from workers.training.export import GraphBuilder, layer_names
from workers.training.restore import restore

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


Array = NDArray[np.float32]
ATTENTION_HEADS: Final = 12
_FUSED: Final = "com.microsoft"  # onnxruntime's own operators


def build(weights: Mapping[str, Array], attention_heads: int = ATTENTION_HEADS) -> ModelProto:
    """Return the graph.

    Inputs, int32: ``pieces``, ``shapes``, ``places`` and ``mask`` (1 for a piece, else 0), each [windows, pieces],
    and ``words``, the places of the words' first pieces among all [windows * pieces]. Outputs, float32: [words, width]
    for each of ``SCORE_OUTPUTS``.
    """
    graph = _Graph(weights)
    x = graph.embedded()
    shared, stacks = layer_names(weights)
    for layer in shared:
        x = graph.batched_layer(x, layer, attention_heads)
    for stack in stacks:
        encoded = x
        for layer in stack:
            encoded = graph.batched_layer(encoded, layer, attention_heads)
        is_branch = stack != stacks[0]
        flat = graph.node("Reshape", encoded, graph.constant(np.array([-1, len(weights["norm.bias"])])))
        vectors = VECTOR_OUTPUTS[is_branch]
        graph.nodes.append(helper.make_node("Gather", [flat, "words"], [vectors]))
        for name in SCORE_OUTPUTS:
            if name not in VECTOR_OUTPUTS and (name in BRANCH_OUTPUTS) == is_branch:
                weight, bias = (graph.weight(f"heads.{name}.{part}") for part in ("weight", "bias"))
                graph.nodes.append(helper.make_node("Gemm", [vectors, weight, bias], [name], transB=1))
    return graph.batched_model()


class _Graph(GraphBuilder):
    """Builds the graph for many windows, in floats."""

    def embedded(self) -> str:
        """Return the sum of the embeddings of pieces, positions, shapes and position types."""
        positions = (self.weights["positions.weight"] + self.weights["kind"])[: WINDOW_PIECES + 2]
        length = self.node("Shape", "pieces", start=1)
        x = self.node(
            "Add",
            self.node("Gather", self.weight("pieces.weight"), "pieces"),
            self.node("Slice", self.constant(positions, "positions.weight"), self.constant(np.array([0])), length),
        )
        for name in ("shapes", "places"):
            x = self.node("Add", x, self.node("Gather", self.weight(f"{name}.weight"), name))
        return self.norm(x, "norm")

    def batched_layer(self, x: str, name: str, attention_heads: int) -> str:
        """Return the output of the layer ``name``, [windows, pieces, hidden]."""
        qkv = self.linear(x, f"{name}.qkv")
        parts = [f"{name}.{part}" for part in "qkv"]
        self.nodes.append(helper.make_node("Split", [qkv], parts, axis=2, num_outputs=3))
        attended = self.node("MultiHeadAttention", *parts, "", "mask", domain=_FUSED, num_heads=attention_heads)
        x = self.norm(self.node("Add", x, self.linear(attended, f"{name}.out")), f"{name}.attention_norm")
        up = self.node("Gelu", self.linear(x, f"{name}.up"))
        return self.norm(self.node("Add", x, self.linear(up, f"{name}.down")), f"{name}.norm")

    def linear(self, x: str, name: str) -> str:
        """Return ``x`` times the weights of ``name`` plus its bias."""
        weight = self.constant(self.weights[f"{name}.weight"].T, f"{name}.weight")
        return self.node("Add", self.node("MatMul", x, weight), self.weight(f"{name}.bias"))

    def batched_model(self) -> ModelProto:
        sizes: dict[str, Sequence[str]] = dict.fromkeys(INPUTS, ("windows", "pieces")) | {"words": ("words",)}
        inputs = [helper.make_tensor_value_info(name, TensorProto.INT32, sizes[name]) for name in INPUTS]
        results = [
            helper.make_tensor_value_info(
                name,
                TensorProto.FLOAT,
                ["words", len(self.weights["norm.bias" if name in VECTOR_OUTPUTS else f"heads.{name}.bias"])],
            )
            for name in SCORE_OUTPUTS
        ]
        graph = helper.make_graph(self.nodes, "stancewire_batched", inputs, results, self.constants)
        versions = [helper.make_opsetid("", 20), helper.make_opsetid(_FUSED, 1)]
        return helper.make_model(graph, opset_imports=versions, ir_version=10)


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(prog="python -m workers.training.batched_export", description=__doc__)
    parser.add_argument("file", type=Path, help="the graph to write, some 130 MB")
    save(build(restore(packaged_weights())), str(parser.parse_args().file))


if __name__ == "__main__":
    main()
