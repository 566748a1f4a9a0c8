"""The trained network at work: a document's words in, the scores of all heads out.

The weights are package data: ``model.onnx`` and ``pieces.bin`` for onnxruntime, ``heads.json`` for what decodes its
scores, ``sides.npz`` for what weighs stances, ``vocab.txt``. They are made by ``workers.training.export``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from workers.model import stance_heads
from workers.model.inputs import EncoderInput, Shape, held_against, windows
from workers.model.tags import ENTITIES, PARTS, ROLES, tags
from workers.model.wordpiece import WordPieces

if TYPE_CHECKING:
    from collections.abc import Iterator

MODEL: Final = "model.onnx"
PIECES: Final = "pieces.bin"
HEADS: Final = "heads.json"
SIDES: Final = "sides.npz"
VOCABULARY: Final = "vocab.txt"
WINDOW: Final = 254  # pieces in one pass of the network, its begin and end marks not counted
_LINKS: Final = 256
# Nothing is worked out but what leads to the outputs asked for.
_ONLY: Final = onnxruntime.RunOptions()
_ONLY.only_execute_path_to_fetches = True


@dataclass(frozen=True, slots=True)
class RandomField:
    """Scores of one tag after another [tag before, tag after], and of a stretch's first tag [tag]."""

    transitions: NDArray[np.float32]
    first: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Heads:
    """What training has learned beside the network.

    ``distances`` [kind of link, bucket] and ``none`` [kind of link] score links; ``confidence`` and
    ``entity_confidence`` weigh the features of a finding, ``scales`` make probabilities of stances true.
    """

    name: str
    entities: RandomField
    roles: RandomField
    distances: NDArray[np.float32]
    none: NDArray[np.float32]
    confidence: list[float]
    entity_confidence: list[float]
    scales: dict[str, stance_heads.Scale]

    @classmethod
    def read(cls, path: Path) -> Heads:
        """Read ``heads.json``; raises ``OSError`` if it is missing, ``ValueError`` if its labels are not ours."""
        kept: dict[str, Any] = json.loads(path.read_text("utf-8"))
        if kept["labels"] != {"entities": [*ENTITIES], "roles": [*ROLES], "parts": [*PARTS]}:
            raise ValueError(f"{path} was made for other labels")
        entities, roles = (
            RandomField(*(np.array(kept[head][table], np.float32) for table in ("transitions", "first")))
            for head in ("entities", "roles")
        )
        distances, none = (np.array(kept[table], np.float32) for table in ("distances", "none"))
        return cls(
            name=kept["name"],
            entities=entities,
            roles=roles,
            distances=distances,
            none=none,
            confidence=kept["confidence"],
            entity_confidence=kept["entity_confidence"],
            scales={
                task: stance_heads.Scale(scale[0], *map(tuple, scale[1:])) for task, scale in kept["scales"].items()
            },
        )


@dataclass(frozen=True, slots=True)
class Scores:
    """The network's outputs for the words of one document, in order.

    ``entities`` and ``roles`` [words, tags] are scores, ``parts`` [words] the best parts of speech, ``links``
    [words, 256] the vectors that links are made of, ``stances`` [words, 256] those that stances are read off. Each
    of the ``windows`` is a stretch of words that the network has read on its own; they cover the document.
    """

    windows: list[tuple[int, int]]
    entities: NDArray[np.float32]
    roles: NDArray[np.float32]
    parts: NDArray[np.int8]
    links: NDArray[np.float16]
    stances: NDArray[np.float16]


def packaged() -> Path:
    """Return the folder of the weights that the package ships."""
    return Path(str(files("workers.model") / "weights"))


class Encoder:
    """The network in one process, on one thread."""

    def __init__(self, folder: Path | None = None) -> None:
        """Read the tables and the vocabulary of ``folder``, by default the packaged one.

        Raises ``FileNotFoundError`` if one of the files is missing, ``ValueError`` if they were made for other labels.
        """
        self.folder = folder or packaged()
        for name in (MODEL, PIECES, HEADS, SIDES, VOCABULARY):
            if not (self.folder / name).is_file():
                raise FileNotFoundError(f"the model's weights are incomplete: {self.folder / name} is missing")
        self.heads = Heads.read(self.folder / HEADS)
        self.pairs, self.claims = stance_heads.read(self.folder / SIDES)
        self.vocabulary = WordPieces(self.folder / VOCABULARY)

    @cached_property
    def _session(self) -> onnxruntime.InferenceSession:
        """The network, loaded when the first document comes: a process that only forks workers needs none."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # The graph is fused where that is faster; more would join additions and norms to an operator of a fifth of the speed.
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        # A pattern of memory is kept for every length of a window that has ever come.
        options.enable_mem_pattern = False
        return onnxruntime.InferenceSession(self.folder / MODEL, options, providers=["CPUExecutionProvider"])

    def run(self, words: EncoderInput) -> Scores:
        """Return the scores of a document's words; time is linear in them, and 1129 bytes are kept of each."""
        count = len(words)
        scores = Scores(
            windows=windows(words, WINDOW),
            entities=np.empty((count, tags(len(ENTITIES))), np.float32),
            roles=np.empty((count, tags(len(ROLES))), np.float32),
            parts=np.empty(count, np.int8),
            links=np.empty((count, _LINKS), np.float16),
            stances=np.empty((count, 4 * stance_heads.WIDTH), np.float16),
        )
        names = ["entities", "roles", "parts", "links", "stances"]
        for (start, end), inputs in zip(scores.windows, self._inputs(words, scores.windows), strict=True):
            entities, roles, parts, links, stances = self._session.run(names, inputs)
            scores.entities[start:end] = entities
            scores.roles[start:end] = roles
            scores.parts[start:end] = parts.argmax(1)
            scores.links[start:end] = links
            scores.stances[start:end] = stances
        return scores

    def support(self, claim: EncoderInput, statement: EncoderInput) -> float:
        """Return the probability that a statement supports a claim; of both together, the first window is read.

        Raises ``ValueError`` if one of them holds no words.
        """
        both = held_against(claim, statement, self.vocabulary.end)
        first = windows(both, WINDOW)[:1]
        (inputs,) = self._inputs(both, first)
        (vectors,) = self._session.run(["claims"], inputs, _ONLY)
        if first[0][1] <= len(claim):
            raise ValueError(f"a claim of {len(claim)} words leaves no room for a statement")
        return self.claims.support(vectors, len(claim))

    def _inputs(self, words: EncoderInput, stretches: list[tuple[int, int]]) -> Iterator[dict[str, NDArray[np.int32]]]:
        """Yield the network's inputs for each stretch: its pieces between a begin and an end mark."""
        counts = np.array([len(pieces) for pieces in words.pieces], np.int32)
        firsts = np.cumsum(counts, dtype=np.int32) - counts
        pieces = np.fromiter(chain.from_iterable(words.pieces), np.int32)
        shapes, places = (np.repeat(np.array(values, np.int32), counts) for values in (words.shapes, words.places))
        for start, end in stretches:
            first, last = firsts[start], firsts[end - 1] + counts[end - 1]
            yield {
                "pieces": _marked(self.vocabulary.begin, pieces[first:last], self.vocabulary.end),
                "shapes": _marked(Shape.NONE, shapes[first:last], Shape.NONE),
                "places": _marked(0, places[first:last], 0),
                "firsts": firsts[start:end] - first + 1,
            }


def _marked(begin: int, values: NDArray[np.int32], end: int) -> NDArray[np.int32]:
    return np.concatenate([[begin], values, [end]], dtype=np.int32)
