from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from tests.support import paths
from tests.support.stance_heads import random_stance_weights
from workers.model.encoder import (
    HEADS_FILE,
    MODEL_FILE,
    PIECES_FILE,
    STANCE_HEADS_FILE,
    VOCABULARY_FILE,
    WINDOW_PIECES,
    Encoder,
)
from workers.model.inputs import POSITION_TYPES, EncoderInput, Shape, Start, join_claim_and_statement
from workers.model.stance_heads import BRANCH_OUTPUTS, Calibration
from workers.model.tags import ENTITIES, PARTS_OF_SPEECH, ROLES, begin_tag, tag_count
from workers.pipeline.components import build_nlp
from workers.training.export import build
from workers.training.restore import restore

Weights = dict[str, NDArray[np.float32]]

HIDDEN, INNER, ATTENTION = 32, 64, 4
VOCABULARY_SIZE = 40
WIDTHS = {
    "entities": tag_count(len(ENTITIES)),
    "roles": tag_count(len(ROLES)),
    "parts": len(PARTS_OF_SPEECH),
    "links": 256,
    "stances": 256,
    "claims": 64,
}
PACKAGED = paths.ROOT / "workers" / "model" / "weights"


@pytest.fixture(scope="module")
def weights() -> Weights:
    """Return random weights of a small network, under the names of the trained one."""
    generator = np.random.default_rng(7)
    arrays: Weights = {}

    def matrix(name: str, *shape: int, size: float = 1.0) -> None:
        arrays[name] = (size * generator.standard_normal(shape)).astype(np.float32)

    def linear(name: str, inputs: int, outputs: int) -> None:
        matrix(f"{name}.weight", outputs, inputs, size=1 / math.sqrt(inputs))
        matrix(f"{name}.bias", outputs, size=0.1)

    def norm(name: str) -> None:
        matrix(f"{name}.weight", HIDDEN, size=0.1)
        arrays[f"{name}.weight"] += 1
        matrix(f"{name}.bias", HIDDEN, size=0.1)

    for name, rows in (
        ("pieces", VOCABULARY_SIZE),
        ("positions", WINDOW_PIECES + 2),
        ("shapes", len(Shape)),
        ("places", POSITION_TYPES),
    ):
        matrix(f"{name}.weight", rows, HIDDEN)
    matrix("kind", HIDDEN)
    norm("norm")
    for layer in ("layers.0", "layers.1", "branch.0"):
        for name, inputs, outputs in (("qkv", HIDDEN, 3 * HIDDEN), ("out", HIDDEN, HIDDEN)):
            linear(f"{layer}.{name}", inputs, outputs)
        norm(f"{layer}.attention_norm")
        for name, inputs, outputs in (("up", HIDDEN, INNER), ("down", INNER, HIDDEN)):
            linear(f"{layer}.{name}", inputs, outputs)
        norm(f"{layer}.norm")
    for head, width in WIDTHS.items():
        linear(f"heads.{head}", HIDDEN, width)
    return arrays


@pytest.fixture(scope="module")
def folder(weights: Weights, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights")
    model, pieces = build(weights, ATTENTION, list(WIDTHS))
    onnx.save(model, str(path / MODEL_FILE))
    (path / PIECES_FILE).write_bytes(pieces)
    names = ["[UNK]", "[CLS]", "[SEP]", *(f"piece{i}" for i in range(VOCABULARY_SIZE - 3))]
    (path / VOCABULARY_FILE).write_text("\n".join(names), encoding="utf-8")
    field = {
        head: {"transitions": [[0.5] * WIDTHS[head]] * WIDTHS[head], "first": [0.25] * WIDTHS[head]}
        for head in ("entities", "roles")
    }
    labels = {"entities": ENTITIES, "roles": ROLES, "parts": PARTS_OF_SPEECH}
    rest = {
        "name": "random",
        "distances": [[0.0], [1.0]],
        "none": [0.0, 1.0],
        "confidence": [2.0],
        "entity_confidence": [3.0],
        "scales": {"stance_pairs": [2.0, [0.0, 1.0]]},
    }
    np.savez(path / STANCE_HEADS_FILE, **random_stance_weights(), allow_pickle=False)
    (path / HEADS_FILE).write_text(json.dumps({"labels": labels, **field, **rest}), encoding="utf-8")
    return path


def document(count: int) -> EncoderInput:
    """Return a random document of ``count`` words, in sentences of 9."""
    generator = np.random.default_rng(count)
    pieces = [tuple(generator.integers(3, VOCABULARY_SIZE, generator.integers(1, 4)).tolist()) for _ in range(count)]
    starts = [int(Start.NOTHING if i % 9 else Start.SENTENCE) for i in range(count)]
    shapes = generator.integers(1, len(Shape), count).tolist()
    return EncoderInput(
        list(range(count)), pieces, shapes, generator.integers(0, POSITION_TYPES, count).tolist(), starts
    )


def norm(x: NDArray[np.float32], w: Weights, name: str) -> NDArray[np.float32]:
    centred = x - x.mean(-1, keepdims=True)
    normalized: NDArray[np.float32] = centred / centred.std(-1, keepdims=True) * w[f"{name}.weight"] + w[f"{name}.bias"]
    return normalized


def linear(x: NDArray[np.float32], w: Weights, name: str) -> NDArray[np.float32]:
    return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]


