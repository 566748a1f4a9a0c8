"""Who "he" is: the coreference corpus to the weights of the ranker of antecedents.

Each document is read in three ways: with the names that the rules find, with those of the corpus, and with those
of the corpus of which some are taken for organisations and some overlooked. So the weights depend little on who
finds the names. The ranker's features hold its own earlier answers: so the weights are fitted to documents answered
by the corpus, and again with documents answered by the weights before (Ross et al. 2011).
"""

from __future__ import annotations

import json
import random
import re
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import torch
from spacy.tokens import Span

from services.contracts import EntityType
from workers.coreference.antecedents import PERSONAL, WEIGHTS, Choice, Features, Ranker
from workers.doc.tokens import Offsets
from workers.pipeline.components import STAGES, build_nlp
from workers.text.cleaning import PLAIN_SPACES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from spacy.tokens import Doc

SEED: Final = 20261124
ROUNDS: Final = 2
FOLDS: Final = 5
THRESHOLDS: Final = (0.0, 0.4, 0.5)
# What F may cost to be less often wrong.
SLACK: Final = 0.005
DECAY: Final = 0.02
STEPS: Final = 60
NAME_WORDS: Final = 4
WAYS: Final = ("found", "given", "blurred")
# Shares of the names that are blurred.
MISTYPED: Final = 0.25
OVERLOOKED: Final = 0.1
_WORD: Final = re.compile(r"[^\W\d_][\w.-]*")
_NO_NAME: Final = frozenset({"the", "a", "an", "mr", "mrs", "ms", "dr"})


@dataclass(slots=True)
class Document:
    """One document, ready for the speakers stage, and the names of whom each pronoun means: token -> words of the names."""

    name: str
    doc: Doc
    gold: dict[int, frozenset[str]]
    mentions: list[Span] = field(default_factory=list)
    types: list[EntityType] = field(default_factory=list)
    speakers: list[int | None] = field(default_factory=list)

    def reset(self) -> Doc:
        """Return the document as it was before the speakers stage."""
        self.doc.spans["mentions"] = self.mentions
        del self.doc._.entities[len(self.types) :]
        for entity, kind in zip(self.doc._.entities, self.types, strict=True):
            entity.type = kind
        for statement, speaker in zip(self.doc._.attributions, self.speakers, strict=True):
            statement.speaker = speaker
        return self.doc

    def right(self, choice: Choice) -> list[bool]:
        """Tell of each candidate whether its name holds words of the right names alone; nobody is right where nobody is."""
        gold = self.gold.get(choice.place, frozenset())
        found = [bool(words := name_words(name)) and words <= gold for name in choice.names]
        return [key is None for key in choice.keys] if not any(found) else found


@dataclass(frozen=True, slots=True)
class Example:
    """One pronoun: its candidates' features, which of them are right, and how much it counts."""

    described: list[Features]
    right: list[bool]
    weight: float


def name_words(text: str) -> frozenset[str]:
    """Return the capitalised words of a name in lower case, without titles and possessives."""
    words = _WORD.findall(re.sub(r"['’]s\b", " ", text))
    return frozenset(w.lower() for w in words if w[0].isupper() and len(w) > 1 and w.lower() not in _NO_NAME)


