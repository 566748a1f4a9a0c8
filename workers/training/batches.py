"""Cuts examples into windows, puts windows into batches, and orders all batches of a training run."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

import torch
from torch import Tensor

from workers.model.inputs import Shape, split_windows
from workers.model.stance_heads import Pair
from workers.model.tags import TaggedSpan, encode_spans
from workers.training.corpora import LabelledPair

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workers.model.wordpiece import WordPieces
    from workers.training.corpora import Example

# Lengths in pieces. In each epoch, windows are cut to a length drawn between these two, so the cuts differ.
SHORTEST_WINDOW: Final = 144
LONGEST_WINDOW: Final = 254
BATCH_PIECES: Final = 4096  # padding included
# Examples of these tasks are single sentences. Several are packed into one row, in another combination each epoch,
# as the service never reads a sentence alone.
PACKED_TASKS: Final = frozenset({"stance_pairs", "target_sentiment"})
SHORTEST_PACKED_ROW: Final = 24
SMALL_BATCH_PIECES: Final = 1536  # for single sentences, and for claims with one statement each
SMALL_BATCH_TASKS: Final = PACKED_TASKS | {"claim_stance"}
ARTICLE_TASK: Final = "articles"  # windows without labelled pairs are left out
_BUCKET_PIECES: Final = 16  # rows whose lengths fall into one bucket stay in random order
_PADDING_PART: Final = -1


class Window(NamedTuple):
    """Words ``start`` to ``end`` of one example, end exclusive."""

    example: int
    start: int
    end: int


class Step(NamedTuple):
    """One batch of one task; each row has one window, or several packed together."""

    task: str
    rows: list[list[Window]]


@dataclass(slots=True)
class Batch:
    """The tensors of one batch, [rows, pieces] or [rows, words], and its annotations.

    ``lengths`` are numbers of words. In the padding, ``tags`` is 0 and ``parts_of_speech`` is -1. ``spans``, ``links``
    and ``pairs`` are those of ``Example`` for each row, numbered by the words of the row. ``pair_numbers`` tell where
    each pair of the row comes from: the number of its example, and its own in the example.
    """

    pieces: Tensor
    shapes: Tensor
    position_types: Tensor
    mask: Tensor
    first_pieces: Tensor
    lengths: Tensor
    tags: Tensor
    parts_of_speech: Tensor
    spans: list[list[TaggedSpan]]
    links: list[list[tuple[int, int]]]
    pairs: list[list[LabelledPair]]
    pair_numbers: list[list[tuple[int, int]]]


def plan_steps(tasks: Mapping[str, tuple[Sequence[Example], float]], seed: int) -> list[Step]:
    """Return all steps of a run: each task's examples for its number of epochs, with the tasks mixed evenly."""
    positioned: list[tuple[float, Step]] = []  # with a position in the run between 0 and 1
    for task, (examples, epochs) in tasks.items():
        rng = random.Random(f"{seed} {task}")  # noqa: S311  # a reproducible order, not a secret
        whole_epochs = int(epochs + 0.999)
        steps = []
        for _ in range(whole_epochs):
            steps += plan_epoch(task, examples, rng)
        steps = steps[: round(len(steps) * epochs / whole_epochs)]
        positioned += [((i + 0.5) / len(steps), step) for i, step in enumerate(steps)]
    return [step for _, step in sorted(positioned, key=lambda item: (item[0], item[1].task))]


