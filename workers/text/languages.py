"""Decides whether a text is in English, the only language that the pipeline analyses."""

from __future__ import annotations

import unicodedata
from collections import Counter
from functools import cache
from typing import Any, Final

from services.contracts import Warned
from services.errors import PermanentError

ENGLISH: Final = "en"
_ENGLISH_SUBTAGS: Final = frozenset({"en", "eng"})
_SAMPLE: Final = 20_000  # characters; more do not change the answer
_MIN_RELIABLE_WORDS: Final = 20  # in shorter texts the detector often takes English for another language
_MIN_WORDS_TO_CONTRADICT: Final = 40  # below this a declared language is believed
# First words of the names of Latin letters, those of width and of modifiers included.
_LATIN: Final = frozenset({"LATIN", "FULLWIDTH", "MODIFIER", "FEMININE", "MASCULINE"})
_LIKELY: Final = 0.8
_CERTAIN: Final = 0.95


# Letters of a Latin text that one of these says as much as: a text of few Chinese words has few letters.
_LETTERS_OF: Final = {"CJK": 3, "HIRAGANA": 2, "KATAKANA": 2, "HANGUL": 2}
_MAX_OTHER_SHARE: Final = 0.5  # of letters that are not Latin in a text that can be English


def check_script(text: str) -> None:
    """Raise ``PermanentError`` with code ``language_unsupported`` if most letters of ``text`` are not Latin.

    Chinese, Arabic or Russian text is not English whatever was declared, and however short it is.
    """
    latin = other = 0
    scripts: Counter[str] = Counter()
    for letter, count in Counter(text[:_SAMPLE]).items():
        if not letter.isalpha():
            continue
        script = unicodedata.name(letter, "UNKNOWN").split()[0]
        if script in _LATIN:
            latin += count
        else:
            weight = count * _LETTERS_OF.get(script, 1)
            other += weight
            scripts[script] += weight
    if other > _MAX_OTHER_SHARE * (latin + other):
        script = scripts.most_common(1)[0][0]
        name = script if script == "CJK" else script.capitalize()
        raise PermanentError(f"the text is in {name} letters; only English is analysed", code="language_unsupported")


def check_language(text: str, declared: str | None) -> tuple[Warned, ...]:
    """Return the warnings about analysing ``text`` as English.

    A declared language is believed unless the text is long and py3langid is certain of another. Without a declaration
    the detector decides; a doubtful text is read as English, with a warning. Raises ``PermanentError`` with code
    ``language_unsupported`` if the text is not English.
    """
    detected, probability = load_detector().classify(text[:_SAMPLE])
    words = len(text.split())
    is_certain = words >= _MIN_WORDS_TO_CONTRADICT and probability >= _CERTAIN
    if declared is not None:
        return _check_declaration(declared, detected, probability, is_certain=is_certain)
    if detected == ENGLISH and words >= _MIN_RELIABLE_WORDS and probability >= _LIKELY:
        return ()
    if detected == ENGLISH or probability < (_LIKELY if words >= _MIN_RELIABLE_WORDS else _CERTAIN):
        detail = f"read as English; detected {detected} with probability {probability:.2f} in {words} words"
        return (Warned(code="language_uncertain", detail=detail),)
    raise PermanentError(
        f"language is {detected} (detected with probability {probability:.2f}); only English is analysed",
        code="language_unsupported",
    )


def _check_declaration(declared: str, detected: str, probability: float, *, is_certain: bool) -> tuple[Warned, ...]:
    """Return the warnings for a declared language. Raises ``PermanentError`` if the text is not English."""
    is_declared_english = declared.split("-", maxsplit=1)[0].lower() in _ENGLISH_SUBTAGS
    is_contradicted = is_certain and (detected == ENGLISH) != is_declared_english
    if is_declared_english != is_contradicted:
        if not is_contradicted:
            return ()
        detail = f"declared {declared}, read as English (detected with probability {probability:.2f})"
        return (Warned(code="language_mismatch", detail=detail),)
    evidence = f"detected with probability {probability:.2f}, declared {declared}" if is_contradicted else "declared"
    raise PermanentError(
        f"language is {detected if is_contradicted else declared} ({evidence}); only English is analysed",
        code="language_unsupported",
    )


@cache
def load_detector() -> Any:
    """Return the detector's model, loaded once per process because loading takes most of a second."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