class Reader:
    """Reads the corpus through the stages before the speakers."""

    def __init__(self) -> None:
        """Build the pipeline: the rules, which keep the names that they are given."""
        rules = build_nlp(STAGES["rules"])
        names = rules.pipe_names
        self.component: Any = rules.get_pipe("stancewire_speakers")
        self.make_doc = rules.make_doc
        self.before = [stage for _, stage in rules.pipeline[: names.index("stancewire_speakers")]]

    def read(self, row: dict[str, Any], way: str) -> Document:
        """Run the stages over one document; ``way`` is one of ``WAYS``."""
        text = row["text"].translate(PLAIN_SPACES)
        doc = self.make_doc(text)
        offsets = Offsets(doc)
        if way != "found":
            names = _names(row, offsets)
            kinds = _kinds(
                [" ".join(token.text for token in doc[a:b]) for a, b in names], row["id"] if way == "blurred" else ""
            )
            doc.ents = tuple(
                Span(doc, *place, label=kind.value)
                for place, kind in zip(names, kinds, strict=True)
                if kind is not None
            )
        for stage in self.before:
            doc = stage(doc)
        words: dict[int, frozenset[str]] = {}
        for m in row["mentions"]:
            if m["type"] == "person" and m["form"] == "name":
                words[m["entity"]] = words.get(m["entity"], frozenset()) | name_words(text[m["start"] : m["end"]])
        gold = {
            offsets.token(m["start"]): words.get(m["entity"], frozenset())
            for m in row["mentions"]
            if m["form"] == "pronoun" and text[m["start"] : m["end"]].lower() in PERSONAL
        }
        return Document(
            row["id"],
            doc,
            gold,
            list(doc.spans["mentions"]),
            [entity.type for entity in doc._.entities],
            [statement.speaker for statement in doc._.attributions],
        )

    def answer(self, document: Document, choose: Callable[[Choice], int | None]) -> None:
        """Run the speakers stage over the document, with answers by ``choose``."""
        self.component.choose = choose
        self.component(document.reset())


def _kinds(names: list[str], seed: str) -> list[EntityType | None]:
    """Return the type that each name is given, alike for equal names: a person's; with a ``seed``, some are not."""
    chance = random.Random(seed)  # noqa: S311  # nothing secret
    drawn: dict[str, EntityType | None] = {}
    for name in names:
        kind: EntityType | None = EntityType.PERSON
        if seed:
            value = chance.random()
            kind = EntityType.ORGANIZATION if value < MISTYPED else None if value < MISTYPED + OVERLOOKED else kind
        drawn.setdefault(name, kind)
    return [drawn[name] for name in names]


def _names(row: dict[str, Any], offsets: Offsets) -> list[tuple[int, int]]:
    """Return the short names of persons that hold no other, in tokens; none overlaps another."""
    spans = sorted(
        (m["start"], m["end"])
        for m in row["mentions"]
        if m["type"] == "person" and m["form"] == "name" and row["text"][m["start"]].isupper()
    )
    found: list[tuple[int, int]] = []
    for n, (start, end) in enumerate(spans):
        if any(start <= s and e <= end and (s, e) != (start, end) for s, e in spans[n : n + 8]):
            continue
        words = row["text"][start:end].removesuffix("'s").removesuffix("’s")
        first, last = offsets.span(start, start + len(words))
        if last - first <= NAME_WORDS and (not found or first >= found[-1][1]):
            found.append((first, last))
    return found


def collect(reader: Reader, documents: Iterable[Document], ranker: Ranker | None) -> list[Example]:
    """Return the pronouns of the documents; the answers before are the corpus' own, or those of ``ranker``."""
    examples: list[Example] = []
    for document in documents:
        count = len(document.gold)

        def choose(choice: Choice, document: Document = document, count: int = count) -> int | None:
            right = document.right(choice)
            if choice.place in document.gold:
                examples.append(Example(choice.described, right, count**-0.5))
            return choice.keys[right.index(True)] if ranker is None else ranker.choose(choice)

        reader.answer(document, choose)
    return examples


