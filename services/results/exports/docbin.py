"""A result as spaCy's DocBin, for pipelines and training. Needs spaCy, which API processes do without otherwise."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any, Final

from services.contracts import Result
from services.results.exports.layers import LAYERS, labelled, without_overlaps
from services.results.exports.tokens import token_range, tokens_of

MEDIA_TYPE: Final = "application/vnd.spacy.docbin"


def is_available() -> bool:
    """Return whether spaCy is installed: it comes with the extra ``worker``."""
    return importlib.util.find_spec("spacy") is not None


def docbin(result: Result) -> bytes:
    """Return the bytes of a DocBin with one document: names as ``ents``, and each layer as a group of ``spans``.

    The ID of each span is that of its item in the result.
    """
    spacy = importlib.import_module("spacy")  # by name: services import no language library
    tokens, vocab = tokens_of(result.text), spacy.blank("en").vocab
    words, spaces = spacy.util.get_words_and_spaces([token.text for token in tokens], result.text)
    doc = spacy.tokens.Doc(vocab, words=words, spaces=spaces)
    indexes = {token.idx: token.i for token in doc}  # white space of more than one character is a token of spaCy's
    groups: dict[str, list[Any]] = {layer: [] for layer in LAYERS}
    names: list[Any] = []
    spans = list(labelled(result))
    ents = set(without_overlaps(span for span in spans if span.layer == "entities"))
    for span in spans:
        touched = token_range(tokens, span.extent)
        if not touched:
            continue
        first, last = indexes[tokens[touched.start].start], indexes[tokens[touched.stop - 1].start]
        made = spacy.tokens.Span(doc, first, last + 1, label=span.label, span_id=span.id)
        groups[span.layer].append(made)
        if span in ents:
            names.append(made)
    for layer, group in groups.items():
        doc.spans[layer] = group
    doc.set_ents(spacy.util.filter_spans(names))
    doc.user_data = {"job_id": str(result.job_id), "article_id": str(result.article_id)}
    return bytes(spacy.tokens.DocBin(docs=[doc], store_user_data=True).to_bytes())
