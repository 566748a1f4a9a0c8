"""Back references to earlier speech: whose offer "the offer" is.

A speaker who rejects or welcomes "the offer" takes a stance towards the speaker who made it.
"""

from __future__ import annotations

from typing import Final

from services.contracts.acts import ACT_RECORDS
from workers.doc.records import AttributionRecord
from workers.doc.tokens import Tokens
from workers.english.lexicon import word_set

# Nouns for something that was said or put forward.
_SPEECH_NOUNS: Final = word_set(
    "offer offers proposal proposals plan idea suggestion suggestions demand demands conditions terms ultimatum "
    "request requests appeal claim claims charge charges accusation accusations allegation allegations remark remarks "
    "comment comments statement statements call calls threat threats criticism assertion assertions invitation"
)
_DEFINITE_WORDS: Final = word_set("the that this these those such")
# Farther back, somebody else may have spoken in between.
MAX_SENTENCES_BACK: Final = 2
MAX_ATTRIBUTIONS_BACK: Final = 12  # bounds the work, which stays linear in the article
MAX_PHRASE_WORDS: Final = 3  # "the latest offer"


def referenced_speaker(tokens: Tokens, attributions: list[AttributionRecord], index: int) -> int | None:
    """Return the speaker who made what the content of attribution ``index`` refers to ("dismissed the offer").

    Returns None if the content is not such a reference or nobody else spoke shortly before. ``attributions`` are
    in text order.
    """
    content = attributions[index].content[0]
    phrase = tokens.lower[content.start : content.end]
    while phrase and not phrase[-1][0].isalnum():
        phrase = phrase[:-1]
    if not 0 < len(phrase) <= MAX_PHRASE_WORDS or phrase[0] not in _DEFINITE_WORDS or phrase[-1] not in _SPEECH_NOUNS:
        return None
    holder = attributions[index].speaker
    start = _start(attributions[index])
    for earlier in reversed(attributions[max(0, index - MAX_ATTRIBUTIONS_BACK) : index]):
        if not earlier.content or not ACT_RECORDS[earlier.act].puts_forward or _start(earlier) >= start:
            continue
        if _count_sentences(tokens, _start(earlier), start) > MAX_SENTENCES_BACK:
            return None
        if earlier.speaker is not None and earlier.speaker != holder:
            return earlier.speaker
    return None


def _start(attribution: AttributionRecord) -> int:
    """Return the first token of the content and cue."""
    return min(part.start for part in (*attribution.content, *([attribution.cue.span] if attribution.cue else [])))


def _count_sentences(tokens: Tokens, start: int, end: int) -> int:
    """Return the number of sentences that begin between two tokens, at most ``MAX_SENTENCES_BACK`` + 1."""
    count, i = 0, tokens.sentence_end[start]
    while i <= end and count <= MAX_SENTENCES_BACK:
        count += 1
        i = tokens.sentence_end[i] if tokens.sentence_end[i] > i else i + 1
    return count
