"""Examples cut into windows, windows put into batches, and the order of all batches of a training run."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

import torch
from torch import Tensor

from workers.model.inputs import Shape, windows
from workers.model.stance_heads import Pair
from workers.model.tags import Tagged, sequence
from workers.training.corpora import Sided

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workers.model.wordpiece import WordPieces
    from workers.training.corpora import Example

# Windows of a training run are cut to lengths between these, anew in each epoch, so that cuts fall elsewhere.
SHORTEST: Final = 144
LONGEST: Final = 254
BATCH: Final = 4096  # pieces, padding included
# Single sentences are put together into windows, in other company each time, since the service reads them in company.
JOINED: Final = frozenset({"stance_pairs", "target_sentiment"})
LEAST: Final = 24
SMALL: Final = 1536  # pieces in a batch of single sentences, or of claims with a statement each
SMALL_TASKS: Final = JOINED | {"claim_stance"}


class Window(NamedTuple):
    """Words ``start`` to ``end`` of one example."""

    example: int
    start: int
    end: int


class Step(NamedTuple):
    """One batch of one task; each of its rows is one window, or several put together."""

    task: str
    rows: list[list[Window]]


@dataclass(slots=True)
class Batch:
    """Tensors of one batch, [windows, pieces] or [windows, words], and what is to be learned from it.

    ``lengths`` counts words; ``tags`` is 0 and ``parts`` -1 in the padding; ``found``, ``links`` and ``sides`` are
    each row's as in ``Example``, in the row's own words.
    """

    pieces: Tensor
    shapes: Tensor
    places: Tensor
    mask: Tensor
    firsts: Tensor
    lengths: Tensor
    tags: Tensor
    parts: Tensor
    found: list[list[Tagged]]
    links: list[list[tuple[int, int]]]
    sides: list[list[Sided]]


def plan(tasks: Mapping[str, tuple[Sequence[Example], float]], seed: int) -> list[Step]:
    """Order a run: each task's examples as many times as it says, all tasks mixed evenly over the run."""
    placed: list[tuple[float, Step]] = []
    for task, (examples, epochs) in tasks.items():
        chance = random.Random(f"{seed} {task}")  # noqa: S311  # an order, not a secret
        steps = []
        for _ in range(int(epochs + 0.999)):
            steps += _epoch(task, examples, chance)
        steps = steps[: round(len(steps) * epochs / int(epochs + 0.999))]
        placed += [((i + 0.5) / len(steps), step) for i, step in enumerate(steps)]
    return [step for _, step in sorted(placed, key=lambda item: (item[0], item[1].task))]


def _epoch(task: str, examples: Sequence[Example], chance: random.Random) -> list[Step]:
    cut = [
        (sum(map(len, example.words.pieces[start:end])), Window(number, start, end))
        for number, example in enumerate(examples)
        for start, end in windows(example.words, LONGEST if task in SMALL_TASKS else chance.randint(SHORTEST, LONGEST))
    ]
    chance.shuffle(cut)
    rows = _joined(cut, chance) if task in JOINED else [(length, [window]) for length, window in cut]
    rows.sort(key=lambda item: item[0] // 16)  # like lengths together, in a new order each time
    most = SMALL if task in SMALL_TASKS else BATCH
    steps: list[Step] = []
    batch: list[list[Window]] = []
    longest = 0
    for length, row in rows:
        longest = max(longest, length + 2)
        if batch and longest * (len(batch) + 1) > most:
            steps.append(Step(task, batch))
            batch, longest = [], length + 2
        batch.append(row)
    steps.append(Step(task, batch))
    chance.shuffle(steps)
    return steps


def _joined(cut: list[tuple[int, Window]], chance: random.Random) -> list[tuple[int, list[Window]]]:
    """Put windows together, in their order, up to lengths that are drawn anew for each row."""
    rows: list[tuple[int, list[Window]]] = []
    most = 0
    for length, window in cut:
        if rows and rows[-1][0] + length <= most:
            rows[-1] = rows[-1][0] + length, [*rows[-1][1], window]
        else:
            rows.append((length, [window]))
            most = chance.randint(LEAST, LONGEST)
    return rows


def collate(
    step: Step, examples: Sequence[Example], vocabulary: WordPieces, device: torch.device | str = "cpu"
) -> Batch:
    """Make the tensors of one step."""
    rows = [_row(windows, examples, vocabulary) for windows in step.rows]
    length = max(len(row.pieces) for row in rows)
    words = max(len(row.firsts) for row in rows)

    def padded(values: list[list[int]], width: int, value: int = 0) -> Tensor:
        return torch.tensor([row + [value] * (width - len(row)) for row in values], device=device)

    return Batch(
        pieces=padded([row.pieces for row in rows], length),
        shapes=padded([row.shapes for row in rows], length),
        places=padded([row.places for row in rows], length),
        mask=padded([[1] * len(row.pieces) for row in rows], length).bool(),
        firsts=padded([row.firsts for row in rows], words),
        lengths=torch.tensor([len(row.firsts) for row in rows], device=device),
        tags=padded([sequence(row.found, len(row.firsts)) for row in rows], words),
        parts=padded([row.parts for row in rows], words, -1),
        found=[row.found for row in rows],
        links=[row.links for row in rows],
        sides=[row.sides for row in rows],
    )


@dataclass(slots=True)
class _Row:
    """One row in the making: its begin mark and the windows so far."""

    pieces: list[int]
    shapes: list[int]
    places: list[int]
    firsts: list[int] = field(default_factory=list)
    parts: list[int] = field(default_factory=list)
    found: list[Tagged] = field(default_factory=list)
    links: list[tuple[int, int]] = field(default_factory=list)
    sides: list[Sided] = field(default_factory=list)

    def add(self, window: Window, example: Example) -> None:
        """Append a window with what is to be learned from it; spans are cut to it, pairs must lie in it whole."""
        start, end = window.start, window.end
        shift = len(self.firsts) - start
        words = example.words
        for i in range(start, end):
            self.firsts.append(len(self.pieces))
            self.pieces += words.pieces[i]
            self.shapes += [words.shapes[i]] * len(words.pieces[i])
            self.places += [words.places[i]] * len(words.pieces[i])
        self.parts += example.parts[start:end] if example.parts else [-1] * (end - start)
        kept: dict[int, int] = {}
        for number, tagged in enumerate(example.found):
            if tagged.start < end and start < tagged.end:
                kept[number] = len(self.found)
                self.found.append(Tagged(max(tagged.start, start) + shift, min(tagged.end, end) + shift, tagged.label))
        self.links += [(kept[a], kept[b]) for a, b in example.links if a in kept and b in kept]
        for pair, label in example.sides:
            stretches = [stretch for stretch in (pair.holder, pair.target) if stretch]
            if all(start <= first and last <= end for first, last in stretches):
                holder, target = (
                    stretch and (stretch[0] + shift, stretch[1] + shift) for stretch in (pair.holder, pair.target)
                )
                passage = max(pair.passage[0], start) + shift, min(pair.passage[1], end) + shift
                self.sides.append(Sided(Pair(holder, target or (0, 0), passage), label))


def _row(windows: list[Window], examples: Sequence[Example], vocabulary: WordPieces) -> _Row:
    row = _Row([vocabulary.begin], [int(Shape.NONE)], [0])
    for window in windows:
        row.add(window, examples[window.example])
    row.pieces.append(vocabulary.end)
    row.shapes.append(int(Shape.NONE))
    row.places.append(0)
    return row
