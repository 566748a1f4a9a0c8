"""Reads several articles with the network before they are analysed one by one: a GPU is idle with one at a time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from workers.model.batched_encoder import BatchedEncoder
from workers.model.component import EncoderComponent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from spacy.language import Language
    from spacy.tokens import Doc

    from services.settings import Pipeline


class EncodingAhead:
    """Gives the encoder component the scores of texts that it will be asked for next."""

    def __init__(self, nlp: Language, settings: Pipeline) -> None:
        """Load the batched network. Raises ``FileNotFoundError`` if ``settings.batched_model`` does not exist."""
        self._before: list[Callable[[Doc], Doc]] = []
        for _, component in nlp.pipeline:
            if isinstance(component, EncoderComponent):
                self._component = component
                break
            self._before.append(component)
        vocabulary = self._component.encoder.vocabulary
        self.encoder = BatchedEncoder(Path(settings.batched_model), vocabulary, settings.batch_pieces)

    def run(self, texts: Iterable[Callable[[], Doc]]) -> int:
        """Encode documents, each made by its own function; return how many.

        A text from which no document can be made is left to its analysis, which says why.
        """
        prepared = {}
        for make_doc in texts:
            try:
                doc = make_doc()
                for component in self._before:
                    doc = component(doc)
                prepared[doc.text] = self._component.inputs(doc)
            except Exception:  # noqa: BLE001, S112  # the article's own analysis meets it again, and reports it
                continue
        scores = self.encoder.run(list(prepared.values()))
        self._component.encoded_ahead = dict(zip(prepared, scores, strict=True))
        return len(prepared)