def fit(examples: Sequence[Example], decay: float = DECAY) -> Features:
    """Return the weights under which the right candidates are most probable, decayed towards zero."""
    names = sorted({name for example in examples for features in example.described for name in features})
    index = {name: n for n, name in enumerate(names)}
    width = max(len(example.described) for example in examples)
    table = torch.zeros(len(examples), width, len(names))
    mask = torch.full((len(examples), width), float("-inf"))
    right = torch.full((len(examples), width), float("-inf"))
    for e, example in enumerate(examples):
        for c, features in enumerate(example.described):
            mask[e, c] = 0.0
            if example.right[c]:
                right[e, c] = 0.0
            for name, value in features.items():
                table[e, c, index[name]] = value
    counts = torch.tensor([example.weight for example in examples])
    weights = torch.zeros(len(names), requires_grad=True)
    optimizer = torch.optim.LBFGS([weights], max_iter=STEPS, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        scores = table @ weights
        likelihood = torch.logsumexp(scores + right, 1) - torch.logsumexp(scores + mask, 1)
        lost: torch.Tensor = -(likelihood * counts).sum() / counts.sum() + decay * weights.square().sum() / 10
        lost.backward()
        return lost

    optimizer.step(closure)
    return {name: round(value, 3) for name, value in zip(names, weights.tolist(), strict=True)}


def learn(reader: Reader, documents: Sequence[Document], decay: float = DECAY) -> Ranker:
    """Fit the weights in rounds."""
    examples = collect(reader, documents, None)
    ranker = Ranker(fit(examples, decay), 0.0)
    for _ in range(ROUNDS - 1):
        examples += collect(reader, documents, ranker)
        ranker = Ranker(fit(examples, decay), 0.0)
    return ranker


@dataclass(slots=True)
class Tally:
    """Counts as ``score.py coreference`` has them, for each threshold."""

    right: int = 0
    given: int = 0
    gold: int = 0

    def f(self) -> float:
        """Return the harmonic mean of precision and recall."""
        return 2 * self.right / (self.given + self.gold) if self.given + self.gold else 0.0


def measure(reader: Reader, documents: Iterable[Document], weights: Features, tallies: dict[float, Tally]) -> None:
    """Add the answers with ``weights`` to the tally of each threshold in ``tallies``."""
    for document in documents:
        for threshold, tally in tallies.items():
            ranker = Ranker(weights, threshold)

            def choose(
                choice: Choice, document: Document = document, ranker: Ranker = ranker, tally: Tally = tally
            ) -> int | None:
                key = ranker.choose(choice)
                if choice.place in document.gold:
                    words = name_words(choice.names[choice.keys.index(key)])
                    gold = document.gold[choice.place]
                    tally.right += bool(words) and bool(gold) and words <= gold
                    tally.given += bool(words)
                    tally.gold += bool(gold)
                return key

            reader.answer(document, choose)


def cross_validate(reader: Reader, rows: list[dict[str, Document]]) -> dict[str, dict[float, Tally]]:
    """Return the tallies of each threshold, by the way of reading; no weights answer a document that they have seen."""
    order = list(rows)
    random.Random(SEED).shuffle(order)  # noqa: S311  # nothing secret
    tallies = {way: {threshold: Tally() for threshold in THRESHOLDS} for way in ("found", "given")}
    for fold in range(FOLDS):
        seen = [document for n, row in enumerate(order) if n % FOLDS != fold for document in row.values()]
        weights = learn(reader, seen).weights
        for way, counts in tallies.items():
            measure(reader, [row[way] for n, row in enumerate(order) if n % FOLDS == fold], weights, counts)
    return tallies


def chosen(tallies: dict[str, dict[float, Tally]]) -> float:
    """Return the highest threshold whose F lies at most ``SLACK`` under the best: null rather than a guess."""
    f = {
        threshold: sum(counts[threshold].f() for counts in tallies.values()) / len(tallies) for threshold in THRESHOLDS
    }
    return max(threshold for threshold in THRESHOLDS if f[threshold] >= max(f.values()) - SLACK)


def train(corpora: Path) -> None:
    """Learn the weights from the coreference corpus in the folder ``corpora`` and write them into the package.

    Prints a line of JSON for each way of reading, with the cross-validated figures of each threshold.
    """
    torch.manual_seed(SEED)
    reader = Reader()
    lines = (corpora / "coreference" / "train.jsonl").read_text("utf-8").splitlines()
    rows = [{way: reader.read(json.loads(line), way) for way in WAYS} for line in lines]
    rows = [row for row in rows if row["found"].gold]
    tallies = cross_validate(reader, rows)
    for way, counts in tallies.items():
        figures = {str(threshold): round(tally.f(), 4) for threshold, tally in counts.items()}
        print(json.dumps({"names": way} | figures))  # noqa: T201  # what a training run is watched by
    ranker = learn(reader, [document for row in rows for document in row.values()])
    held = {"threshold": chosen(tallies), "weights": ranker.weights}
    Path(str(files("workers.coreference").joinpath(WEIGHTS))).write_text(
        json.dumps(held, indent=1, sort_keys=True) + "\n", "utf-8"
    )
