"""Renders the model card (Mitchell et al., FAT* 2019) from measured results, so that it cannot become outdated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from workers.evaluation.analysis import Table, analyse, calibration_table
from workers.evaluation.dev_sets import ARTICLE_WORDS
from workers.training import handwritten, templated

if TYPE_CHECKING:
    from workers.evaluation.dev_sets import Evaluation

# Tasks whose answers have a probability that is worth a calibration table.
CALIBRATED_TASKS: Final = ("attributions", "entities", "stance_pairs", "target_sentiment", "claim_stance")
# Tasks on whole articles. The texts of the others are single sentences, whose cost says little about an article's.
ARTICLE_TASKS: Final = ("attributions", "entities")
DIAGRAM_FILE: Final = "reliability.svg"
_NO_INTERVAL: Final = "–"

_DESCRIPTION: Final = """\
A transformer encoder for English news: MiniLM with 6 layers and vectors of 384 numbers, fine-tuned on all tasks at
once. Light heads read its word vectors: entities of nine types; source, cue and content of attributions, decoded by a
conditional random field; the links between these; parts of speech; the stances between two names; the stance of a
sentence towards a name; and, in a pass of its own, whether a statement supports a claim. It is shipped as an ONNX file
with weights of 8-bit integers and runs on one processor core. The antecedents of pronouns and descriptions are scored
by a head on the vectors of the last layers. The pretrained encoder and its vocabulary are those of
sentence-transformers' all-MiniLM-L6-v2 (Apache License 2.0)."""

_USE: Final = """\
The model is made to find who said what in news articles, for reading and counting many of them. Nothing that it returns
about a person should be published without a look at the article: the offsets lead to the exact words.

- English news only: chats, fiction and transcripts were not measured; other languages are refused before the model.
- Articles from a region or a publisher with low figures below will be read worse than the average suggests.
- It reports what a text attributes to someone, not whether it was said, nor whether it is true.
- Stances were learned from single sentences about politics, mostly American, and from 1,136 annotated articles. It
  misses stances that follow only from knowledge of the world, from understatement or irony; in sports and in court, it
  may take attack and defence for opinion.
- In articles of three or more sentences stances are decided over the article, learned from 601 other annotated
  articles. At the default threshold two in three are right, and one in four of those that a careful reader takes from
  it is given; on issues one in ten.
- Scores are probabilities on articles like those of the corpora; on others they may be too high."""

_CORPORA: Final = (
    ("attributions", "PolNeAR 1.0 (Newell, Margolin and Ruths, LREC 2018)", "none stated; released for research"),
    ("entities", "English Worldwide Newswire (Shan and others, Findings of EMNLP 2023)", "none stated"),
    (
        "parts of speech, antecedents of pronouns",
        "GUM, open genres (Zeldes 2017)",
        "annotations CC BY 4.0; texts CC BY or CC BY-SA",
    ),
    ("parts of speech", "UD English EWT, weblogs and newsgroups", "CC BY-SA 4.0"),
    (
        "stances between two names",
        "Directed Sentiment Extraction (Park, Pan and Joo, Findings of ACL 2021)",
        "none stated",
    ),
    ("stance of a text towards a name", "NewsMTSC (Hamborg and Donnay, EACL 2021)", "MIT"),
    (
        "stances over articles",
        "1,602 articles of the first two corpora and 135 of our own, annotated by us: workers/training/annotations",
        "–",
    ),
    ("whether a statement supports a claim", "PERSPECTRUM (Chen and others, NAACL 2019)", "CC BY-SA"),
)


@dataclass(frozen=True, slots=True)
class Card:
    """The contents of a model card.

    ``megabytes`` is the size of all weight files; ``recipe`` has the settings of the training runs; ``folds`` has
    the cross-validated calibration errors by task.
    """

    name: str
    megabytes: float
    recipe: Mapping[str, object]
    folds: Mapping[str, float]
    command: str
    date: str
    evaluations: Sequence[Evaluation]


