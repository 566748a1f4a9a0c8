"""Article in, analysis out: the stages in their order. Pure: no queue, no database, no network.

The stages are spaCy components (``STAGES``), each registered under its name, so that a trained one can take the
place of any; what they hand to one another is in ``workers.doc.records``. Nothing that spaCy owns leaves
``Pipeline.analyse``.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from spacy.tokens import Doc

from services import contracts, settings
from services.version import VERSION
from workers.pipeline.assemble import assemble
from workers.pipeline.components import SEGMENTATION, STAGES, build_nlp
from workers.stance.topics import Judge, Topics
from workers.text import to_plain_text

if TYPE_CHECKING:
    from collections.abc import Sequence


def nothing(_stage: str) -> None:
    """A checkpoint that does nothing."""


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
            self.judge = importlib.import_module("workers.stance.claims").ClaimJudge(build_nlp(SEGMENTATION))
        self._topics = Topics(())
        self.version = VERSION
        self.nlp = build_nlp(STAGES[settings.model], settings.spacy_package, settings.max_words)
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
        reading = to_plain_text(article)
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
            return analysis.model_copy(update={"stances": stances, "positions": contracts.merge_positions(stances)})

    def run(self, text: str, *, body_start: int = 0, checkpoint: Callable[[str], None] = nothing) -> Doc:
        """Run the stages over ``text``; the document must not outlive the memory zone it is made in."""
        doc = self.nlp.make_doc(text)
        doc._.body_start = body_start
        checkpoint("tokens")
        for name, component in self.nlp.pipeline:
            doc = component(doc)
            checkpoint(name.removeprefix("stancewire_"))
        return doc
