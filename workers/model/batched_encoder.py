"""The network over many documents at once, for a worker with a GPU.

The windows of all documents are sorted by their length and read in batches, padded to the longest of each batch. The
graph is a file of its own, in floats: `workers.training.batched_export` makes it from the packaged weights.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from workers.model.encoder import SCORE_OUTPUTS, VECTOR_OUTPUTS, WINDOW_PIECES, Scores, empty_scores, window_inputs
from workers.model.inputs import split_windows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from workers.model.inputs import EncoderInput
    from workers.model.wordpiece import WordPieces

INPUTS: Final = ("pieces", "shapes", "places", "mask", "words")
_GPU: Final = "CUDAExecutionProvider"
_CPU: Final = "CPUExecutionProvider"


class _Window(NamedTuple):
    """Words ``start`` to ``end`` of a document, by its number, with the inputs of its pieces."""

    document: int
    start: int
    end: int
    inputs: dict[str, NDArray[np.int32]]


class BatchedEncoder:
    """Runs the batched graph, on a GPU if the installed onnxruntime has one, else on one thread of the CPU."""

    def __init__(self, file: Path, vocabulary: WordPieces, batch_pieces: int) -> None:
        """Load the graph. ``batch_pieces`` limits the pieces of a batch, padding included; a window has at most 256.

        Raises ``FileNotFoundError`` if there is no such file.
        """
        if not file.is_file():
            raise FileNotFoundError(f"{file}: no such file; `python -m workers.training.batched_export` makes it")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        available = onnxruntime.get_available_providers()
        providers = [provider for provider in (_GPU, _CPU) if provider in available]
        self._session = onnxruntime.InferenceSession(file, options, providers=providers)
        self._vocabulary = vocabulary
        self._batch_pieces = batch_pieces

    @property
    def device(self) -> str:
        """``cuda`` or ``cpu``."""
        return "cuda" if _GPU in self._session.get_providers() else "cpu"

    def run(self, documents: Sequence[EncoderInput]) -> list[Scores]:
        """Return the scores of each document; see ``Encoder.run``."""
        hidden = next(output.shape[1] for output in self._session.get_outputs() if output.name in VECTOR_OUTPUTS)
        scores = [empty_scores(len(words), split_windows(words, WINDOW_PIECES), hidden) for words in documents]
        windows = [
            _Window(number, start, end, inputs)
            for number, (words, of_document) in enumerate(zip(documents, scores, strict=True))
            for (start, end), inputs in zip(
                of_document.windows, window_inputs(words, of_document.windows, self._vocabulary), strict=True
            )
        ]
        windows.sort(key=lambda window: len(window.inputs["pieces"]))
        for batch in self._batches(windows):
            outputs = self._session.run(list(SCORE_OUTPUTS), _padded(batch))
            row = 0
            for window in batch:
                count = window.end - window.start
                rows = [output[row : row + count] for output in outputs]
                scores[window.document].set(window.start, window.end, *rows)
                row += count
        return scores

    def _batches(self, windows: Sequence[_Window]) -> Iterator[list[_Window]]:
        """Cut the windows, from short to long, into batches; a batch has at least one window."""
        batch: list[_Window] = []
        for window in windows:
            if batch and len(window.inputs["pieces"]) * (len(batch) + 1) > self._batch_pieces:
                yield batch
                batch = []
            batch.append(window)
        if batch:
            yield batch


def _padded(batch: Sequence[_Window]) -> dict[str, NDArray[np.int32]]:
    """Return the inputs of a batch, whose last window is the longest."""
    longest = len(batch[-1].inputs["pieces"])
    inputs = {name: np.zeros((len(batch), longest), np.int32) for name in INPUTS if name != "words"}
    for row, window in enumerate(batch):
        length = len(window.inputs["pieces"])
        for name in ("pieces", "shapes", "places"):
            inputs[name][row, :length] = window.inputs[name]
        inputs["mask"][row, :length] = 1
    words = chain.from_iterable((row * longest + window.inputs["firsts"]).tolist() for row, window in enumerate(batch))
    return inputs | {"words": np.fromiter(words, np.int32)}
