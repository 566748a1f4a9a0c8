"""The language pipeline: an article in, an analysis out. It does not use queue, database or network.

The steps are spaCy components (``workers.pipeline.components``), each registered under a name, so that any can be
replaced by another implementation. They exchange the records in ``workers.doc.records``. No object of spaCy leaves
``Pipeline.analyse``.
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from spacy.tokens import Doc

from services import contracts, settings
from services.version import VERSION
from workers.pipeline.assemble import assemble
from workers.pipeline.budget import affordable_words, cut_warning
from workers.pipeline.components import COMPONENTS, SEGMENTATION_COMPONENTS, build_nlp
from workers.stance.topics import Judge, TopicStances
from workers.text import PlainText, to_plain_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.pipeline.encoding_ahead import EncodingAhead


def ignore_checkpoint(_stage: str) -> None:
    """Do nothing after a stage: the default checkpoint."""


@contextlib.contextmanager
def _collector_paused() -> Iterator[None]:
    """Pause the collection of reference cycles, of which an analysis makes hardly any.

    It would look through all records of a long article again and again, for a quarter of the time.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class Pipeline:
    """The language pipeline of one process, which analyses one article at a time.

    ``version`` is the version of this package; ``model`` is the name of the rules or weights, as given in results.
    """

    def __init__(self, settings: settings.Pipeline, judge: Judge | None = None) -> None:
        """Load everything that an analysis needs.

        ``judge`` returns the stance of a statement towards a claim. By default the trained model is the judge; by rule
        alone there is no judge, and articles are not read for topics. Raises ``OSError`` if ``settings.spacy_package``
        is set and not installed.
        """
        self.settings = settings
        self.judge = judge
        if judge is None and settings.model == "trained":
            from workers.stance.claims import ClaimJudge  # imports onnxruntime, which the rules do not need

            self.judge = ClaimJudge(build_nlp(SEGMENTATION_COMPONENTS))
        self._topic_stances = TopicStances(())
        self.version = VERSION
        self.nlp = build_nlp(COMPONENTS[settings.model], settings.spacy_package, settings.max_words)
        model = str(self.nlp.meta["name"])
        self.model = f"{model}+{settings.spacy_package}" if settings.spacy_package else model
        self._ahead: EncodingAhead | None = None
        if settings.batched_model and settings.model == "trained":
            from workers.pipeline.encoding_ahead import EncodingAhead  # imports onnxruntime

            self._ahead = EncodingAhead(self.nlp, settings)

    def encode_ahead(self, articles: Sequence[contracts.Article]) -> int:
        """Read articles that will be analysed next with the network, all at once; return how many were read.

        Does nothing without ``settings.batched_model``. Scores of earlier articles are dropped.
        """
        if self._ahead is None:
            return 0
        with _collector_paused(), self.nlp.memory_zone():
            return self._ahead.run([partial(self._document_of, article) for article in articles])

    def _document_of(self, article: contracts.Article) -> Doc:
        plain_text = to_plain_text(article)
        return self._make_doc(plain_text.text, plain_text.body_start)

    def analyse(
        self,
        article: contracts.Article,
        checkpoint: Callable[[str], None] = ignore_checkpoint,
        topics: Sequence[contracts.Topic] = (),
    ) -> contracts.Analysis:
        """Analyse one article, including the stances of its speakers towards ``topics``.

        ``checkpoint`` is called after each stage with the stage's name; an exception that it raises ends the analysis.
        Raises ``PermanentError`` if the article has no text or is not in English.
        """
        plain_text = to_plain_text(article)
        checkpoint("read")
        return self.analyse_plain_text(plain_text, checkpoint, topics)

    def analyse_plain_text(
        self,
        plain_text: PlainText,
        checkpoint: Callable[[str], None] = ignore_checkpoint,
        topics: Sequence[contracts.Topic] = (),
    ) -> contracts.Analysis:
        """Analyse the text of an article, as `workers.text.to_plain_text` returns it."""
        return self.analyse_text(
            plain_text.text,
            body_start=plain_text.body_start,
            language=plain_text.language,
            warnings=plain_text.warnings,
            checkpoint=checkpoint,
            topics=topics,
        )

    def analysis_key(self, plain_text: PlainText, topics: Sequence[contracts.Topic] = ()) -> str:
        """Return the SHA-256 (hex) of everything that the analysis of this text depends on.

        Texts with the same key have the same analysis.
        """
        parts = [
            plain_text.text,
            plain_text.body_start,
            plain_text.language,
            [warning.model_dump(mode="json") for warning in plain_text.warnings],
            self.version,
            self.model,
            self.settings.model_dump(mode="json"),
            [topic.model_dump(mode="json") for topic in topics],
        ]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def analyse_text(
        self,
        text: str,
        *,
        body_start: int = 0,
        language: str = "en",
        warnings: tuple[contracts.Warned, ...] = (),
        checkpoint: Callable[[str], None] = ignore_checkpoint,
        topics: Sequence[contracts.Topic] = (),
    ) -> contracts.Analysis:
        """Analyse plain text, which may be any string. All offsets refer to ``text``."""
        with _collector_paused(), self.nlp.memory_zone():
            doc = self.run(text, body_start=body_start, checkpoint=checkpoint)
            read = len(doc.text)
            if read < len(text):
                warnings = (*warnings, cut_warning(read, len(text)))
            info = contracts.Pipeline(version=self.version, model=self.model, analysed_at=datetime.now(UTC))
            min_score = self.settings.min_stance_score
            analysis = assemble(
                doc, text, language=language, pipeline=info, warnings=warnings, min_stance_score=min_score
            )
            if not topics or self.judge is None:
                return analysis
            if self._topic_stances.topics != tuple(topics):
                self._topic_stances = TopicStances(topics)
            sentences = [token.idx for token in doc if token.is_sent_start]
            limit = self.settings.topic_statements
            stances = (
                *analysis.stances,
                *self._topic_stances.stances(analysis, sentences, self.judge, limit=limit, min_score=min_score),
            )
            checkpoint("topics")
            return analysis.model_copy(update={"stances": stances, "positions": contracts.merge_positions(stances)})

    def run(self, text: str, *, body_start: int = 0, checkpoint: Callable[[str], None] = ignore_checkpoint) -> Doc:
        """Run the components over ``text``, or over the beginning that ``settings.max_work`` allows.

        The document must not outlive the memory zone in which it is created.
        """
        doc = self._make_doc(text, body_start)
        checkpoint("tokens")
        for name, component in self.nlp.pipeline:
            doc = component(doc)
            checkpoint(name.removeprefix("stancewire_"))
        return doc

    def _make_doc(self, text: str, body_start: int) -> Doc:
        """Split the text, or the beginning that is read, into tokens."""
        doc = self.nlp.make_doc(text)
        words = affordable_words([token.text for token in doc], self.settings.max_work)
        if words < len(doc):
            doc = self.nlp.make_doc(text[: doc[words].idx])
        doc._.body_start = body_start
        return doc
