"""The first and second person in labelled speech: "I" is whoever the label names, "you" the other of two speakers."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Final

from workers.coreference.mentions import Anaphor, Form

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from workers.coreference.mentions import Mention
    from workers.doc.records import AttributionRecord, TokenSpan

_LABEL: Final = "label"
_PARTIES: Final = 2


def interview_pronouns(
    mentions: Sequence[Mention], attributions: Sequence[AttributionRecord], named: Mapping[TokenSpan, int]
) -> Iterator[tuple[TokenSpan, int]]:
    """Yield the pronouns of the first and second person in turns with labels, outside quotations, with their entities.

    ``named`` has the entities of sources. "You" is left out unless the article has two speakers with labels.
    """
    turns = sorted(
        (part, named[record.source])
        for record in attributions
        if record.rule == _LABEL and record.source is not None and record.source in named
        for part in record.content
    )
    starts = [part.start for part, _ in turns]
    parties = {key for _, key in turns}
    for mention in mentions:
        if (
            mention.form is not Form.PRONOUN
            or mention.anaphor not in {Anaphor.I, Anaphor.YOU}
            or mention.quotation >= 0
        ):
            continue
        k = bisect_right(starts, mention.span.start) - 1
        if k < 0 or turns[k][0].end <= mention.span.start:
            continue
        speaker = turns[k][1]
        if mention.anaphor is Anaphor.I:
            yield mention.span, speaker
        elif len(parties) == _PARTIES:
            yield mention.span, next(iter(parties - {speaker}))
