"""Article in, analysis out: the stages in their order. Pure: no queue, no database, no network.

The stages are spaCy components (``STAGES``), each registered under its name, so that a trained one can take the
place of any; what they hand to one another is in ``workers.extraction.records``. Nothing that spaCy owns leaves
``Pipeline.analyse``.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Final

import spacy
from spacy.attrs import (  # type: ignore[import-not-found]  # a compiled module without stubs
    IS_PUNCT,
    IS_SPACE,
    LOWER,
    NORM,
    SHAPE,
)
from spacy.language import Language
from spacy.tokens import Doc

from services import contracts, settings
from workers.assembly import assemble
from workers.reading import read
from workers.stance.topics import Judge, Topics

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_READING: Final = ("stancewire_paragraphs", "stancewire_sentences", "stancewire_quotations")
_RESOLVING: Final = ("stancewire_layouts", "stancewire_acts", "stancewire_speakers")
# The ways to read an article: with the trained model, or by rule alone, which is faster and finds less.
STAGES: Final = {
    "trained": (
        *_READING,
        "stancewire_encoder",
        "stancewire_names",
        "stancewire_aliases",
        "stancewire_cues",
        "stancewire_attributions",
        "stancewire_statements",
        *_RESOLVING,
        "stancewire_sides",
    ),
    "rules": (
        *_READING,
        "stancewire_entities",
        "stancewire_aliases",
        "stancewire_cues",
        "stancewire_attributions",
        *_RESOLVING,
        "stancewire_stances",
    ),
}
_NAMING: Final = frozenset({"stancewire_entities", "stancewire_names"})
# Importing them registers their components.
_MODULES: Final = (
    *(
        f"workers.extraction.{name}"
        for name in ("tokens", "paragraphs", "sentences", "quotations", "entities", "package_entities")
    ),
    *(f"workers.extraction.{name}" for name in ("aliases", "cues", "attributions", "layouts", "acts", "speakers")),
    "workers.stance.stances",
)
_TRAINED_MODULES: Final = (
    *(f"workers.language.{name}" for name in ("encode", "names", "statements")),
    "workers.stance.sides",
)
_ATTRIBUTES: Final = frozenset({LOWER, NORM, SHAPE, IS_SPACE, IS_PUNCT})
RULES: Final = "rules-2026.11"


def nothing(_stage: str) -> None:
    """A checkpoint that does nothing."""


def language(stages: Iterable[str], spacy_package: str = "", max_words: int | None = None) -> Language:
    """Build spaCy's pipeline of the ``stages``; with ``spacy_package``, that package names the entities first.

    ``max_words`` is how much of an article the model reads; without it, all.

    Raises ``OSError`` if the package is not installed.
    """
    stages = tuple(stages)
    for module in (*_MODULES, *(_TRAINED_MODULES if "stancewire_encoder" in stages else ())):
        importlib.import_module(module)
    nlp = spacy.blank("en", config={"nlp": {"tokenizer": {"@tokenizers": "stancewire_tokenizer"}}})
    nlp.meta["name"] = RULES  # the encoder's stage writes its own here
    # What spaCy works out for each new word ("is it like a URL?") is a third of tokenizing, and no stage asks for it.
    getters: dict[int, object] = nlp.vocab.lex_attr_getters  # type: ignore[attr-defined]  # public, not in the stub
    for attribute in set(getters) - _ATTRIBUTES:
        del getters[attribute]
    nlp.max_length = sys.maxsize  # the limit is there for parsers; all stages here are linear
    for stage in stages:
        if stage in _NAMING and spacy_package:
            nlp.add_pipe("stancewire_package_entities", config={"package": spacy_package})
        nlp.add_pipe(stage, config={"max_words": max_words} if stage == "stancewire_encoder" else {})
    return nlp


class Pipeline:
    """The language pipeline of one process; it is built once and analyses one article at a time.

    ``version`` is the version of this package, ``model`` names the rules or weights behind the findings.
    """

    def __init__(self, settings: settings.Pipeline, judge: Judge | None = None) -> None:
        """Load everything that an analysis needs; raises ``OSError`` if ``settings.spacy_package`` is set and not installed.

        ``judge`` says how a statement stands to a claim. The trained model brings one; by rule alone there is none, and articles
        are not read for topics.
        """
        self.settings = settings
        self.judge = judge
        if judge is None and settings.model == "trained":
            self.judge = importlib.import_module("workers.stance.claims").judge
        self._topics = Topics(())
        try:
            self.version = version("stancewire")
        except PackageNotFoundError:  # run from a checkout that is not installed
            self.version = "0"
        self.nlp = language(STAGES[settings.model], settings.spacy_package, settings.max_words)
        own = str(self.nlp.meta["name"])
        self.model = f"{own}+{settings.spacy_package}" if settings.spacy_package else own

    def analyse(
        self,
        article: contracts.Article,
        checkpoint: Callable[[str], None] = nothing,
        topics: Sequence[contracts.Topic] = (),
    ) -> contracts.Analysis:
        """Read and analyse one article; where its speakers stand towards ``topics``, too.

        ``checkpoint`` is called with its name after each stage, and what it raises ends the analysis. Raises
        ``PermanentError`` for an article that holds no text or is not English.
        """
        reading = read(article)
        checkpoint("read")
        return self.analyse_text(
            reading.text,
            body_start=reading.body_start,
            language=reading.language,
            warnings=reading.warnings,
            checkpoint=checkpoint,
            topics=topics,
        )

    def analyse_text(
        self,
        text: str,
        *,
        body_start: int = 0,
        language: str = "en",
        warnings: tuple[contracts.Warned, ...] = (),
        checkpoint: Callable[[str], None] = nothing,
        topics: Sequence[contracts.Topic] = (),
    ) -> contracts.Analysis:
        """Analyse a text as it stands; never raises for what the text holds. All offsets are into ``text``."""
        with self.nlp.memory_zone():
            doc = self.run(text, body_start=body_start, checkpoint=checkpoint)
            made = contracts.Pipeline(version=self.version, model=self.model, analysed_at=datetime.now(UTC))
            least = self.settings.min_stance_score
            analysis = assemble(doc, language=language, pipeline=made, warnings=warnings, min_stance_score=least)
            if not topics or self.judge is None:
                return analysis
            if self._topics.topics != tuple(topics):
                self._topics = Topics(topics)
            sentences = [token.idx for token in doc if token.is_sent_start]
            limit = self.settings.topic_statements
            towards = self._topics.stances(analysis, sentences, self.judge, limit=limit, min_score=least)
            checkpoint("topics")
            stances = (*analysis.stances, *towards)
            return analysis.model_copy(update={"stances": stances, "positions": contracts.draw_together(stances)})

    def run(self, text: str, *, body_start: int = 0, checkpoint: Callable[[str], None] = nothing) -> Doc:
        """Run the stages over ``text``; the document must not outlive the memory zone it is made in."""
        doc = self.nlp.make_doc(text)
        doc._.body_start = body_start
        checkpoint("tokens")
        for name, component in self.nlp.pipeline:
            doc = component(doc)
            checkpoint(name.removeprefix("stancewire_"))
        return doc
