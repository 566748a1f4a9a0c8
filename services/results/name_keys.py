"""The keys under which the search index stores a name: normalised, for every name that the article gives to its bearer.

Normalised means: in lower case, without accents, dots and apostrophes, without a possessive's "s" and a leading
"the"; any run of other characters that are not letters or digits becomes one space. A person is also found under
each end of the name ("von der Leyen", "Leyen") and under first and last name without the names between. A name that
is searched for may have a title ("Foreign Minister Lavrov"); it is searched for with and without it. Nothing is
guessed across articles: "UN" finds "United Nations" if an article has both. A body is also found under the words that
its name begins with: "Norvane" finds "Norvane Energy". These keys are marked as not exact.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.resources import files
from typing import Final

from services.contracts import Entity, EntityType, MentionForm
from services.contracts.accents import strip_accents

KEY_MAX: Final = 200  # characters
KEYS_MAX: Final = 40  # of an entity, so that a hostile article cannot flood the index
_WORDS_MAX: Final = 6  # of a person's name
# Letters without a Unicode decomposition.
_LETTERS: Final = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "\u0131": "i", "&": " and "}
)
_POSSESSIVE: Final = re.compile(r"['’]s\b|(?<=s)['’](?=\s|$)")
_REMOVED_SIGNS: Final = re.compile(r"['’]|(?<=\b\w)\.")
_SEPARATORS: Final = re.compile(r"[\W_]+")
_GENERATIONS: Final = frozenset({"jr", "sr", "ii", "iii", "iv"})
_TITLES: Final = frozenset(files(__package__).joinpath("titles.txt").read_text("utf-8").split())
_LINKS: Final = frozenset({"of", "for", "and", "the", "in", "on", "de", "la", "du", "des", "von", "van"})
_WITHIN_TITLES: Final = frozenset({"of", "state", "for", "affairs", "the", "and", "executive"})


def fold(text: str) -> str:
    """Return the text in lower case without accents."""
    return strip_accents(text).casefold().translate(_LETTERS)


def normalise(name: str) -> str:
    """Return the name as it is compared: at most ``KEY_MAX`` characters, empty if it has no letter or digit."""
    bare = _REMOVED_SIGNS.sub("", _POSSESSIVE.sub("", fold(name)))
    words = _SEPARATORS.sub(" ", bare).split()
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
    keys = {
        key for name in names for key in (_person_keys(name) if entity.type is EntityType.PERSON else (name,)) if key
    }
    return sorted(keys)[:KEYS_MAX]


def beginnings_of_entity(entity: Entity, exact: Iterable[str]) -> list[str]:
    """Return the words that the names of a body begin with, without the whole names ``exact``; at most ``KEYS_MAX``.

    None for a person, who is found by surname, nor for places: "South" is not "South China Sea".
    """
    if entity.type is not EntityType.ORGANIZATION:
        return []
    beginnings = set()
    for name in exact:
        words = name.split()[:_WORDS_MAX]
        beginnings |= {" ".join(words[:end]) for end in range(1, len(words)) if words[end - 1] not in _LINKS}
    return sorted(beginning for beginning in beginnings.difference(exact) if len(beginning) > 1)[:KEYS_MAX]


def _person_keys(name: str) -> Iterable[str]:
    words = name.split()
    yield name
    if len(words) > 1 and words[-1] in _GENERATIONS:
        del words[-1]
    if len(words) > _WORDS_MAX:
        return
    for start in range(len(words)):
        yield " ".join(words[start:])
    if len(words) > 2:  # noqa: PLR2004 -- there are names between first and last
        yield f"{words[0]} {words[-1]}"
