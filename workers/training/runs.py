"""The training runs: what each learns, for how long and at which rates."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from workers.training.pretrained import EncoderName


@dataclass(frozen=True, slots=True)
class RunConfig:
    """Everything except the corpora that determines a run.

    The names of the fields are stored in checkpoints and, as the recipe, with the packaged weights.
    ``epochs`` are by task. ``rate``, ``head_rate`` and ``table_rate`` are the learning rates of the encoder, of the
    heads, and of transitions and distances, which are few numbers and far from their start values. ``warmup`` is a
    share of all steps; ``average`` is the decay of the averaged weights. ``handwritten`` is the number of copies of the
    handwritten examples that is added to a task; of the sentences made from templates, one in ``every_templated`` is.
    ``shares`` weighs the loss of a task, which is a mean per word or per pair; the default weight is 1. Only weights
    whose names begin with one of ``only`` are trained. ``teacher_share`` is the weight of a teacher's answers beside
    the labels of the corpora; ``unlabelled`` is the largest number of passages of articles on which it answers alone.
    """

    epochs: dict[str, float]
    encoder: EncoderName = "minilm"
    rate: float = 2e-4
    head_rate: float = 1e-3
    table_rate: float = 2e-2
    decay: float = 0.01
    warmup: float = 0.06
    average: float = 0.998
    clip: float = 1.0
    seed: int = 20261124
    handwritten: dict[str, int] = field(default_factory=dict)
    shares: dict[str, float] = field(default_factory=dict)
    only: tuple[str, ...] = ("",)
    teacher_share: float = 0.5
    every_templated: int = 1
    unlabelled: int = 0


# The first run learns attributions and entities. The second learns stances, and repeats the tasks of the first so that
# they are not forgotten. The third starts from the second run's weights, learns stances once more, with handwritten
# sentences and for longer on single targets.
READING_RUN: Final = RunConfig({"attributions": 6.0, "entities": 5.0, "syntax": 2.0})
STANCE_RUN: Final = RunConfig(
    {
        "stance_pairs": 2.5,
        "target_sentiment": 2.0,
        "claim_stance": 2.5,
        "attributions": 1.0,
        "entities": 1.0,
        "syntax": 0.3,
    },
    rate=1e-4,
    shares={"attributions": 6.0, "entities": 6.0},
)
HANDWRITTEN_RUN: Final = replace(
    STANCE_RUN,
    epochs={
        "stance_pairs": 2.0,
        "target_sentiment": 2.2,
        "claim_stance": 2.5,
        "attributions": 0.9,
        "entities": 0.9,
        "syntax": 0.3,
    },
    handwritten={"stance_pairs": 2, "claim_stance": 1},
)
# Prefixes of the weights for stances, which the second and the third run each learn from their initial values.
STANCE_WEIGHTS: Final = ("branch", "heads.stances", "heads.claims", "pairs", "claims")
# A teacher of base size learns pairs and single targets. The last layers for stances of the network that is shipped
# learn them from it and from the labels, and pairs of whole articles and claims from labels alone. All other weights
# stay as they are, so that nothing else can suffer.
TEACHER_RUN: Final = RunConfig(
    {"stance_pairs": 1.55, "target_sentiment": 1.35},
    encoder="mpnet",
    rate=5e-5,
    head_rate=5e-4,
    handwritten={"stance_pairs": 1},
    every_templated=3,
    only=("layers.4", "layers.5", "layers.6", "layers.7", "layers.8", *STANCE_WEIGHTS),
)
STUDENT_RUN: Final = RunConfig(
    {"stance_pairs": 1.1, "target_sentiment": 1.5, "claim_stance": 0.75, "articles": 1.85},
    rate=1e-4,
    head_rate=5e-4,
    handwritten={"stance_pairs": 1, "claim_stance": 1},
    every_templated=3,
    only=STANCE_WEIGHTS,
)
# A second student goes on from the first, also with passages on which only the teacher answers. The weights that are
# shipped are the mean of the two.
SECOND_STUDENT_RUN: Final = replace(
    STUDENT_RUN,
    epochs={"stance_pairs": 1.0, "target_sentiment": 2.5, "claim_stance": 1.0, "articles": 3.0},
    seed=20261130,
    unlabelled=12_000,
)
