"""Initials as labels: "HV:" in an interview is a mention of Harriet Vale."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.contracts import EntityType
from workers.english.name_forms import PARTICLES

if TYPE_CHECKING:
    from spacy.tokens import Doc

    from workers.doc.tokens import Tokens

_LENGTHS: Final = (2, 3)
_COLON: Final = ":"


def read_initials(doc: Doc, tokens: Tokens) -> dict[int, str]:
    """Return the full name of the person that each label of initials stands for, by its token.

    Initials that two persons of the article share stand for neither.
    """
    names: dict[str, set[str]] = {}
    for ent in doc.ents:
        words = [word for word in ent.text.split() if word.lower() not in PARTICLES]
        if ent.label_ == EntityType.PERSON and len(words) > 1:
            names.setdefault("".join(word[0] for word in words).upper(), set()).add(" ".join(ent.text.split()))
    return {
        i: next(iter(names[word]))
        for i, word in enumerate(tokens.words[:-1])
        if tokens.words[i + 1] == _COLON
        and len(word) in _LENGTHS
        and word.isupper()
        and len(names.get(word, ())) == 1
        and _starts_line(tokens, i)
    }


def _starts_line(tokens: Tokens, i: int) -> bool:
    return i == 0 or tokens.sentence_start[i] == i or "\n" in tokens.words[i - 1]