def plan_epoch(task: str, examples: Sequence[Example], rng: random.Random) -> list[Step]:
    """Return the steps in which a task's examples are each read once, in random order."""
    windows = [
        (sum(map(len, example.words.pieces[start:end])), Window(number, start, end))
        for number, example in enumerate(examples)
        for start, end in split_windows(
            example.words, LONGEST_WINDOW if task in SMALL_BATCH_TASKS else rng.randint(SHORTEST_WINDOW, LONGEST_WINDOW)
        )
        if task != ARTICLE_TASK or any(start <= pair.target[0] < end for pair, _ in example.pairs)
    ]
    rng.shuffle(windows)
    rows = _packed(windows, rng) if task in PACKED_TASKS else [(length, [window]) for length, window in windows]
    rows.sort(key=lambda row: row[0] // _BUCKET_PIECES)  # rows of similar length together, to save padding
    limit = SMALL_BATCH_PIECES if task in SMALL_BATCH_TASKS else BATCH_PIECES
    steps: list[Step] = []
    batch: list[list[Window]] = []
    longest = 0
    for length, row in rows:
        longest = max(longest, length + 2)
        if batch and longest * (len(batch) + 1) > limit:
            steps.append(Step(task, batch))
            batch, longest = [], length + 2
        batch.append(row)
    steps.append(Step(task, batch))
    rng.shuffle(steps)
    return steps


def _packed(windows: list[tuple[int, Window]], rng: random.Random) -> list[tuple[int, list[Window]]]:
    """Pack windows, in their order, into rows whose maximum lengths are drawn at random."""
    rows: list[tuple[int, list[Window]]] = []
    limit = 0
    for length, window in windows:
        if rows and rows[-1][0] + length <= limit:
            rows[-1] = rows[-1][0] + length, [*rows[-1][1], window]
        else:
            rows.append((length, [window]))
            limit = rng.randint(SHORTEST_PACKED_ROW, LONGEST_WINDOW)
    return rows


def collate(
    step: Step, examples: Sequence[Example], vocabulary: WordPieces, device: torch.device | str = "cpu"
) -> Batch:
    """Build the tensors of one step."""
    rows = [_build_row(windows, examples, vocabulary) for windows in step.rows]
    pieces = max(len(row.pieces) for row in rows)
    words = max(len(row.first_pieces) for row in rows)

    def padded(values: list[list[int]], width: int, padding: int = 0) -> Tensor:
        return torch.tensor([row + [padding] * (width - len(row)) for row in values], device=device)

    return Batch(
        pieces=padded([row.pieces for row in rows], pieces),
        shapes=padded([row.shapes for row in rows], pieces),
        position_types=padded([row.position_types for row in rows], pieces),
        mask=padded([[1] * len(row.pieces) for row in rows], pieces).bool(),
        first_pieces=padded([row.first_pieces for row in rows], words),
        lengths=torch.tensor([len(row.first_pieces) for row in rows], device=device),
        tags=padded([encode_spans(row.spans, len(row.first_pieces)) for row in rows], words),
        parts_of_speech=padded([row.parts_of_speech for row in rows], words, _PADDING_PART),
        spans=[row.spans for row in rows],
        links=[row.links for row in rows],
        pairs=[row.pairs for row in rows],
        pair_numbers=[row.pair_numbers for row in rows],
    )


@dataclass(slots=True)
class _Row:
    """A row under construction: the encoder's start mark, then the windows added."""

    pieces: list[int]
    shapes: list[int]
    position_types: list[int]
    first_pieces: list[int] = field(default_factory=list)
    parts_of_speech: list[int] = field(default_factory=list)
    spans: list[TaggedSpan] = field(default_factory=list)
    links: list[tuple[int, int]] = field(default_factory=list)
    pairs: list[LabelledPair] = field(default_factory=list)
    pair_numbers: list[tuple[int, int]] = field(default_factory=list)

    def add(self, window: Window, example: Example) -> None:
        """Append a window with its annotations.

        Spans are cut at the edges of the window; pairs are kept only if the window contains both parties whole.
        """
        start, end = window.start, window.end
        shift = len(self.first_pieces) - start
        words = example.words
        for i in range(start, end):
            self.first_pieces.append(len(self.pieces))
            self.pieces += words.pieces[i]
            self.shapes += [words.shapes[i]] * len(words.pieces[i])
            self.position_types += [words.position_types[i]] * len(words.pieces[i])
        self.parts_of_speech += (
            example.parts_of_speech[start:end] if example.parts_of_speech else [_PADDING_PART] * (end - start)
        )
        new_indices: dict[int, int] = {}
        for index, span in enumerate(example.spans):
            if span.start < end and start < span.end:
                new_indices[index] = len(self.spans)
                self.spans.append(TaggedSpan(max(span.start, start) + shift, min(span.end, end) + shift, span.label))
        self.links += [
            (new_indices[a], new_indices[b]) for a, b in example.links if a in new_indices and b in new_indices
        ]
        for number, (pair, label) in enumerate(example.pairs):
            parties = [party for party in (pair.holder, pair.target) if party]
            if all(start <= first and last <= end for first, last in parties):
                holder, target = (
                    party and (party[0] + shift, party[1] + shift) for party in (pair.holder, pair.target)
                )
                context = max(pair.context[0], start) + shift, min(pair.context[1], end) + shift
                self.pairs.append(LabelledPair(Pair(holder, target or (0, 0), context), label))
                self.pair_numbers.append((window.example, number))


def _build_row(windows: list[Window], examples: Sequence[Example], vocabulary: WordPieces) -> _Row:
    row = _Row([vocabulary.begin], [int(Shape.NONE)], [0])
    for window in windows:
        row.add(window, examples[window.example])
    row.pieces.append(vocabulary.end)
    row.shapes.append(int(Shape.NONE))
    row.position_types.append(0)
    return row