def metrics_table(evaluation: Evaluation) -> Table:
    """Return the metrics of a task, with 95 % intervals of F1 and the values of all classes."""
    metrics, intervals = evaluation.metrics, evaluation.intervals
    rows: list[tuple[str, ...]] = []
    for name, value in (("accuracy", metrics.accuracy), ("macro_f", metrics.macro_f1)):
        if value is not None:
            rows.append((name.replace("macro_f", "macro F1"), "", "", f"{value:.4f}", _interval(evaluation, name)))
    for name, count in metrics.counts.items():
        cells = (f"{value:.4f}" for value in (count.precision, count.recall, count.f1))
        rows.append((name, *cells, _interval(evaluation, name) if name in intervals else _NO_INTERVAL))
    if metrics.calibration_error is not None:
        rows.append(("calibration error", "", "", f"{metrics.calibration_error:.4f}", _NO_INTERVAL))
    if evaluation.milliseconds and evaluation.task in ARTICLE_TASKS:
        cost = f"{evaluation.milliseconds:.0f} ms"
        rows.append((f"processor time for {ARTICLE_WORDS} words, all stages, one thread", "", "", cost, _NO_INTERVAL))
    return Table(f"{evaluation.task}, dev", ("figure", "precision", "recall", "F1 or value", "95 %"), rows)


def render(card: Card) -> str:
    """Return the card as Markdown."""
    recipe = [(name, f"{value}") for name, value in card.recipe.items()]
    calibrated = [
        evaluation
        for evaluation in card.evaluations
        if evaluation.task in CALIBRATED_TASKS and any(score.answers for score in evaluation.scores)
    ]
    sections = {
        f"Model card: {card.name}": f"{_DESCRIPTION}\n\nAll weight files together are {card.megabytes:.1f} MB.\n",
        "Intended use and limits": _USE + "\n",
        "Training data": _corpora_table().markdown(),
        "Recipe": Table("Settings of the training runs", ("setting", "value"), recipe).markdown() if recipe else "",
        "Figures": f"On the dev sets, {card.date}, by `{card.command}`. The intervals are over resampled texts.\n\n"
        + _markdown(metrics_table(evaluation) for evaluation in card.evaluations),
        "Calibration": _calibration_text(card.folds)
        + (f"![Reliability diagrams]({DIAGRAM_FILE})\n\n" if calibrated else "")
        + _markdown(calibration_table(evaluation) for evaluation in calibrated),
        "Error analysis": _markdown(table for evaluation in card.evaluations for table in analyse(evaluation)),
    }
    text = "\n".join(f"## {title}\n\n{body}" for title, body in sections.items() if body)
    return text.removeprefix("#")


def _corpora_table() -> Table:
    """List the corpora, then our own sentences and claims with their numbers."""
    sentences, generated = len(handwritten.sentences()), len(templated.sentences())
    claims = len(list(handwritten.claims()))
    own = [
        (
            "stances between two names",
            f"{_thousands(sentences)} texts of our own, each written by hand: workers/training/handwritten",
            "–",
        ),
        (
            "the same, in rare forms",
            f"{_thousands(generated)} sentences of our own, generated: workers/training/templated.toml",
            "–",
        ),
        (
            "whether a statement supports a claim",
            f"{claims} pairs of our own: workers/training/handwritten/claims.txt",
            "–",
        ),
    ]
    return Table(
        "Corpora, with licences as their publishers state them", ("used for", "corpus", "licence"), [*_CORPORA, *own]
    )


def _thousands(count: int) -> str:
    return f"{count:,}".replace(",", " ")


def _calibration_text(folds: Mapping[str, float]) -> str:
    """Explain the cross-validated errors, as the tables are about the same documents that the scores were fitted on."""
    if not folds:
        return ""
    errors = ", ".join(f"{task} {error:.4f}" for task, error in folds.items())
    return (
        "The model's certainty is turned into scores: of attributions and entities by a logistic regression, of\n"
        "stances by a temperature and a shift of each class, fitted on these dev sets. Fitted on four fifths of the\n"
        f"texts and measured on the last fifth, in turn, the expected calibration error is: {errors}.\n\n"
        "The scores of attributions in these tables are those of their words (source, cue and content match), as the\n"
        "corpus has no speakers. In results, the score of an attribution is the probability that content and speaker\n"
        "are right; `make eval` prints its calibration on the annotated articles, and decision 17 has the figures.\n\n"
    )


def _markdown(tables: Iterable[Table]) -> str:
    return "\n".join(table.markdown() for table in tables)


def _interval(evaluation: Evaluation, name: str) -> str:
    interval = evaluation.intervals[name]
    return f"{interval.low:.3f} to {interval.high:.3f}"
