"""Stances of speakers towards registered topics: whether a statement supports or opposes the topic's claim.

An attribution concerns a topic if its content names the topic, or else if its sentence does ("On the tram plan,
Berg said it would ruin the city"). The judge compares the claim with the content in the first case, with the
whole sentence in the second. Only speakers that are entities of the article hold stances here; an unresolved
speaker is not guessed.

Some acts override the judge. Rejecting or denying indirect speech ("Berg denied that the tram would be built")
reverses the stance; inside quotation marks the speaker's own words count. A question takes no side.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from services.contracts import Analysis, Attribution, Extent, Kind, Stance, StanceLabel, Target, Topic
from services.contracts.acts import ACT_RECORDS
from services.topics.matching import Match, Matcher

# (claim, statement) -> the stance of the statement towards the claim, and the probability that it is right.
Judge = Callable[[str, str], tuple[StanceLabel, float]]

_OPPOSITE: Final = {StanceLabel.SUPPORT: StanceLabel.OPPOSE, StanceLabel.OPPOSE: StanceLabel.SUPPORT}


@dataclass(frozen=True, slots=True)
class _TopicPassage:
    """An attribution that concerns a topic: the words to judge, and the span that shows the stance."""

    attribution: Attribution
    topic: str
    words: str
    evidence: Extent


class TopicStances:
    """Finds stances towards a fixed set of topics; built again when the topics change."""

    def __init__(self, topics: Sequence[Topic]) -> None:
        """Prepare the matcher of topic names."""
        self.topics = tuple(topics)
        self._matcher = Matcher(topics)
        self._claims = {topic.id: topic.claim for topic in topics}

    def stances(
        self, analysis: Analysis, sentences: Sequence[int], judge: Judge, *, limit: int, min_score: float
    ) -> tuple[Stance, ...]:
        """Return the stances of the article's speakers towards the topics; IDs continue those of ``analysis``.

        ``sentences`` are the characters at which sentences begin, in text order. At most ``limit`` passages are
        judged, the first of the text. Stances that the judge scores below ``min_score`` are left out.
        """
        matches = sorted(self._matcher.find(analysis.text), key=lambda match: match.start)
        if not matches:
            return ()
        stances: list[Stance] = []
        for passage in islice(_topic_passages(analysis, matches, sentences), limit):
            label, score = judge(self._claims[passage.topic], passage.words)
            if score < min_score:
                continue
            attribution = passage.attribution
            is_reversed = (
                attribution.kind is Kind.INDIRECT
                and attribution.cue is not None
                and ACT_RECORDS[attribution.cue.act].opposes_content
            )
            stances.append(
                Stance(
                    id=f"s{len(analysis.stances) + len(stances) + 1}",
                    holder=attribution.source.entity if attribution.source else None,
                    target=Target(topic=passage.topic),
                    stance=_OPPOSITE[label] if is_reversed else label,
                    score=score,
                    evidence=passage.evidence,
                    attribution=attribution.id,
                )
            )
        return tuple(stances)


def _topic_passages(analysis: Analysis, matches: Sequence[Match], sentences: Sequence[int]) -> Iterator[_TopicPassage]:
    """Yield each attribution of a known speaker with each topic that it concerns, in the order of attributions."""
    match_starts = [match.start for match in matches]
    for attribution in analysis.attributions:
        if attribution.source is None or attribution.source.entity is None:
            continue
        if attribution.cue is not None and ACT_RECORDS[attribution.cue.act].neutral_on_topics:
            continue
        parts = [attribution.source, *([attribution.cue] if attribution.cue else []), *attribution.content]
        evidence = Extent(start=min(part.start for part in parts), end=max(part.end for part in parts))
        passage = _sentences_around(analysis.text, sentences, evidence.start, evidence.end)
        content = " … ".join(analysis.text[part.start : part.end] for part in attribution.content)
        in_passage = [
            match for match in matches[bisect_right(match_starts, passage.start - 1) :] if match.end <= passage.end
        ]
        in_content = {
            match.topic for match in in_passage if any(_contains(part, match) for part in attribution.content)
        }
        for topic in dict.fromkeys(match.topic for match in in_passage):
            if topic in in_content:
                yield _TopicPassage(attribution, topic, content, evidence)
            else:
                yield _TopicPassage(attribution, topic, analysis.text[passage.start : passage.end], passage)


def _contains(part: Extent, match: Match) -> bool:
    """Return whether the match lies inside the part."""
    return part.start <= match.start and match.end <= part.end


def _sentences_around(text: str, sentences: Sequence[int], start: int, end: int) -> Extent:
    """Return the sentences that contain the characters ``start`` to ``end``, without white space at the end."""
    index = bisect_right(sentences, start) - 1
    first = min(sentences[max(0, index)], start) if sentences else start
    next_index = bisect_right(sentences, end - 1)
    last = sentences[next_index] if next_index < len(sentences) else len(text)
    return Extent(start=first, end=max(end, first + len(text[first:last].rstrip())))
