"""Where the errors are: tables by publisher, region, genre and kind, as Markdown.

Tables hold counts and single cue words, never text of a corpus.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from workers.evaluation.calibration import Bin, reliability
from workers.evaluation.scoring import HALF, ROLES, Count, Figures, Row, Text, Words, aligned, figures, roles, shares

if TYPE_CHECKING:
    from workers.evaluation.dev_sets import Evaluated

_SOURCE, _CUE, _CONTENT = range(3)
_CUES_SHOWN: Final = 20
_OPENING: Final = "“"
_CLOSING: Final = "”"
_STRAIGHT: Final = '"'
_WRONG_BOUNDS: Final = "other bounds"
_MISSED: Final = "missed"
_SPURIOUS: Final = "spurious"
_NO_SIDE: Final = "none"
_THRESHOLDS: Final = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


class Table(NamedTuple):
    """A table with its caption; the first column names the rows."""

    caption: str
    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]

    def markdown(self) -> str:
        """Return the caption and the table; numbers stand to the right."""
        lines = [self.head, ("---", *["---:"] * (len(self.head) - 1)), *self.rows]
        return "\n".join([f"**{self.caption}**", "", *("| " + " | ".join(cells) + " |" for cells in lines), ""])


def analyse(evaluated: Evaluated) -> list[Table]:
    """Return the tables of a task; none for a task whose figures say it all."""
    return _ANALYSES[evaluated.task](evaluated) if evaluated.task in _ANALYSES else []


def bins_of(evaluated: Evaluated) -> list[Bin]:
    """Return the reliability of all answers that have a score."""
    answers = [answer for tally in evaluated.tallies for answer in tally.answers]
    known = [(answer.score, answer.right) for answer in answers if answer.score is not None]
    return reliability([score for score, _ in known], [right for _, right in known])


def calibration_table(evaluated: Evaluated) -> Table:
    """Return the reliability diagram as a table: the filled bins of all answers that have a score."""
    bins = bins_of(evaluated)
    rows = [
        (f"{one.low:.2f} to {one.high:.2f}", str(one.answers), f"{one.score:.3f}", f"{one.right:.3f}")
        for one in bins
        if one.answers
    ]
    return Table(
        f"{evaluated.task}: scores and what was right", ("score", "answers", "mean score", "share right"), rows
    )


def _parts(evaluated: Evaluated, part: Callable[[Row], str]) -> list[tuple[str, int, Figures]]:
    """Return the figures of each part of the rows, and how many rows it has."""
    named = [part(row) for row in evaluated.rows]
    return [
        (
            name,
            named.count(name),
            figures(evaluated.task, [t for t, of in zip(evaluated.tallies, named, strict=True) if of == name]),
        )
        for name in sorted(set(named))
    ]


def _f1(counts: dict[str, Count], name: str) -> str:
    return f"{counts[name].f1:.3f}" if name in counts and any(counts[name]) else "–"


def _attributions(evaluated: Evaluated) -> list[Table]:
    reached = ("attribution", *(f"{role}_exact" for role in ROLES))
    by_publisher = [
        (name, str(rows), str(part.counts["attribution"].gold), *(_f1(part.counts, figure) for figure in reached))
        for name, rows, part in _parts(evaluated, lambda row: str(row.get("publisher", "unknown")))
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
    kinds: dict[str, list[int]] = {}
    errors: Counter[str] = Counter()
    cues: Counter[str] = Counter()
    for row, answer in zip(evaluated.rows, evaluated.predictions, strict=True):
        text = Text(row["text"])
        gold, found = roles(text, row["attributions"]), roles(text, answer["attributions"])
        matched = aligned(gold, found)
        quoted = text.words(quotations(row["text"]))
        for number, attribution in enumerate(row["attributions"]):
            right = number in matched.values()
            for kind in kinds_of(attribution, gold[number], quoted):
                held = kinds.setdefault(kind, [0, 0])
                held[0] += 1
                held[1] += right
            error = None if right else error_of(gold[number], found)
            errors[error or "right"] += 1
            if error == _MISSED:
                cues.update(_single(row["text"], attribution["cue"]))
        errors[_SPURIOUS] += sum(
            number not in matched and not any(one[_CONTENT] & wanted[_CONTENT] for wanted in gold)
            for number, one in enumerate(found)
        )
    total = sum(errors.values()) - errors[_SPURIOUS]
    return [
        Table("attributions: by publisher", head, by_publisher),
        Table(
            "attributions: by kind of the gold",
            ("kind", "in the gold", "found", "recall"),
            [(kind, str(gold), str(right), f"{right / gold:.3f}") for kind, (gold, right) in sorted(kinds.items())],
        ),
        Table(
            "attributions: what became of the gold, and what has no counterpart in it",
            ("outcome", "count", "for each one in the gold"),
            [(name, str(count), f"{count / max(1, total):.3f}") for name, count in errors.most_common()],
        ),
        Table(
            "attributions: cues of one word that were missed most often",
            ("cue", "missed"),
            [(word, str(count)) for word, count in cues.most_common(_CUES_SHOWN) if count > 1],
        ),
    ]


def kinds_of(attribution: Row, words: Sequence[Words], quoted: Words) -> list[str]:
    """Return what an attribution is: how much of its content stands in quotation marks, and which parts it has."""
    inside = len(words[_CONTENT] & quoted)
    marked = "direct" if inside == len(words[_CONTENT]) else "mixed"
    kind = marked if inside else "indirect"
    source = "with a source" if attribution["source"] else "without a source"
    return [kind, source, *(["content in several pieces"] if len(attribution["content"]) > 1 else [])]


def error_of(wanted: Sequence[Words], found: Sequence[Sequence[Words]]) -> str:
    """Return why an attribution of the gold was not found, judged by the answer whose content is closest.

    A link is wrong where that answer's source or cue shares no word with the gold's, which is the source or cue of
    another answer; else the role that is furthest off is named.
    """
    near = max(
        (one for one in found if one[_CONTENT] & wanted[_CONTENT]),
        key=lambda one: sum(shares(one, wanted)),
        default=None,
    )
    if near is None:
        return _MISSED
    for role in (_SOURCE, _CUE):
        apart = wanted[role] and not near[role] & wanted[role]
        if apart and any(shares([one[role]], [wanted[role]])[0] >= HALF for one in found):
            return f"{ROLES[role]} linked wrongly"
    reached, role = min((share, role) for role, share in enumerate(shares(near, wanted)))
    if reached >= HALF:
        return "merged with another"
    if not wanted[role]:
        return f"{ROLES[role]} found where there is none"
    return f"{ROLES[role]} with {_WRONG_BOUNDS}" if near[role] & wanted[role] else f"{ROLES[role]} not found"


def quotations(text: str) -> list[tuple[int, int]]:
    """Return the stretches in double quotation marks; one that is left open ends with its paragraph."""
    found, opened = [], None
    for at, character in enumerate(text):
        closes = character in {_CLOSING, "\n"} or (character == _STRAIGHT and opened is not None)
        if opened is not None and closes:
            found.append((opened, at + 1))
            opened = None
        elif opened is None and character in {_OPENING, _STRAIGHT}:
            opened = at
    return [*found, (opened, len(text))] if opened is not None else found


def _single(text: str, spans: Iterable[Sequence[int]]) -> list[str]:
    """Return a cue in lower case if it is one word."""
    words = [word for start, end in spans for word in text[start:end].lower().split()]
    return words if len(words) == 1 and words[0].isalpha() else []


def _entities(evaluated: Evaluated) -> list[Table]:
    labels = [name for name in evaluated.figures.counts if name != "all"]
    regions = [
        (name, str(rows), *(_f1(part.counts, label) for label in ("all", *labels)))
        for name, rows, part in _parts(evaluated, lambda row: str(row.get("region", "unknown")))
    ]
    confused: Counter[tuple[str, str]] = Counter()
    for row, answer in zip(evaluated.rows, evaluated.predictions, strict=True):
        gold, found = (
            {(one["start"], one["end"]): str(one["label"]) for one in side["entities"]} for side in (row, answer)
        )
        confused.update((label, found.get(span) or _outcome(span, found)) for span, label in gold.items())
        confused.update((_SPURIOUS, label) for span, label in found.items() if _outcome(span, gold) == _MISSED)
    columns = [*labels, _WRONG_BOUNDS, _MISSED]
    return [
        Table("entities: F1 by region and type", ("region", "articles", "all", *labels), regions),
        Table(
            "entities: types of the gold (rows) and of what was found (columns)",
            ("", *columns),
            [(label, *(str(confused[label, column]) for column in columns)) for label in [*labels, _SPURIOUS]],
        ),
    ]


def _outcome(span: tuple[int, int], others: Iterable[tuple[int, int]]) -> str:
    return _WRONG_BOUNDS if any(span[0] < end and start < span[1] for start, end in others) else _MISSED


def genre(row: Row) -> str:
    """Return the genre that a coreference document's id tells: the second of its parts."""
    parts = str(row.get("id", "")).split("_")
    return parts[1] if len(parts) > 1 else "unknown"


