"""How a name is found again in other articles: normalised, and under every name that the article gives to its bearer.

Normalised means: in lower case, without accents, dots and apostrophes, without a possessive's "s" and a leading
"the"; any run of other characters that are not letters or digits becomes one space. A person is also found under
each end of the name ("von der Leyen", "Leyen") and under first and last name without what stands between. A
question may carry a title ("Foreign Minister Lavrov"); it is asked with and without it. Nothing is guessed across
articles: "UN" finds "United Nations" where an article has both.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from importlib.resources import files
from typing import Final

from services.contracts import Entity, EntityType, MentionForm

KEY_MAX: Final = 200  # characters
KEYS_MAX: Final = 40  # an entity, so that a hostile article cannot flood the index
_WORDS_MAX: Final = 6  # of a person's name
# Letters that Unicode does not take apart into a letter and an accent.
_PLAIN: Final = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "\u0131": "i", "&": " and "}
)
_POSSESSIVE: Final = re.compile(r"['’]s\b|(?<=s)['’](?=\s|$)")
_INSIDE: Final = re.compile(r"['’]|(?<=\b\w)\.")
_APART: Final = re.compile(r"[\W_]+")
_YOUNGER: Final = frozenset({"jr", "sr", "ii", "iii", "iv"})
_TITLES: Final = frozenset(files(__package__).joinpath("titles.txt").read_text("utf-8").split())
_WITHIN_TITLES: Final = frozenset({"of", "state", "for", "affairs", "the", "and", "executive"})


def fold(text: str) -> str:
    """Lower case, without accents."""
    apart = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in apart if not unicodedata.combining(letter)).casefold().translate(_PLAIN)


def normalise(name: str) -> str:
    """The name as it is compared; empty where it holds no letter or digit. At most ``KEY_MAX`` characters."""
    bare = _INSIDE.sub("", _POSSESSIVE.sub("", fold(name)))
    words = _APART.sub(" ", bare).split()
    if len(words) > 1 and words[0] == "the":
        del words[0]
    return " ".join(words)[:KEY_MAX].rstrip()


def keys_of_question(name: str) -> tuple[str, ...]:
    """Return the keys to look up: the normalised name, and the same without leading titles.

    Empty if the name has neither a letter nor a digit.
    """
    whole = normalise(name)
    words = whole.split()
    start = 0
    while start < len(words) - 1 and (words[start] in _TITLES or (start and words[start] in _WITHIN_TITLES)):
        start += 1
    return (whole, " ".join(words[start:])) if start else (whole,) if whole else ()


def keys_of_entity(entity: Entity, text: str) -> list[str]:
    """Return the keys under which an entity of the article ``text`` is found, sorted; at most ``KEYS_MAX``."""
    mentioned = (mention for mention in entity.mentions if mention.form is MentionForm.NAME)
    names = {normalise(name) for name in (entity.name, *{text[mention.start : mention.end] for mention in mentioned})}
    keys = {key for name in names for key in (_of_person(name) if entity.type is EntityType.PERSON else (name,)) if key}
    return sorted(keys)[:KEYS_MAX]


def _of_person(name: str) -> Iterable[str]:
    words = name.split()
    yield name
    if len(words) > 1 and words[-1] in _YOUNGER:
        del words[-1]
    if len(words) > _WORDS_MAX:
        return
    for start in range(len(words)):
        yield " ".join(words[start:])
    if len(words) > 2:  # noqa: PLR2004 -- first and last name have something between them
        yield f"{words[0]} {words[-1]}"