def gelu(x: NDArray[np.float32]) -> NDArray[np.float32]:
    activated: NDArray[np.float32] = x * (1 + np.vectorize(math.erf)(x / math.sqrt(2))) / 2
    return activated


def exact_scores(w: Weights, words: EncoderInput, start: int, end: int) -> dict[str, NDArray[np.float32]]:
    """Return the network's outputs for one window, computed without quantization or shortcuts."""
    counts = [len(words.pieces[i]) for i in range(start, end)]
    pieces = [1, *(piece for i in range(start, end) for piece in words.pieces[i]), 2]
    shapes = [0, *np.repeat(words.shapes[start:end], counts), 0]
    position_types = [0, *np.repeat(words.position_types[start:end], counts), 0]
    x = w["pieces.weight"][pieces] + w["positions.weight"][: len(pieces)] + w["kind"]
    x = norm(x + w["shapes.weight"][shapes] + w["places.weight"][position_types], w, "norm")
    shared = apply_layer(x, w, "layers.0")
    firsts = np.cumsum([1, *counts])[:-1]
    main, branch = (apply_layer(shared, w, layer)[firsts] for layer in ("layers.1", "branch.0"))
    return {head: linear(branch if head in BRANCH_OUTPUTS else main, w, f"heads.{head}") for head in WIDTHS}


