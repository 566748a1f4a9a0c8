"""The trained network at run time: the words of a document in, the scores of all heads out.

The weights are package data made by ``workers.training.export``: ``model.onnx`` and ``pieces.bin`` for onnxruntime,
``heads.json`` with the tables that decode its scores, ``sides.npz`` with the stance heads, and ``vocab.txt``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from workers.model import stance_heads
from workers.model.inputs import EncoderInput, Shape, join_claim_and_statement, split_windows
from workers.model.packaged import packaged_weights
from workers.model.tags import ENTITIES, PARTS_OF_SPEECH, ROLES, tag_count
from workers.model.wordpiece import WordPieces

if TYPE_CHECKING:
    from collections.abc import Iterator

MODEL_FILE: Final = "model.onnx"
PIECES_FILE: Final = "pieces.bin"
HEADS_FILE: Final = "heads.json"
STANCE_HEADS_FILE: Final = "sides.npz"
VOCABULARY_FILE: Final = "vocab.txt"
WINDOW_PIECES: Final = 254  # in one pass of the network, without its begin and end marks
VECTOR_OUTPUTS: Final = ("reading_vectors", "stance_vectors")  # of the last layers for reading and for stances
SCORE_OUTPUTS: Final = ("entities", "roles", "parts", "links", "stances", *VECTOR_OUTPUTS)
_LINK_WIDTH: Final = 256
# Computes only the nodes that the requested outputs need.
_PARTIAL_RUN: Final = onnxruntime.RunOptions()
_PARTIAL_RUN.only_execute_path_to_fetches = True


@dataclass(frozen=True, slots=True)
class CrfTransitions:
    """The tables of a linear-chain CRF: ``transitions`` [tag before, tag after], ``start`` [tag] for the first tag."""

    transitions: NDArray[np.float32]
    start: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Heads:
    """The learned parameters of ``heads.json``.

    ``distance_scores`` [kind of link, bucket] and ``none_scores`` [kind of link] score links. ``confidence`` and
    ``entity_confidence`` are the weights of ``workers.model.confidence``. ``calibrations`` are those of the stance
    heads, by task.
    """

    name: str
    entities: CrfTransitions
    roles: CrfTransitions
    distance_scores: NDArray[np.float32]
    none_scores: NDArray[np.float32]
    confidence: list[float]
    entity_confidence: list[float]
    calibrations: dict[str, stance_heads.Calibration]

    @classmethod
    def read(cls, path: Path) -> Heads:
        """Read ``heads.json``. Raises ``OSError`` if it is missing, ``ValueError`` if it was made for other labels."""
        tables: dict[str, Any] = json.loads(path.read_text("utf-8"))
        if tables["labels"] != {"entities": [*ENTITIES], "roles": [*ROLES], "parts": [*PARTS_OF_SPEECH]}:
            raise ValueError(f"{path} was made for other labels")
        entities, roles = (
            CrfTransitions(*(np.array(tables[head][table], np.float32) for table in ("transitions", "first")))
            for head in ("entities", "roles")
        )
        distance_scores, none_scores = (np.array(tables[table], np.float32) for table in ("distances", "none"))
        return cls(
            name=tables["name"],
            entities=entities,
            roles=roles,
            distance_scores=distance_scores,
            none_scores=none_scores,
            confidence=tables["confidence"],
            entity_confidence=tables["entity_confidence"],
            calibrations={
                task: stance_heads.Calibration(temperature, *map(tuple, vectors))
                for task, (temperature, *vectors) in tables["scales"].items()
            },
        )


@dataclass(frozen=True, slots=True)
class Scores:
    """The network's outputs for the words of one document, in order.

    ``entities`` and ``roles`` [words, tags] are logits, ``parts`` [words] the best parts of speech, ``links``
    [words, 256] the vectors for ``link_scorer``, ``stances`` [words, 256] those for ``stance_heads``, ``vectors``
    [words, 768] those of the last layers for reading and for stances. The ``windows`` of words, which the network reads
    one at a time, cover the document.
    """

    windows: list[tuple[int, int]]
    entities: NDArray[np.float32]
    roles: NDArray[np.float32]
    parts: NDArray[np.int8]
    links: NDArray[np.float16]
    stances: NDArray[np.float16]
    vectors: NDArray[np.float16]

    def set(self, start: int, end: int, *outputs: NDArray[np.float32]) -> None:
        """Enter the network's outputs for the words of a window, in the order of ``SCORE_OUTPUTS``."""
        entities, roles, parts, links, stances, reading, branch = outputs
        self.entities[start:end] = entities
        self.roles[start:end] = roles
        self.parts[start:end] = parts.argmax(1)
        self.links[start:end] = links
        self.stances[start:end] = stances
        hidden = reading.shape[1]
        self.vectors[start:end, :hidden] = reading
        self.vectors[start:end, hidden:] = branch


