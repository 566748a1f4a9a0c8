"""Reads articles for the message runner: the pipeline, the active topics, and the analyses of texts read before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from services.contracts import Analysis, Article, Topic
from services.database.engine import Database
from services.settings import Stories
from services.stories.linking import TextKeys
from services.stories.reuse import find_analysis
from workers.text import to_plain_text
from workers.text.fingerprints import fingerprint

if TYPE_CHECKING:
    from workers.pipeline.pipeline import Pipeline

Checkpoint = Callable[[str], None]


class ArticleReader:
    """Analyses one article at a time, and knows what the text of the last one is recognised by."""

    def __init__(
        self, pipeline: Pipeline, topics: Callable[[], Sequence[Topic]], database: Database, settings: Stories
    ) -> None:
        """Bind the parts of this process."""
        self._pipeline = pipeline
        self._topics = topics
        self._database = database
        self._settings = settings
        self._keys: TextKeys | None = None

    def analyse(self, article: Article, checkpoint: Checkpoint) -> Analysis:
        """Analyse the article, or return the analysis of the same text if reuse is on.

        Raises what `Pipeline.analyse` raises.
        """
        self._keys = None
        topics = self._topics()
        plain_text = to_plain_text(article)
        key = self._pipeline.analysis_key(plain_text, topics) if self._settings.reuse else None
        if self._settings.link:
            self._keys = TextKeys(fingerprint(plain_text.text[plain_text.body_start :]), key)
        checkpoint("read")
        analysis = None if key is None else find_analysis(self._database, key, self._settings.window_days)
        if analysis is not None:
            checkpoint("reused")
            return analysis
        return self._pipeline.analyse_plain_text(plain_text, checkpoint, topics)

    def text_keys(self) -> TextKeys | None:
        """Return what the text of the last article is recognised by, or None if copies are not linked."""
        return self._keys