def apply_layer(x: NDArray[np.float32], w: Weights, layer: str) -> NDArray[np.float32]:
    """Return the output of a layer."""
    q, k, v = linear(x, w, f"{layer}.qkv").reshape(len(x), 3, ATTENTION, -1).transpose(1, 2, 0, 3)
    shares = np.exp(q @ k.transpose(0, 2, 1) / math.sqrt(HIDDEN // ATTENTION))
    attended = (shares / shares.sum(-1, keepdims=True) @ v).transpose(1, 0, 2).reshape(len(x), HIDDEN)
    x = norm(x + linear(attended, w, f"{layer}.out"), w, f"{layer}.attention_norm")
    return norm(x + linear(gelu(linear(x, w, f"{layer}.up")), w, f"{layer}.down"), w, f"{layer}.norm")


@pytest.mark.parametrize("count", [1, 2, 60, 700])
def test_quantized_scores_match_exact_network(weights: Weights, folder: Path, count: int) -> None:
    words = document(count)
    scores = Encoder(folder).run(words)
    assert (len(scores.windows) > 1) == (count == 700)
    exact = [exact_scores(weights, words, *window) for window in scores.windows]
    for head, outputs in (
        ("entities", scores.entities),
        ("roles", scores.roles),
        ("links", scores.links),
        ("stances", scores.stances),
    ):
        expected_outputs = np.concatenate([each[head] for each in exact])
        assert outputs.shape == expected_outputs.shape == (count, WIDTHS[head])
        # Quantization costs one part in 127 per matrix. A wrong row, scale or bias costs about 1, a score's size.
        assert np.abs(outputs - expected_outputs).mean() < 0.05
    parts = np.concatenate([each["parts"] for each in exact])
    lost = parts.max(1) - np.take_along_axis(parts, scores.parts[:, None].astype(int), 1)[:, 0]
    assert lost.max() < 0.5


def test_empty_document_has_no_scores(folder: Path) -> None:
    scores = Encoder(folder).run(document(0))
    assert scores.windows == []
    assert [len(scores.entities), len(scores.roles), len(scores.parts), len(scores.links)] == [0, 0, 0, 0]


def test_scores_do_not_depend_on_earlier_documents(folder: Path) -> None:
    encoder = Encoder(folder)
    before = encoder.run(document(60)).entities
    encoder.run(document(200))
    assert np.array_equal(encoder.run(document(60)).entities, before)


def test_claim_and_statement_are_encoded_together(weights: Weights, folder: Path) -> None:
    claim, statement = document(7), document(11)
    both = join_claim_and_statement(claim, statement, 2)
    encoder = Encoder(folder)
    vectors = exact_scores(weights, both, 0, len(both))["claims"]
    assert encoder.support_probability(claim, statement) == pytest.approx(
        encoder.claim_head.support_probability(vectors, 7), abs=0.05
    )
    with pytest.raises(ValueError, match="must have words"):
        encoder.support_probability(claim, document(0))
    with pytest.raises(ValueError, match="leaves no room"):
        encoder.support_probability(document(300), statement)


def test_restore_returns_exported_weights_as_floats(weights: Weights, folder: Path) -> None:
    restored = restore(folder)
    assert set(restored) >= set(weights)
    for name in ("layers.0.qkv.weight", "layers.1.down.weight", "pieces.weight"):
        assert np.abs(restored[name] - weights[name]).max() < np.abs(weights[name]).max() / 100
    assert np.array_equal(restored["layers.1.norm.bias"], weights["layers.1.norm.bias"])
    assert restored["positions.weight"] + restored["kind"] == pytest.approx(
        weights["positions.weight"] + weights["kind"]
    )
    assert restored["roles.first"].tolist() == [0.25] * WIDTHS["roles"]
    assert np.array_equal(restored["pairs.hidden.weight"], random_stance_weights()["pairs.hidden.weight"])


def test_heads_are_read_from_tables(folder: Path) -> None:
    heads = Encoder(folder).heads
    assert heads.roles.transitions.shape == (WIDTHS["roles"], WIDTHS["roles"])
    assert heads.entities.start.tolist() == [0.25] * WIDTHS["entities"]
    assert heads.none_scores.tolist() == [0.0, 1.0]
    assert (heads.name, heads.confidence, heads.entity_confidence) == ("random", [2.0], [3.0])
    assert heads.calibrations == {"stance_pairs": Calibration(2.0, (0.0, 1.0))}


@pytest.mark.parametrize("name", [MODEL_FILE, PIECES_FILE, HEADS_FILE, STANCE_HEADS_FILE, VOCABULARY_FILE])
def test_missing_file_is_named_in_error(folder: Path, tmp_path: Path, name: str) -> None:
    for file in folder.iterdir():
        if file.name != name:
            (tmp_path / file.name).write_bytes(file.read_bytes())
    with pytest.raises(FileNotFoundError, match=name):
        Encoder(tmp_path)


def test_tables_of_other_labels_are_rejected(folder: Path, tmp_path: Path) -> None:
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes().replace(b'"cue"', b'"verb"'))
    with pytest.raises(ValueError, match="other labels"):
        Encoder(tmp_path)


@pytest.mark.skipif(not PACKAGED.exists(), reason="the weights are not in this checkout")
def test_packaged_weights_recognize_name_and_cue() -> None:
    encoder = Encoder()
    nlp = build_nlp(("stancewire_paragraphs", "stancewire_sentences", "stancewire_quotations"))
    doc = nlp("Ana Ruiz told reporters on Monday that the port would not be sold.")
    words = EncoderInput.of(doc, encoder.vocabulary)
    scores = encoder.run(words)
    at = {doc[token].text: i for i, token in enumerate(words.tokens)}
    assert scores.entities[at["Ana"]].argmax() == begin_tag(ENTITIES.index("Person"))
    assert scores.roles[at["told"]].argmax() == begin_tag(ROLES.index("cue"))
    assert PARTS_OF_SPEECH[scores.parts[at["port"]]] == "NOUN"


def test_worker_process_runs_one_thread_and_writes_no_files(tmp_path: Path) -> None:
    """onnxruntime sends telemetry and writes an identifier, except where CI variables are set; BLAS starts threads."""
    environment = {
        name: value for name, value in os.environ.items() if name in {"PATH", "VIRTUAL_ENV", "PYTHONPATH", "LANG"}
    }
    code = (
        "import os; from workers.model.component import packaged_encoder; packaged_encoder()._session; "
        "import numpy; numpy.ones((512, 512)) @ numpy.ones((512, 512)); "
        "print(len(os.listdir('/proc/self/task')))"
    )
    process = subprocess.run(
        [sys.executable, "-c", code],
        env=environment
        | {"HOME": str(tmp_path), "TMPDIR": str(tmp_path), "OMP_NUM_THREADS": "8", "OPENBLAS_NUM_THREADS": "8"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert process.stdout == "1\n", "a native library has started more threads"
    assert list(tmp_path.iterdir()) == []
