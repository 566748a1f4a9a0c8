"""One spelling for each name: without accents, case, titles and possessives; initials; and what gender a name shows."""

from __future__ import annotations

import unicodedata
from typing import Final

from workers.english import gazetteer, lexicon
from workers.english.lexicon import listed

_ARTICLES: Final = frozenset({"the", "a", "an"})
# Letters that no decomposition takes apart.
_LETTERS: Final = str.maketrans(
    {"ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "\u0131": "i", "ß": "ss", "æ": "ae", "Æ": "Ae"}
)
_MALE: Final = listed("mr mr. sir lord king prince monsieur herr señor")
_FEMALE: Final = listed(
    "mrs mrs. ms ms. miss mme mme. mlle mlle. mademoiselle madame frau señora dame lady queen princess"
)


def plain_name(text: str) -> str:
    """Return a name without article, title, possessive, accents and case; the usual one for a country."""
    text = gazetteer.SHORT_NAMES.get(text, text)
    for ending in ("'s", "’s"):
        text = text.removesuffix(ending).rstrip()
    if not text.isascii():
        text = "".join(
            c for c in unicodedata.normalize("NFKD", text.translate(_LETTERS)) if not unicodedata.combining(c)
        )
    words = text.split()
    while len(words) > 1 and (words[0].lower() in _ARTICLES or words[0] in _TITLES):
        del words[0]
    return " ".join(words).lower()


_TITLES: Final = listed(
    "Mr Mr. Mrs Mrs. Ms Ms. Miss Dr Dr. Prof Prof. Sir Dame Sen Sen. Gov Gov. Gen Gen. President Professor"
)


def acronyms(text: str) -> list[str]:
    """Return the initials of a name of several words, with and without those of small words.

    A word in capitals counts whole: "UN Security Council" is UNSC.
    """
    words = [word for word in text.split() if word[0].isalpha() and word.lower() not in _ARTICLES]
    large = [word for word in words if word[0].isupper()]
    if len(large) < 2:  # noqa: PLR2004  # one word has no acronym
        return []
    return list(dict.fromkeys(_initials(chosen) for chosen in (large, words)))


def _initials(words: list[str]) -> str:
    return "".join(word.replace(".", "") if word.isupper() else word[0].upper() for word in words)


def gender_of_title(word: str) -> str:
    """Return m or f if the word, in lower case, is a title of one gender; else nothing."""
    return "m" if word in _MALE else "f" if word in _FEMALE else ""


def given_gender(name: str) -> str:
    """Return m or f if the first word of the name is a given name of one gender; else nothing."""
    first = name.partition(" ")[0]
    return "m" if first in lexicon.words("men") else "f" if first in lexicon.words("women") else ""
