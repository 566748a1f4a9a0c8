"""Normal forms of names, acronyms of names, and the gender that a name or title shows."""

from __future__ import annotations

from typing import Final

from services.contracts.accents import strip_accents
from workers.english import gazetteer, lexicon
from workers.english.lexicon import word_set

_ARTICLES: Final = frozenset({"the", "a", "an"})
_TITLES: Final = word_set(
    "Mr Mr. Mrs Mrs. Ms Ms. Miss Dr Dr. Prof Prof. Sir Dame Sen Sen. Gov Gov. Gen Gen. President Professor"
)
# Letters without a Unicode decomposition.
_LETTERS: Final = str.maketrans(
    {"ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "\u0131": "i", "ß": "ss", "æ": "ae", "Æ": "Ae"}
)
_MALE: Final = word_set("mr mr. sir lord king prince monsieur herr señor")
_FEMALE: Final = word_set(
    "mrs mrs. ms ms. miss mme mme. mlle mlle. mademoiselle madame frau señora dame lady queen princess"
)
# Lower-case words in persons' names.
PARTICLES: Final = word_set(
    "al el ul ibn bin bint ben abu van von der den de da do dos das del della di du des la las los le ter ten zu y e i "
    "st st. af av"
)
_MIN_ACRONYM_WORDS: Final = 2


_FORMAL_STATES: Final = frozenset({"kingdom", "republic", "state", "commonwealth"})
_OFFICES: Final = frozenset({"department", "ministry", "office", "bureau"})
# First words that newspapers write short.
_EXPANSIONS: Final = {
    "ny": "new york",
    "n.y.": "new york",
    "un": "united nations",
    "u.n.": "united nations",
    "eu": "european union",
    "us": "united states",
    "u.s.": "united states",
    "uk": "united kingdom",
    "u.k.": "united kingdom",
}


def normalize_name(text: str) -> str:
    """Return a name in lower case without article, title, possessive ending and accents.

    A country's alternative name is replaced by its usual name first.
    """
    text = gazetteer.ALTERNATIVE_NAMES.get(text, text)
    for ending in ("'s", "’s"):
        text = text.removesuffix(ending).rstrip()
    if not text.isascii():
        text = _without_accents(text)
    words = text.split()
    while len(words) > 1 and (words[0].lower() in _ARTICLES or words[0] in _TITLES):
        del words[0]
    return _usual_order(" ".join(words).lower())


def _usual_order(name: str) -> str:
    """Return a name in the order in which newspapers write it: "justice department", "saudi arabia"."""
    first, _, rest = name.partition(" of ")
    if first in _FORMAL_STATES and rest:
        return rest.removeprefix("the ")
    if first in _OFFICES and rest:
        return f"{rest.removeprefix('the ')} {first}"
    first, _, rest = name.partition(" ")
    return f"{_EXPANSIONS[first]} {rest}" if rest and first in _EXPANSIONS else name


def _without_accents(text: str) -> str:
    return strip_accents(text.translate(_LETTERS))


def acronyms(text: str) -> list[str]:
    """Return the possible acronyms of a name of several words: without and with the initials of lower-case words.

    A word in capitals counts whole: "UN Security Council" becomes UNSC.
    """
    words = [word for word in text.split() if word[0].isalpha() and word.lower() not in _ARTICLES]
    capitalized = [word for word in words if word[0].isupper()]
    if len(capitalized) < _MIN_ACRONYM_WORDS:
        return []
    choices = [capitalized, words]
    if words[-1].lower() in _OFFICES:  # the Justice Department is the DOJ
        choices.append([words[-1], "of", *words[:-1]])
    return list(dict.fromkeys(_initials(choice) for choice in choices))


def _initials(words: list[str]) -> str:
    return "".join(word.replace(".", "") if word.isupper() else word[0].upper() for word in words)


def is_acronym_of(short: str, name: str) -> bool:
    """Return whether the letters of ``short`` stand in ``name`` in order, its first as the first: "Telmex", "IISc"."""
    letters = iter(_without_accents(name).lower())
    wanted = _without_accents(short).lower()
    words = name.split()
    return (
        len(words) >= _MIN_ACRONYM_WORDS
        and " " not in short
        and wanted[:1] == _without_accents(words[0]).lower()[:1]
        and all(letter in letters for letter in wanted)
    )


def title_gender(word: str) -> str:
    """Return "m" or "f" if ``word``, in lower case, is a title of one gender, else an empty string."""
    return "m" if word in _MALE else "f" if word in _FEMALE else ""


def given_name_gender(name: str) -> str:
    """Return "m" or "f" if the first word of ``name`` is a given name of one gender, else an empty string."""
    first = name.partition(" ")[0]
    return "m" if first in lexicon.word_list("men") else "f" if first in lexicon.word_list("women") else ""