def _coreference(evaluated: Evaluated) -> list[Table]:
    rows = []
    for name, documents, part in _parts(evaluated, genre):
        count, floor = (part.counts.get(figure, Count()) for figure in ("pronoun_name", "commonest"))
        shown = (f"{value:.3f}" for value in (count.precision, count.recall, count.f1, floor.f1))
        rows.append((name, str(documents), str(count.gold), *shown))
    head = ("genre", "documents", "pronouns with a name", "precision", "recall", "F1", "always the commonest, F1")
    return [Table("coreference: by genre", head, rows)]


def _sides(evaluated: Evaluated) -> list[Table]:
    """Say what each threshold of ``pipeline.min_stance_score`` leaves: sides alone, "none" is what is never reported."""
    gold = sum(row["stance"] != _NO_SIDE for row in evaluated.rows)
    rows = []
    for threshold in _THRESHOLDS:
        reported = [
            (row, answer)
            for row, answer in zip(evaluated.rows, evaluated.predictions, strict=True)
            if answer["stance"] != _NO_SIDE and answer["score"] >= threshold
        ]
        right = sum(all(row.get(name) == answer.get(name) for name in ("stance", "holder")) for row, answer in reported)
        shares = (right / max(1, len(reported)), right / max(1, gold))
        rows.append((f"{threshold:.1f}", str(len(reported)), *(f"{share:.3f}" for share in shares)))
    head = ("pipeline.min_stance_score", "reported", "precision", "recall")
    return [Table(f"{evaluated.task}: what a threshold buys", head, rows)]


_ANALYSES: Final[dict[str, Callable[[Evaluated], list[Table]]]] = {
    "attributions": _attributions,
    "entities": _entities,
    "coreference": _coreference,
    "stance_pairs": _sides,
    "target_sentiment": _sides,
}
