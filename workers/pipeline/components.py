"""The pipeline's spaCy components, in order, and the function that builds spaCy's pipeline from them."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Final

import spacy
from spacy.attrs import (  # type: ignore[import-not-found]  # a compiled module without stubs
    IS_PUNCT,
    IS_SPACE,
    LOWER,
    NORM,
    SHAPE,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from spacy.language import Language

SEGMENTATION: Final = ("stancewire_paragraphs", "stancewire_sentences", "stancewire_quotations")
_RESOLUTION: Final = ("stancewire_layouts", "stancewire_acts", "stancewire_speakers")
# The ways to read an article: with the trained model, or by rule alone, which is faster and finds less.
STAGES: Final = {
    "trained": (
        *SEGMENTATION,
        "stancewire_encoder",
        "stancewire_names",
        "stancewire_aliases",
        "stancewire_cues",
        "stancewire_attributions",
        "stancewire_statements",
        *_RESOLUTION,
        "stancewire_sides",
    ),
    "rules": (
        *SEGMENTATION,
        "stancewire_entities",
        "stancewire_aliases",
        "stancewire_cues",
        "stancewire_attributions",
        *_RESOLUTION,
        "stancewire_stances",
    ),
}
_ENTITY_STAGES: Final = frozenset({"stancewire_entities", "stancewire_names"})
# Importing these modules registers their components.
_MODULES: Final = (
    "workers.segmentation.tokenizer",
    "workers.segmentation.paragraphs",
    "workers.segmentation.sentences",
    "workers.segmentation.quotations",
    "workers.entities.rules",
    "workers.entities.package",
    "workers.coreference.aliases",
    "workers.attribution.cues",
    "workers.attribution.rules",
    "workers.attribution.layouts",
    "workers.attribution.acts",
    "workers.coreference.speakers",
    "workers.stance.acts",
)
_MODEL_MODULES: Final = (
    "workers.model.component",
    "workers.entities.model",
    "workers.attribution.model",
    "workers.stance.model",
)
_ATTRIBUTES: Final = frozenset({LOWER, NORM, SHAPE, IS_SPACE, IS_PUNCT})
RULES: Final = "rules-2026.11"


def build_nlp(stages: Iterable[str], spacy_package: str = "", max_words: int | None = None) -> Language:
    """Build spaCy's pipeline of the ``stages``; with ``spacy_package``, that package names the entities first.

    ``max_words`` is how much of an article the model reads; without it, all.

    Raises ``OSError`` if the package is not installed.
    """
    stages = tuple(stages)
    for module in (*_MODULES, *(_MODEL_MODULES if "stancewire_encoder" in stages else ())):
        importlib.import_module(module)
    nlp = spacy.blank("en", config={"nlp": {"tokenizer": {"@tokenizers": "stancewire_tokenizer"}}})
    nlp.meta["name"] = RULES  # the encoder's stage writes its own here
    # What spaCy works out for each new word ("is it like a URL?") is a third of tokenizing, and no stage asks for it.
    getters: dict[int, object] = nlp.vocab.lex_attr_getters  # type: ignore[attr-defined]  # public, not in the stub
    for attribute in set(getters) - _ATTRIBUTES:
        del getters[attribute]
    nlp.max_length = sys.maxsize  # the limit is there for parsers; all stages here are linear
    for stage in stages:
        if stage in _ENTITY_STAGES and spacy_package:
            nlp.add_pipe("stancewire_package_entities", config={"package": spacy_package})
        nlp.add_pipe(stage, config={"max_words": max_words} if stage == "stancewire_encoder" else {})
    return nlp
