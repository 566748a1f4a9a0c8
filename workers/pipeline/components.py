"""The spaCy components of the language pipeline, in the order in which they run, and how spaCy's pipeline is built."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any, Final

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

SEGMENTATION_COMPONENTS: Final = (
    "stancewire_paragraphs",  # paragraphs and boilerplate
    "stancewire_sentences",  # sentence boundaries
    "stancewire_quotations",  # text between quotation marks
)
# The two ways to analyse an article: with the trained model, or by rule alone, which is faster and finds less.
COMPONENTS: Final = {
    "trained": (
        *SEGMENTATION_COMPONENTS,
        "stancewire_encoder",  # the network's scores for all words
        "stancewire_names",  # entities by the model
        "stancewire_aliases",  # mentions of the same entity
        "stancewire_cues",  # cues by rule
        "stancewire_attributions",  # attributions by rule
        "stancewire_statements",  # attributions by the model, with those by rule as a second opinion
        "stancewire_layouts",  # attributions shown by the layout of the page
        "stancewire_acts",  # the act of each attribution
        "stancewire_speakers",  # the entity of each source, pronouns included
        "stancewire_sides",  # stances by the model
    ),
    "rules": (
        *SEGMENTATION_COMPONENTS,
        "stancewire_entities",  # entities by rule
        "stancewire_aliases",  # mentions of the same entity
        "stancewire_cues",  # cues by rule
        "stancewire_attributions",  # attributions by rule
        "stancewire_layouts",  # attributions shown by the layout of the page
        "stancewire_acts",  # the act of each attribution
        "stancewire_speakers",  # the entity of each source, pronouns included
        "stancewire_stances",  # stances by the acts of attributions
    ),
}
RULES_MODEL: Final = "rules-2026.11"  # the model's name in results if no trained model is used

_PACKAGE_ENTITIES: Final = "stancewire_package_entities"
_ENTITY_COMPONENTS: Final = frozenset({"stancewire_entities", "stancewire_names"})
# Importing a module registers its component.
_TOKENIZER_MODULE: Final = "workers.segmentation.tokenizer"
_MODULES: Final = {
    "stancewire_paragraphs": "workers.segmentation.paragraphs",
    "stancewire_sentences": "workers.segmentation.sentences",
    "stancewire_quotations": "workers.segmentation.quotations",
    "stancewire_encoder": "workers.model.component",
    "stancewire_entities": "workers.entities.rules",
    "stancewire_names": "workers.entities.model",
    "stancewire_package_entities": "workers.entities.package",
    "stancewire_aliases": "workers.coreference.aliases",
    "stancewire_cues": "workers.attribution.cues",
    "stancewire_attributions": "workers.attribution.rules",
    "stancewire_statements": "workers.attribution.model",
    "stancewire_layouts": "workers.attribution.layouts",
    "stancewire_acts": "workers.attribution.acts",
    "stancewire_speakers": "workers.coreference.speakers",
    "stancewire_stances": "workers.stance.acts",
    "stancewire_sides": "workers.stance.model",
}
# The lexical attributes that our components read. The others (such as "looks like a URL") take a third of the time of
# tokenizing, as spaCy computes them for each new word.
_LEXICAL_ATTRIBUTES: Final = frozenset({LOWER, NORM, SHAPE, IS_SPACE, IS_PUNCT})


def build_nlp(components: Iterable[str], spacy_package: str = "", max_words: int | None = None) -> Language:
    """Build spaCy's pipeline of ``components``, given by name and in order.

    With ``spacy_package``, the entities of that package are found first. ``max_words`` limits how many words of an
    article the trained model reads. Raises ``OSError`` if the package is not installed.
    """
    names: list[str] = []
    for component in components:
        if component in _ENTITY_COMPONENTS and spacy_package:
            names.append(_PACKAGE_ENTITIES)
        names.append(component)
    for module in (_TOKENIZER_MODULE, *(_MODULES[name] for name in names)):
        importlib.import_module(module)
    nlp = spacy.blank("en", config={"nlp": {"tokenizer": {"@tokenizers": "stancewire_tokenizer"}}})
    nlp.meta["name"] = RULES_MODEL  # replaced by the encoder component
    getters: dict[int, object] = nlp.vocab.lex_attr_getters  # type: ignore[attr-defined]  # public, not in the stub
    for attribute in set(getters) - _LEXICAL_ATTRIBUTES:
        del getters[attribute]
    nlp.max_length = sys.maxsize  # spaCy's limit is meant for parsers; all our components are linear
    configs: dict[str, dict[str, Any]] = {
        "stancewire_encoder": {"max_words": max_words},
        _PACKAGE_ENTITIES: {"package": spacy_package},
    }
    for name in names:
        nlp.add_pipe(name, config=configs.get(name, {}))
    return nlp
