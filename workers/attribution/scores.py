"""The measured precision of each attribution rule, which is the ``score`` of the attributions that it finds.

Measured on the training set of PolNeAR: 11 600 attributions found in 840 articles. An attribution counts as right if
its source, cue and content each overlap the gold by an intersection over union of at least one half, in words.
PolNeAR's notion of attribution is much wider than speech, and its annotators agree on 92 % of them, so these figures
are low for plain news.
"""

from __future__ import annotations

from typing import Final

from workers.doc.records import AttributionRecord
from workers.english.lexicon import word_set

# Verbs that nearly always report, praise or blame, and marks used in their place.
REPORTING: Final = word_set(
    "say tell add note argue explain warn insist conclude reply announce declare respond suggest acknowledge "
    "admit confirm recall assert contend concede predict reveal write wonder complain blame reject dismiss "
    "ask urge "
    "criticize criticise praise accuse describe condemn vow slam mock decry applaud hail welcome lambast lambaste : —"
) | {
    "point out",
    "call for",
    "call on",
    "according to",
    "go on to say",
    "refer to",
    "talk about",
    "lash out at",
    "hit out at",
}
# Rule -> precision with a reporting verb, and with any other verb.
PRECISION: Final[dict[str, tuple[float, float]]] = {
    "quoted_subject": (0.87, 0.71),
    "quoted_inverted": (0.77, 0.65),
    "quoted_shared": (0.63, 0.5),
    "quoted_opening": (0.77, 0.4),
    "that_subject": (0.82, 0.59),
    "that_shared": (0.71, 0.55),
    "that_opening": (0.75, 0.4),
    "bare_subject": (0.76, 0.44),
    "bare_shared": (0.63, 0.3),
    "bare_opening": (0.71, 0.42),
    "postposed_subject": (0.77, 0.2),
    "postposed_inverted": (0.84, 0.2),
    "parenthesis_subject": (0.88, 0.38),
    "parenthesis_inverted": (0.46, 0.38),
    "subject_infinitive": (0.75, 0.37),
    "shared_infinitive": (0.67, 0.38),
    "opening_infinitive": (0.6, 0.33),
    "object": (0.64, 0.46),
    "asked": (0.77, 0.47),
    "report": (0.85, 0.85),
    "according": (0.75, 0.75),
    "label": (0.7, 0.7),
    # Estimates: the training set has hardly any of these.
    "beat": (0.6, 0.6),
    "turn": (0.6, 0.6),
}
# A cautious guess for rules that are rare in the training set.
DEFAULT_PRECISION: Final = 0.4


def rule_precision(attribution: AttributionRecord) -> float:
    """Return the precision of the attribution's rule with its cue."""
    reporting, other = PRECISION.get(attribution.rule, (DEFAULT_PRECISION, DEFAULT_PRECISION))
    return reporting if attribution.cue and attribution.cue.lemma in REPORTING else other
