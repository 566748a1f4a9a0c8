"""How much of a text one analysis reads: as much as its time allows.

All components take linear time, but a name, a pronoun or a line of its own costs many times what a plain word costs. A
text of nothing else, as long as a text may be, would take half a minute. The weights below are processor time relative
to a plain word, fitted to texts of one kind each.
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Final

from services.contracts import Warned
from workers.coreference.mentions import PRONOUNS
from workers.english import lexicon
from workers.segmentation.quotations import MARKS

if TYPE_CHECKING:
    from collections.abc import Sequence

_NAME: Final = 12
_PRONOUN: Final = 28
_CUE: Final = 3
_QUOTATION_MARK: Final = 8
_LINE_BREAK: Final = 2


def affordable_words(words: Sequence[str], budget: int) -> int:
    """Return how many of a text's words can be analysed for ``budget``, which is in plain words; at least one."""
    if len(words) * _PRONOUN <= budget:
        return len(words)
    cues = lexicon.cue_forms().keys()
    known: dict[str, int] = {}
    for word in set(words):
        if word.lower() in PRONOUNS:
            known[word] = _PRONOUN
        elif word in MARKS:
            known[word] = _QUOTATION_MARK
        elif word[0].isupper():
            known[word] = _NAME
        elif word in cues:
            known[word] = _CUE
        else:
            known[word] = _LINE_BREAK if "\n" in word else 1
    for number, spent in enumerate(accumulate(map(known.__getitem__, words))):
        if spent > budget:
            return max(1, number)
    return len(words)


def cut_warning(read: int, total: int) -> Warned:
    """Return the warning of a text of which only the first ``read`` of ``total`` characters are analysed."""
    detail = f"The first {read} of {total} characters have been analysed; the rest would take too long."
    return Warned(code="text_cut", detail=detail)
