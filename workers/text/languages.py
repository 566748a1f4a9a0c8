"""Which language a text is in, and whether it is one that the pipeline reads."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from services.contracts import Warned
from services.errors import PermanentError

ENGLISH: Final = "en"
_ENGLISH_SUBTAGS: Final = frozenset({"en", "eng"})
_SAMPLE: Final = 20_000  # characters: more would not change the answer
_SHORT: Final = 20  # words below which the detector often takes English for something else
_LONG: Final = 40  # words from which it may contradict a declaration
_LIKELY: Final = 0.8
_SURE: Final = 0.95


def accept_language(text: str, declared: str | None) -> tuple[Warned, ...]:
    """Return the warnings that go with reading ``text`` as English.

    A declaration is believed unless the text is long and py3langid is very sure of another language; without one the
    detector decides. Doubt speaks for English and is told as a warning. Raises ``PermanentError``
    (``language_unsupported``) otherwise.
    """
    found, probability = _detector().classify(text[:_SAMPLE])
    words = len(text.split())
    sure = words >= _LONG and probability >= _SURE
    if declared is not None:
        return _against_declaration(declared, found, probability, sure=sure)
    if found == ENGLISH and words >= _SHORT and probability >= _LIKELY:
        return ()
    if found == ENGLISH or probability < (_LIKELY if words >= _SHORT else _SURE):
        detail = f"read as English; detected {found} with probability {probability:.2f} in {words} words"
        return (Warned(code="language_uncertain", detail=detail),)
    raise PermanentError(
        f"language is {found} (detected with probability {probability:.2f}); only English is analysed",
        code="language_unsupported",
    )


def _against_declaration(declared: str, found: str, probability: float, *, sure: bool) -> tuple[Warned, ...]:
    is_declared_english = declared.split("-", maxsplit=1)[0].lower() in _ENGLISH_SUBTAGS
    is_other = sure and (found == ENGLISH) != is_declared_english
    if is_declared_english != is_other:
        if not is_other:
            return ()
        detail = f"declared {declared}, read as English (detected with probability {probability:.2f})"
        return (Warned(code="language_mismatch", detail=detail),)
    known = f"detected with probability {probability:.2f}, declared {declared}" if is_other else "declared"
    raise PermanentError(
        f"language is {found if is_other else declared} ({known}); only English is analysed",
        code="language_unsupported",
    )


@cache
def _detector() -> Any:
    """One model for each process: loading takes most of a second."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
