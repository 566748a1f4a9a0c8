"""A result for spaCy's visualiser: ``displacy.render(answer, style="ent", manual=True)``, or ``style="span"``."""

from __future__ import annotations

from typing import Any

from services.contracts import Result
from services.results.exports.layers import labelled, without_overlaps
from services.results.exports.tokens import token_range, tokens_of


def displacy(result: Result) -> dict[str, Any]:
    """Return the names as ``ents`` (code points), and all layers as ``spans`` over ``tokens``."""
    tokens = tokens_of(result.text)
    names = without_overlaps(span for span in labelled(result) if span.layer == "entities")
    spans = []
    for span in labelled(result):
        words = token_range(tokens, span.extent)
        if words:
            spans.append(
                {
                    "start_token": words.start,
                    "end_token": words.stop,
                    "label": span.label
                    if span.layer in {"entities", "mentions"}
                    else f"{span.layer[:-1]} {span.label}",
                    "kb_id": span.id,
                }
            )
    return {
        "text": result.text,
        "title": result.article.title if result.article else None,
        "ents": [
            {"start": span.extent.start, "end": span.extent.end, "label": span.label, "kb_id": span.id}
            for span in names
        ],
        "tokens": [token.text for token in tokens],
        "spans": sorted(spans, key=lambda span: (span["start_token"], -span["end_token"])),
    }
