"""The model card (Mitchell et al., FAT* 2019), written from what was measured, so that it cannot fall behind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from workers.evaluation.analysis import Table, analyse, calibration_table
from workers.evaluation.dev_sets import ARTICLE
from workers.training import handwritten, templated

if TYPE_CHECKING:
    from workers.evaluation.dev_sets import Evaluated

# Answers of these tasks come with a probability that is worth a table of its own.
CALIBRATED: Final = ("attributions", "entities", "stance_pairs", "target_sentiment", "claim_stance")
# What reads whole articles: the rest is cut into single sentences, and its cost says nothing of an article's.
OF_ARTICLES: Final = ("attributions", "entities")
DIAGRAM: Final = "reliability.svg"
_NO_INTERVAL: Final = "–"

_WHAT: Final = """\
A transformer encoder for English news: MiniLM with 6 layers and vectors of 384 numbers, fine-tuned on all tasks at once. Light
heads read its word vectors: entities of nine types; source, cue and content of attributed statements, decoded by a
conditional random field; which of these belong together; parts of speech; who of two names is for or against the other; how a
sentence stands to a name; and, in a pass of its own, whether a statement supports a claim. It is shipped as an ONNX file with
weights of 8-bit integers and runs on one processor core. Whom a pronoun means is ranked by a log-linear model of its own, with
a few dozen named features. The pretrained encoder and its vocabulary are those of sentence-transformers' all-MiniLM-L6-v2
(Apache License 2.0)."""

_USE: Final = """\
It is made to find who said what in news articles, for reading and counting many of them. Nothing that it returns should be
published about a person without a look at the article: offsets lead to the very words.

- English alone, and news: chats, fiction and transcripts were not measured, other languages are refused before the model.
- An article from a region or a publisher with low figures below will be read worse than the average says.
- It tells what a text attributes to someone, not whether it was said, nor whether it is true.
- Stances were learned from single sentences about politics, mostly American, and tell sides that a sentence states. Sides that
  only somebody who knows the world would see are missed; in sports and in court, attack and defence may pass for opinion.
- Scores are probabilities on articles like those of the corpora; on others they may promise too much."""

_ORIGINS: Final = (
    ("attributions", "PolNeAR 1.0 (Newell, Margolin and Ruths, LREC 2018)", "none stated; released for research"),
    ("entities", "English Worldwide Newswire (Shan and others, Findings of EMNLP 2023)", "none stated"),
    (
        "parts of speech, whom a pronoun means",
        "GUM, open genres (Zeldes 2017)",
        "annotations CC BY 4.0; texts CC BY or CC BY-SA",
    ),
    ("parts of speech", "UD English EWT, weblogs and newsgroups", "CC BY-SA 4.0"),
    (
        "who is for or against whom",
        "Directed Sentiment Extraction (Park, Pan and Joo, Findings of ACL 2021)",
        "none stated",
    ),
    ("how a text stands to a name", "NewsMTSC (Hamborg and Donnay, EACL 2021)", "MIT"),
    ("whether a statement supports a claim", "PERSPECTRUM (Chen and others, NAACL 2019)", "CC BY-SA"),
)


@dataclass(frozen=True, slots=True)
class Card:
    """What a card tells. ``megabytes`` is the size of all weight files, ``recipe`` the values that training ran with.

    ``folds`` gives calibration errors on documents that the scores were not fitted on.
    """

    name: str
    megabytes: float
    recipe: Mapping[str, object]
    folds: Mapping[str, float]
    command: str
    date: str
    evaluated: Sequence[Evaluated]


def figures_table(evaluated: Evaluated) -> Table:
    """Return a task's figures, with the interval of 95 per cent beside F1 and the values of all classes."""
    figures, intervals = evaluated.figures, evaluated.intervals
    rows: list[tuple[str, ...]] = []
    for name, value in (("accuracy", figures.accuracy), ("macro_f", figures.macro_f1)):
        if value is not None:
            rows.append((name.replace("macro_f", "macro F1"), "", "", f"{value:.4f}", _interval(evaluated, name)))
    for name, count in figures.counts.items():
        cells = (f"{value:.4f}" for value in (count.precision, count.recall, count.f1))
        rows.append((name, *cells, _interval(evaluated, name) if name in intervals else _NO_INTERVAL))
    if figures.calibration_error is not None:
        rows.append(("calibration error", "", "", f"{figures.calibration_error:.4f}", _NO_INTERVAL))
    if evaluated.milliseconds and evaluated.task in OF_ARTICLES:
        cost = f"{evaluated.milliseconds:.0f} ms"
        rows.append((f"processor time for {ARTICLE} words, all stages, one thread", "", "", cost, _NO_INTERVAL))
    return Table(f"{evaluated.task}, dev", ("figure", "precision", "recall", "F1 or value", "95 %"), rows)


def render(card: Card) -> str:
    """Return the card as Markdown."""
    recipe = [(name, f"{value}") for name, value in card.recipe.items()]
    done = [one for one in card.evaluated if one.task in CALIBRATED and any(tally.answers for tally in one.tallies)]
    sections = {
        f"Model card: {card.name}": f"{_WHAT}\n\nAll weight files together hold {card.megabytes:.1f} MB.\n",
        "Intended use and limits": _USE + "\n",
        "Training data": _origins().markdown(),
        "Recipe": Table("Values of the training run", ("value", "set to"), recipe).markdown() if recipe else "",
        "Figures": f"On the dev sets, {card.date}, by `{card.command}`. The intervals are over resampled texts.\n\n"
        + _tables(figures_table(one) for one in card.evaluated),
        "Calibration": _fitted(card.folds)
        + (f"![Reliability diagrams]({DIAGRAM})\n\n" if done else "")
        + _tables(calibration_table(one) for one in done),
        "Error analysis": _tables(table for one in card.evaluated for table in analyse(one)),
    }
    text = "\n".join(f"## {title}\n\n{body}" for title, body in sections.items() if body)
    return text.removeprefix("#")


def _origins() -> Table:
    """List the corpora and our own sentences, counted."""
    drawn, hand, claims = len(templated.sentences()), len(handwritten.sentences()), len(list(handwritten.pairs()))
    own = [
        (
            "who is for or against whom",
            f"{_thousands(hand)} texts of our own, written one by one: workers/training/handwritten",
            "–",
        ),
        (
            "the same, in rare forms",
            f"{_thousands(drawn)} sentences of our own, drawn: workers/training/templated.toml",
            "–",
        ),
        (
            "whether a statement supports a claim",
            f"{claims} pairs of our own: workers/training/handwritten/claims.txt",
            "–",
        ),
    ]
    return Table(
        "Corpora, with licences as their publishers state them", ("used for", "corpus", "licence"), [*_ORIGINS, *own]
    )


def _thousands(count: int) -> str:
    return f"{count:,}".replace(",", " ")


def _fitted(folds: Mapping[str, float]) -> str:
    """Say what the tables below do not: that the scores were fitted on the same documents."""
    if not folds:
        return ""
    errors = ", ".join(f"{task} {error:.4f}" for task, error in folds.items())
    return (
        "Scores weigh how certain the model is: of attributions and entities by a logistic regression, of stances by a\n"
        "temperature and a shift of each class, fitted on these dev sets. Fitted on four fifths of the texts and measured on\n"
        f"the last fifth, in turn, the expected calibration error is: {errors}.\n\n"
    )


def _tables(tables: Iterable[Table]) -> str:
    return "\n".join(table.markdown() for table in tables)


def _interval(evaluated: Evaluated, name: str) -> str:
    found = evaluated.intervals[name]
    return f"{found.low:.3f} to {found.high:.3f}"
