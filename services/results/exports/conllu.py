"""A result in CoNLL-U Plus (Universal Dependencies): one word a line, with a column for each layer.

Spans that overlap share a column: ``B-a1|I-a2``. ``B`` begins a span, ``I`` continues it; ``_`` is neither.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from services.contracts import Result
from services.results.exports.layers import LAYERS, labelled
from services.results.exports.tokens import sentences, token_range, tokens_of

MEDIA_TYPE: Final = "text/x-conllu-plus"
_COLUMNS: Final = "ID FORM STANCEWIRE:OFFSETS " + " ".join(f"STANCEWIRE:{layer.upper()}" for layer in LAYERS)


def conllu(result: Result) -> str:
    """Return the document. Offsets are ``start:end`` in code points of the text."""
    return "\n".join(_lines(result)) + "\n"


def _lines(result: Result) -> Iterator[str]:
    tokens = tokens_of(result.text)
    tags: dict[str, dict[int, list[str]]] = {layer: {} for layer in LAYERS}
    for span in labelled(result):
        label = f"{span.id}:{span.label}"
        for index in (words := token_range(tokens, span.extent)):
            tags[span.layer].setdefault(index, []).append(f"{'B' if index == words.start else 'I'}-{label}")
    yield f"# global.columns = {_COLUMNS}"
    yield f"# newdoc id = {result.job_id}"
    for number, words in enumerate(sentences(result.text, tokens), 1):
        yield f"# sent_id = {number}"
        text = result.text[tokens[words.start].start : tokens[words.stop - 1].end]
        yield "# text = " + " ".join(text.split())
        for position, index in enumerate(words, 1):
            token = tokens[index]
            cells = ["|".join(tags[layer].get(index, ())) or "_" for layer in LAYERS]
            yield "\t".join([str(position), token.text, f"{token.start}:{token.end}", *cells])
        yield ""
