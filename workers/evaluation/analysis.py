"""Error analysis as Markdown tables: errors by publisher, region, genre and kind.

The tables contain counts and single cue words, never text of a corpus.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from workers.evaluation.calibration import Bin, reliability
from workers.evaluation.metrics import Count, TaskMetrics, aggregate
from workers.evaluation.span_matching import (
    MIN_OVERLAP,
    ROLES,
    IndexedText,
    Row,
    Words,
    match_attributions,
    role_overlaps,
    role_words,
)

if TYPE_CHECKING:
    from workers.evaluation.dev_sets import Evaluation

_SOURCE, _CUE, _CONTENT = range(3)
_CUES_SHOWN: Final = 20
_OPENING_MARK: Final = "“"
_CLOSING_MARK: Final = "”"
_STRAIGHT_MARK: Final = '"'
_WRONG_BOUNDS: Final = "other bounds"
_MISSED: Final = "missed"
_SPURIOUS: Final = "spurious"
_NO_STANCE: Final = "none"
_THRESHOLDS: Final = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


class Table(NamedTuple):
    """A table with its caption; the first column names the rows."""

    caption: str
    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]

    def markdown(self) -> str:
        """Return the caption and the table, with all columns but the first aligned to the right."""
        lines = [self.head, ("---", *["---:"] * (len(self.head) - 1)), *self.rows]
        return "\n".join([f"**{self.caption}**", "", *("| " + " | ".join(cells) + " |" for cells in lines), ""])


def analyse(evaluation: Evaluation) -> list[Table]:
    """Return the tables of a task; none for a task that needs no analysis beyond its metrics."""
    return _ANALYSES[evaluation.task](evaluation) if evaluation.task in _ANALYSES else []


def reliability_bins(evaluation: Evaluation) -> list[Bin]:
    """Return the reliability bins of all answers that have a score."""
    answers = [answer for score in evaluation.scores for answer in score.answers]
    scored = [(answer.score, answer.correct) for answer in answers if answer.score is not None]
    return reliability([score for score, _ in scored], [correct for _, correct in scored])


def calibration_table(evaluation: Evaluation) -> Table:
    """Return the reliability diagram as a table, without the empty bins."""
    rows = [
        (f"{each.low:.2f} to {each.high:.2f}", str(each.answers), f"{each.mean_score:.3f}", f"{each.accuracy:.3f}")
        for each in reliability_bins(evaluation)
        if each.answers
    ]
    return Table(f"{evaluation.task}: scores and accuracy", ("score", "answers", "mean score", "share correct"), rows)


def _metrics_by_group(evaluation: Evaluation, group_of: Callable[[Row], str]) -> list[tuple[str, int, TaskMetrics]]:
    """Return the name of each group of rows, its number of rows and its metrics."""
    groups = [group_of(row) for row in evaluation.rows]
    return [
        (
            name,
            groups.count(name),
            aggregate(
                evaluation.task,
                [score for score, group in zip(evaluation.scores, groups, strict=True) if group == name],
            ),
        )
        for name in sorted(set(groups))
    ]


def _f1(counts: dict[str, Count], name: str) -> str:
    return f"{counts[name].f1:.3f}" if name in counts and any(counts[name]) else "–"


def _analyse_attributions(evaluation: Evaluation) -> list[Table]:
    recall_by_kind: dict[str, list[int]] = {}  # kind -> [in the gold, found]
    outcomes: Counter[str] = Counter()
    missed_cues: Counter[str] = Counter()
    for row, prediction in zip(evaluation.rows, evaluation.predictions, strict=True):
        text = IndexedText(row["text"])
        gold, predicted = role_words(text, row["attributions"]), role_words(text, prediction["attributions"])
        matches = match_attributions(gold, predicted)
        quoted = text.words(quotations(row["text"]))
        for number, attribution in enumerate(row["attributions"]):
            correct = number in matches.values()
            for kind in attribution_kinds(attribution, gold[number], quoted):
                counts = recall_by_kind.setdefault(kind, [0, 0])
                counts[0] += 1
                counts[1] += correct
            error = None if correct else error_kind(gold[number], predicted)
            outcomes[error or "right"] += 1
            if error == _MISSED:
                missed_cues.update(_one_word_cue(row["text"], attribution["cue"]))
        outcomes[_SPURIOUS] += sum(
            number not in matches and not any(roles[_CONTENT] & gold_roles[_CONTENT] for gold_roles in gold)
            for number, roles in enumerate(predicted)
        )
    gold_total = sum(outcomes.values()) - outcomes[_SPURIOUS]
    return [
        _attributions_by_publisher(evaluation),
        Table(
            "attributions: by kind of the gold",
            ("kind", "in the gold", "found", "recall"),
            [
                (kind, str(gold), str(correct), f"{correct / gold:.3f}")
                for kind, (gold, correct) in sorted(recall_by_kind.items())
            ],
        ),
        Table(
            "attributions: outcomes of the gold, and predictions without a counterpart in it",
            ("outcome", "count", "per attribution in the gold"),
            [(name, str(count), f"{count / max(1, gold_total):.3f}") for name, count in outcomes.most_common()],
        ),
        Table(
            "attributions: one-word cues missed most often",
            ("cue", "missed"),
            [(word, str(count)) for word, count in missed_cues.most_common(_CUES_SHOWN) if count > 1],
        ),
    ]


def _attributions_by_publisher(evaluation: Evaluation) -> Table:
    names = ("attribution", *(f"{role}_exact" for role in ROLES))
    rows = [
        (publisher, str(articles), str(part.counts["attribution"].gold), *(_f1(part.counts, name) for name in names))
        for publisher, articles, part in _metrics_by_group(evaluation, lambda row: str(row.get("publisher", "unknown")))
    ]
    head = (
        "publisher",
        "articles",
        "attributions",
        "whole, F1",
        "source, exact F1",
        "cue, exact F1",
        "content, exact F1",
    )
    return Table("attributions: by publisher", head, rows)


def attribution_kinds(attribution: Row, roles: Sequence[Words], quoted: Words) -> list[str]:
    """Return the kinds of an attribution: direct, mixed or indirect, with or without a source, in several pieces.

    ``roles`` are the words of its source, cue and content; ``quoted`` are the words inside quotation marks.
    """
    quoted_words = len(roles[_CONTENT] & quoted)
    quoted_kind = "direct" if quoted_words == len(roles[_CONTENT]) else "mixed"
    kind = quoted_kind if quoted_words else "indirect"
    source = "with a source" if attribution["source"] else "without a source"
    return [kind, source, *(["content in several pieces"] if len(attribution["content"]) > 1 else [])]


def error_kind(gold: Sequence[Words], predicted: Sequence[Sequence[Words]]) -> str:
    """Return why a gold attribution was not found, judged by the prediction with the closest content.

    A link is wrong if that prediction's source or cue shares no word with the gold's, while the gold's source or cue
    belongs to another prediction. Otherwise the role with the smallest overlap is named.
    """
    closest = max(
        (roles for roles in predicted if roles[_CONTENT] & gold[_CONTENT]),
        key=lambda roles: sum(role_overlaps(roles, gold)),
        default=None,
    )
    if closest is None:
        return _MISSED
    for role in (_SOURCE, _CUE):
        disjoint = gold[role] and not closest[role] & gold[role]
        if disjoint and any(role_overlaps([roles[role]], [gold[role]])[0] >= MIN_OVERLAP for roles in predicted):
            return f"{ROLES[role]} linked wrongly"
    overlap, role = min((overlap, role) for role, overlap in enumerate(role_overlaps(closest, gold)))
    if overlap >= MIN_OVERLAP:
        return "merged with another"
    if not gold[role]:
        return f"{ROLES[role]} found where there is none"
    return f"{ROLES[role]} with {_WRONG_BOUNDS}" if closest[role] & gold[role] else f"{ROLES[role]} not found"


def quotations(text: str) -> list[tuple[int, int]]:
    """Return the spans in double quotation marks; a quotation without a closing mark ends with its paragraph."""
    spans, opened = [], None
    for offset, character in enumerate(text):
        closes = character in {_CLOSING_MARK, "\n"} or (character == _STRAIGHT_MARK and opened is not None)
        if opened is not None and closes:
            spans.append((opened, offset + 1))
            opened = None
        elif opened is None and character in {_OPENING_MARK, _STRAIGHT_MARK}:
            opened = offset
    return [*spans, (opened, len(text))] if opened is not None else spans


def _one_word_cue(text: str, spans: Iterable[Sequence[int]]) -> list[str]:
    """Return a cue in lower case if it is one word, otherwise nothing."""
    words = [word for start, end in spans for word in text[start:end].lower().split()]
    return words if len(words) == 1 and words[0].isalpha() else []


def _analyse_entities(evaluation: Evaluation) -> list[Table]:
    labels = [name for name in evaluation.metrics.counts if name != "all"]
    regions = [
        (name, str(articles), *(_f1(part.counts, label) for label in ("all", *labels)))
        for name, articles, part in _metrics_by_group(evaluation, lambda row: str(row.get("region", "unknown")))
    ]
    confusions: Counter[tuple[str, str]] = Counter()
    for row, prediction in zip(evaluation.rows, evaluation.predictions, strict=True):
        gold, predicted = (
            {(entity["start"], entity["end"]): str(entity["label"]) for entity in side["entities"]}
            for side in (row, prediction)
        )
        confusions.update((label, predicted.get(span) or _span_error(span, predicted)) for span, label in gold.items())
        confusions.update((_SPURIOUS, label) for span, label in predicted.items() if _span_error(span, gold) == _MISSED)
    columns = [*labels, _WRONG_BOUNDS, _MISSED]
    return [
        Table("entities: F1 by region and type", ("region", "articles", "all", *labels), regions),
        Table(
            "entities: types of the gold (rows) and of the predictions (columns)",
            ("", *columns),
            [(label, *(str(confusions[label, column]) for column in columns)) for label in [*labels, _SPURIOUS]],
        ),
    ]


def _span_error(span: tuple[int, int], others: Iterable[tuple[int, int]]) -> str:
    return _WRONG_BOUNDS if any(span[0] < end and start < span[1] for start, end in others) else _MISSED


def genre(row: Row) -> str:
    """Return the genre of a coreference document, which is the second part of its id."""
    parts = str(row.get("id", "")).split("_")
    return parts[1] if len(parts) > 1 else "unknown"


def _analyse_coreference(evaluation: Evaluation) -> list[Table]:
    rows = []
    for name, documents, part in _metrics_by_group(evaluation, genre):
        count, baseline = (part.counts.get(metric, Count()) for metric in ("pronoun_name", "commonest"))
        values = (f"{value:.3f}" for value in (count.precision, count.recall, count.f1, baseline.f1))
        rows.append((name, str(documents), str(count.gold), *values))
    head = ("genre", "documents", "pronouns with a name", "precision", "recall", "F1", "always the commonest, F1")
    return [Table("coreference: by genre", head, rows)]


def _analyse_thresholds(evaluation: Evaluation) -> list[Table]:
    """Show precision and recall of stances at several values of ``pipeline.min_stance_score``.

    Answers of "none" are left out, as they are never reported.
    """
    gold = sum(row["stance"] != _NO_STANCE for row in evaluation.rows)
    rows = []
    for threshold in _THRESHOLDS:
        reported = [
            (row, prediction)
            for row, prediction in zip(evaluation.rows, evaluation.predictions, strict=True)
            if prediction["stance"] != _NO_STANCE and prediction["score"] >= threshold
        ]
        correct = sum(
            all(row.get(name) == prediction.get(name) for name in ("stance", "holder")) for row, prediction in reported
        )
        precision, recall = correct / max(1, len(reported)), correct / max(1, gold)
        rows.append((f"{threshold:.1f}", str(len(reported)), f"{precision:.3f}", f"{recall:.3f}"))
    head = ("pipeline.min_stance_score", "reported", "precision", "recall")
    return [Table(f"{evaluation.task}: precision and recall by threshold", head, rows)]


_ANALYSES: Final[dict[str, Callable[[Evaluation], list[Table]]]] = {
    "attributions": _analyse_attributions,
    "entities": _analyse_entities,
    "coreference": _analyse_coreference,
    "stance_pairs": _analyse_thresholds,
    "target_sentiment": _analyse_thresholds,
}
