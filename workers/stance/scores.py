"""How often stances are right: what their ``score`` says.

Acts and relations are measured on the training set of Directed Sentiment Extraction (Park, Pan & Joo, Findings
of ACL 2021), where the two entities are given; feelings on that of NewsMTSC (Hamborg & Donnay, EACL 2021).
"""

from __future__ import annotations

from typing import Final

from services.contracts import Act

# 201 accusations, 90 of praise, 5 threats, 15 rejections.
PRECISION: Final[dict[Act, float]] = {Act.ACCUSE: 0.92, Act.PRAISE: 0.88, Act.THREATEN: 0.8, Act.REJECT: 0.53}
# By how the words between two names were read and which side they take.
RELATION: Final[dict[tuple[str, str], float]] = {
    ("verb", "support"): 0.47,
    ("verb", "oppose"): 0.6,
    ("noun", "support"): 0.41,
    ("noun", "oppose"): 0.49,
    ("passive", "support"): 0.2,
    ("passive", "oppose"): 0.36,
}
# 314 of 329 where the verb stands right between the names, and is none that wins a game.
ADJACENT: Final = 0.95
NO_RELATION: Final = 0.75
FEELING: Final = {"none": 0.42, "support": 0.55, "oppose": 0.68}
# Praise and blame that weigh out each other up to here are neither.
BALANCE: Final = 0.15


def of_act(act: Act) -> float:
    """Return the measured precision of stances read off ``act``."""
    return PRECISION[act]
