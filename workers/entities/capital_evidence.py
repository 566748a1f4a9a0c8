"""Which words of an article are names by its own spelling: capitals where common words have none.

The model has learned from news of the whole world outside North America and Europe, and does not know the names that
are in every newspaper there; in half of the mentions it takes "Trump" or "Clinton" for no name. The spelling does know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from workers.english import gazetteer, lexicon
from workers.english.lexicon import word_set
from workers.model.tags import ENTITIES, OUTSIDE, begin_tag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.doc.tokens import Tokens

# Words with capitals that are not names.
_NO_NAMES: Final = word_set(
    "I I'm I've I'd I'll OK TV TVs PM AM CEO CFO COO PhD MP MPs GDP VAT DNA PDF ID IDs DVD CCTV USB HTML Internet God"
)
# Lists of words that are parts of names, or names of one kind only beside another word: "Council", "Park", "Act".
_GENERIC_LISTS: Final = ("organizations", "facilities", "places", "miscellany")
_GENERIC_ROLE_LISTS: Final = ("common", "roles")
# Added to the scores of the network, which are natural logarithms of odds: a word that is spelled as a name is one
# unless the network is sure that it is not. Chosen on the gold of whole articles (train).
_EVIDENCE: Final = 4.0
_KNOWN_BODY: Final = 8.0
_ORGANIZATION: Final = begin_tag(ENTITIES.index("Organization"))


def with_evidence(scores: NDArray[np.float32], tokens: Tokens, positions: Sequence[int]) -> NDArray[np.float32]:
    """Return the network's entity scores [words, tags] with the evidence of the spelling.

    ``positions`` [words] are the tokens that the network has read.
    """
    scores = scores.copy()
    spelled, bodies = name_words(tokens), lexicon.word_list("bodies")
    words = tokens.words
    is_name = np.fromiter((spelled[i] for i in positions), bool, len(positions))
    is_body = np.fromiter((words[i] in bodies for i in positions), bool, len(positions))
    scores[is_name, OUTSIDE] -= _EVIDENCE
    scores[is_body, OUTSIDE] -= _KNOWN_BODY
    scores[is_body, _ORGANIZATION] += 1
    return scores


def name_words(tokens: Tokens) -> list[bool]:
    """Return, for each token, whether the article's spelling shows it to be a name.

    It begins with a capital, at least once also after a word in lower case; the article never has it in lower case;
    and no word list knows it as a common word or as a word for a kind of thing.
    """
    words = tokens.words
    lower_case = {word for word in words if word[0].islower()}
    inside = {
        word
        for i, word in enumerate(words)
        if i > tokens.sentence_start[i] and word[0].isupper() and words[i - 1][0].islower()
    }
    names = {word for word in inside if word.lower() not in lower_case and not is_common(word)}
    return [word in names for word in words]


def is_common(word: str) -> bool:
    """Return whether a word list knows ``word`` as anything but a name; peoples count in the singular only."""
    if word in gazetteer.peoples():
        return word.removesuffix("s") not in gazetteer.peoples() - {word}
    return (
        word in _NO_NAMES
        or word in lexicon.word_list("titles")
        or any(word.lower() in lexicon.word_list(name) for name in _GENERIC_ROLE_LISTS)
        or any({word, word.removesuffix("s")} & lexicon.word_list(name) for name in _GENERIC_LISTS)
        or any(letter.isdigit() for letter in word)
    )
