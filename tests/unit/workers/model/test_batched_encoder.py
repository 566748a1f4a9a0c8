from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from services import samples
from workers.model.batched_encoder import BatchedEncoder
from workers.model.component import packaged_encoder
from workers.model.inputs import EncoderInput
from workers.model.packaged import packaged_weights
from workers.pipeline.components import SEGMENTATION_COMPONENTS, build_nlp
from workers.training.batched_export import build
from workers.training.restore import restore

NLP = build_nlp(SEGMENTATION_COMPONENTS)
SCORES = ("entities", "roles", "links", "stances", "vectors")


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("graph") / "batched.onnx"
    onnx.save(build(restore(packaged_weights())), str(file))
    return file


@pytest.fixture(scope="module")
def documents() -> list[EncoderInput]:
    vocabulary = packaged_encoder().vocabulary
    texts = ["", "Rain.", *(article.body or "" for article in samples.load()[:3])]
    return [EncoderInput.of(NLP(text), vocabulary) for text in texts]


def encoder_of(graph: Path, batch_pieces: int = 2_000) -> BatchedEncoder:
    return BatchedEncoder(graph, packaged_encoder().vocabulary, batch_pieces)


def test_scores_in_batches_are_those_of_each_document_alone(graph: Path, documents: list[EncoderInput]) -> None:
    encoder = encoder_of(graph)
    together = encoder.run(documents)
    assert max(len(scores.windows) for scores in together) > 1, "a long document has several windows"
    for words, scores in zip(documents, together, strict=True):
        (alone,) = encoder.run([words])
        for name in SCORES:
            assert getattr(scores, name) == pytest.approx(getattr(alone, name), abs=0.02)
        assert np.array_equal(scores.parts, alone.parts)


def test_scores_in_floats_are_close_to_those_of_the_shipped_integers(
    graph: Path, documents: list[EncoderInput]
) -> None:
    shipped = packaged_encoder()
    for words, scores in zip(documents[1:], encoder_of(graph).run(documents[1:]), strict=True):
        expected = shipped.run(words)
        assert scores.windows == expected.windows
        assert (scores.parts == expected.parts).mean() > 0.97
        for name in ("entities", "roles"):
            assert (getattr(scores, name).argmax(1) == getattr(expected, name).argmax(1)).mean() > 0.97


@pytest.mark.parametrize("batch_pieces", [1, 300, 100_000])
def test_size_of_a_batch_changes_no_score(graph: Path, documents: list[EncoderInput], batch_pieces: int) -> None:
    few, expected = (encoder_of(graph, size).run(documents) for size in (batch_pieces, 2_000))
    for ours, theirs in zip(few, expected, strict=True):
        assert ours.entities == pytest.approx(theirs.entities, abs=0.02)


def test_missing_graph_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"none\.onnx: no such file"):
        encoder_of(tmp_path / "none.onnx")
