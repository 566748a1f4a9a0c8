"""The measured precision of stances that rules find, which is their ``score``.

The words between two names are measured on the training set of Directed Sentiment Extraction (Park, Pan & Joo,
Findings of ACL 2021), where the two entities are given; words of praise and blame on that of NewsMTSC (Hamborg
& Donnay, EACL 2021). The precision of acts is in ``services.contracts.acts``.
"""

from __future__ import annotations

from typing import Final

# By the construction of the words between two names, and the stance.
WORDS_BETWEEN: Final[dict[tuple[str, str], float]] = {
    ("verb", "support"): 0.47,
    ("verb", "oppose"): 0.6,
    ("noun", "support"): 0.41,
    ("noun", "oppose"): 0.49,
    ("passive", "support"): 0.2,
    ("passive", "oppose"): 0.36,
}
# A verb directly between two names that is not a verb of games: 314 of 329 are right.
VERB_BETWEEN: Final = 0.95
NO_RELATION: Final = 0.75
SENTIMENT: Final = {"none": 0.42, "support": 0.55, "oppose": 0.68}
# A smaller difference of praise and blame counts as neither.
MIN_BALANCE: Final = 0.15