def empty_scores(count: int, windows: list[tuple[int, int]], hidden: int) -> Scores:
    """Return room for the scores of ``count`` words; ``hidden`` is the width of a layer's vectors."""
    return Scores(
        windows=windows,
        entities=np.empty((count, tag_count(len(ENTITIES))), np.float32),
        roles=np.empty((count, tag_count(len(ROLES))), np.float32),
        parts=np.empty(count, np.int8),
        links=np.empty((count, _LINK_WIDTH), np.float16),
        stances=np.empty((count, 4 * stance_heads.WIDTH), np.float16),
        vectors=np.empty((count, 2 * hidden), np.float16),
    )


class Encoder:
    """The network of one process; it runs on one thread."""

    def __init__(self, folder: Path | None = None) -> None:
        """Read the tables and the vocabulary from ``folder``, by default the packaged weights.

        Raises ``FileNotFoundError`` if a file is missing, ``ValueError`` if the files were made for other labels.
        """
        self.folder = folder or packaged_weights()
        for name in (MODEL_FILE, PIECES_FILE, HEADS_FILE, STANCE_HEADS_FILE, VOCABULARY_FILE):
            if not (self.folder / name).is_file():
                raise FileNotFoundError(f"the model's weights are incomplete: {self.folder / name} is missing")
        self.heads = Heads.read(self.folder / HEADS_FILE)
        self.pair_head, self.claim_head = stance_heads.load_heads(self.folder / STANCE_HEADS_FILE)
        self.vocabulary = WordPieces(self.folder / VOCABULARY_FILE)

    @cached_property
    def _session(self) -> onnxruntime.InferenceSession:
        """The network, loaded with the first document: a parent process that only forks workers does not need it."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # The exported graph is already fused where that is faster. Higher levels would fuse additions and norms into an
        # operator that is five times slower.
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        # A memory pattern would be kept for every window length ever seen.
        options.enable_mem_pattern = False
        return onnxruntime.InferenceSession(self.folder / MODEL_FILE, options, providers=["CPUExecutionProvider"])

    def run(self, words: EncoderInput) -> Scores:
        """Return the scores of a document's words. Time is linear in words; the scores take 2665 bytes per word."""
        hidden = next(output.shape[1] for output in self._session.get_outputs() if output.name in VECTOR_OUTPUTS)
        scores = empty_scores(len(words), split_windows(words, WINDOW_PIECES), hidden)
        inputs_of_windows = window_inputs(words, scores.windows, self.vocabulary)
        for (start, end), inputs in zip(scores.windows, inputs_of_windows, strict=True):
            scores.set(start, end, *self._session.run(SCORE_OUTPUTS, inputs))
        return scores

    def support_probability(self, claim: EncoderInput, statement: EncoderInput) -> float:
        """Return the probability that a statement supports a claim.

        Claim and statement are read together, as far as they fit into one window. Raises ``ValueError`` if either has
        no words or the claim fills the window.
        """
        both = join_claim_and_statement(claim, statement, self.vocabulary.end)
        window = split_windows(both, WINDOW_PIECES)[:1]
        (inputs,) = window_inputs(both, window, self.vocabulary)
        (vectors,) = self._session.run(["claims"], inputs, _PARTIAL_RUN)
        if window[0][1] <= len(claim):
            raise ValueError(f"a claim of {len(claim)} words leaves no room for a statement")
        return self.claim_head.support_probability(vectors, len(claim))


def window_inputs(
    words: EncoderInput, windows: list[tuple[int, int]], vocabulary: WordPieces
) -> Iterator[dict[str, NDArray[np.int32]]]:
    """Yield the network's inputs for each window: its pieces between a begin and an end mark."""
    counts = np.array([len(pieces) for pieces in words.pieces], np.int32)
    first_pieces = np.cumsum(counts, dtype=np.int32) - counts
    pieces = np.fromiter(chain.from_iterable(words.pieces), np.int32)
    shapes, position_types = (
        np.repeat(np.array(values, np.int32), counts) for values in (words.shapes, words.position_types)
    )
    for start, end in windows:
        first, last = first_pieces[start], first_pieces[end - 1] + counts[end - 1]
        yield {
            "pieces": _with_marks(vocabulary.begin, pieces[first:last], vocabulary.end),
            "shapes": _with_marks(Shape.NONE, shapes[first:last], Shape.NONE),
            "places": _with_marks(0, position_types[first:last], 0),
            "firsts": first_pieces[start:end] - first + 1,
        }


def _with_marks(begin: int, values: NDArray[np.int32], end: int) -> NDArray[np.int32]:
    return np.concatenate([[begin], values, [end]], dtype=np.int32)
