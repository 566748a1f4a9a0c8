"""A teacher's answers on the examples of a student's run, given once before it, as a teacher is slow.

Answers are logits, as those of ``losses.stance_scores``. A pair is known by the number of its example and by its own
number in the example.
"""

from __future__ import annotations

import random
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

import torch

from workers.training.batches import collate, plan_epoch
from workers.training.losses import stance_scores

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from torch import Tensor

    from workers.model.wordpiece import WordPieces
    from workers.training.batches import Batch
    from workers.training.corpora import Example
    from workers.training.network import Network

TAUGHT_TASKS: Final = ("stance_pairs", "target_sentiment")
FILE: Final = "taught.pt"
_SEED: Final = 9
Answers = dict[tuple[int, int], "Tensor"]


def read_or_ask(
    folder: Path, teacher: Network, examples: Mapping[str, Sequence[Example]], vocabulary: WordPieces, *, bfloat16: bool
) -> dict[str, Answers]:
    """Return the answers by task.

    They are kept in the run's folder, and read from it as long as teacher and examples are the same.
    """
    path = folder / FILE
    asked = {task: examples[task] for task in TAUGHT_TASKS}
    digest = _digest(teacher, asked)
    if path.exists():
        stored: dict[str, Any] = torch.load(path, weights_only=True)
        if stored["digest"] == digest:
            kept: dict[str, Answers] = stored["answers"]
            return kept
    answers = {task: ask(teacher, task, of_task, vocabulary, bfloat16=bfloat16) for task, of_task in asked.items()}
    torch.save({"digest": digest, "answers": answers}, path.with_suffix(".new"))
    path.with_suffix(".new").replace(path)
    return answers


def _digest(teacher: Network, examples: Mapping[str, Sequence[Example]]) -> str:
    digest = sha256(repr([float(value.float().sum()) for value in teacher.state_dict().values()]).encode())
    for task, of_task in examples.items():
        digest.update(repr((task, [(each.words.pieces, each.pairs) for each in of_task])).encode())
    return digest.hexdigest()


def ask(teacher: Network, task: str, examples: Sequence[Example], vocabulary: WordPieces, *, bfloat16: bool) -> Answers:
    """Return the teacher's answer on each pair of a task's examples."""
    device = teacher.kind.device
    answers: Answers = {}
    for step in plan_epoch(task, examples, random.Random(_SEED)):  # noqa: S311  # which sentences share a row
        batch = collate(step, examples, vocabulary, device)
        with torch.no_grad(), torch.autocast(device.type, torch.bfloat16, enabled=bfloat16):
            inputs = batch.pieces, batch.shapes, batch.position_types, batch.first_pieces, batch.mask
            scores = stance_scores(teacher, task, batch, teacher(*inputs, branch=True))
        numbers = [number for of_row in batch.pair_numbers for number in of_row]
        answers |= zip(numbers, scores.half().cpu(), strict=True)
    return answers


def of_batch(answers: Answers, batch: Batch) -> Tensor:
    """Return the answers on the pairs of a batch, [pairs, classes], in their order; of a batch without pairs [0]."""
    of_pairs = [answers[number] for of_row in batch.pair_numbers for number in of_row]
    return torch.stack(of_pairs).float().to(batch.pieces.device) if of_pairs else torch.zeros(0)
