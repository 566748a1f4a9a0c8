"""Examples cut into windows, windows put into batches, and the order of all batches of a training run."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import torch
from torch import Tensor

from workers.language.tags import Tagged, sequence
from workers.language.words import Shape, windows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workers.language.wordpiece import WordPieces
    from workers.training.corpora import Example

# Windows of a training run are cut to lengths between these, anew in each epoch, so that cuts fall elsewhere.
SHORTEST: Final = 144
LONGEST: Final = 254
BATCH: Final = 4096  # pieces, padding included


class Window(NamedTuple):
    """Words ``start`` to ``end`` of one example."""

    example: int
    start: int
    end: int


class Step(NamedTuple):
    """One batch of one task."""

    task: str
    windows: list[Window]


@dataclass(slots=True)
class Batch:
    """Tensors of one batch, [windows, pieces] or [windows, words], and what is to be learned from it.

    ``lengths`` counts words; ``tags`` is 0 and ``parts`` -1 in the padding; ``found`` and ``links`` are each
    window's spans and links as in ``Example``, in the window's own words.
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
        for start, end in windows(example.words, chance.randint(SHORTEST, LONGEST))
    ]
    chance.shuffle(cut)
    cut.sort(key=lambda item: item[0] // 16)  # like lengths together, in a new order each time
    steps: list[Step] = []
    batch: list[Window] = []
    longest = 0
    for length, window in cut:
        longest = max(longest, length + 2)
        if batch and longest * (len(batch) + 1) > BATCH:
            steps.append(Step(task, batch))
            batch, longest = [], length + 2
        batch.append(window)
    steps.append(Step(task, batch))
    chance.shuffle(steps)
    return steps


def collate(step: Step, examples: Sequence[Example], vocabulary: WordPieces, device: torch.device | str = "cpu") -> Batch:
    """Make the tensors of one step."""
    rows = [_row(window, examples[window.example], vocabulary) for window in step.windows]
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
    )


@dataclass(slots=True)
class _Row:
    pieces: list[int]
    shapes: list[int]
    places: list[int]
    firsts: list[int]
    parts: list[int]
    found: list[Tagged]
    links: list[tuple[int, int]]


def _row(window: Window, example: Example, vocabulary: WordPieces) -> _Row:
    start, end = window.start, window.end
    words = example.words
    pieces, shapes, places, firsts = [vocabulary.begin], [int(Shape.NONE)], [0], []
    for i in range(start, end):
        firsts.append(len(pieces))
        pieces += words.pieces[i]
        shapes += [words.shapes[i]] * len(words.pieces[i])
        places += [words.places[i]] * len(words.pieces[i])
    kept: dict[int, int] = {}
    found: list[Tagged] = []
    for number, tagged in enumerate(example.found):
        if tagged.start < end and start < tagged.end:
            kept[number] = len(found)
            found.append(Tagged(max(tagged.start, start) - start, min(tagged.end, end) - start, tagged.label))
    return _Row(
        pieces=[*pieces, vocabulary.end],
        shapes=[*shapes, int(Shape.NONE)],
        places=[*places, 0],
        firsts=firsts,
        parts=example.parts[start:end] if example.parts else [-1] * (end - start),
        found=found,
        links=[(kept[a], kept[b]) for a, b in example.links if a in kept and b in kept],
    )
