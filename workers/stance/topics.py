"""Where speakers stand towards topics that an operator registered: towards the claim that support of the topic means.

A statement touches a topic where its content names it, or else its sentence does ("On the tram plan, Berg said it would ruin the
city"). What it says, in the first case the content, in the second the whole sentence, is put to the judge beside the claim. Only
speakers that are entities of the article hold stances here; who is not resolved is not guessed.

Some acts are not left to the judge. Who rejects or denies what another says ("Berg denied that the tram would be built") stands
on the other side of what the content says; within quotation marks it is the speaker's own words that count. Who asks a question
takes no side.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from services.contracts import Act, Analysis, Attribution, Extent, Kind, Stance, StanceLabel, Target, Topic
from services.topics.matching import Match, Matcher

# How a statement stands to a claim, and the probability that this is right.
Judge = Callable[[str, str], tuple[StanceLabel, float]]

_OTHER: Final = {StanceLabel.SUPPORT: StanceLabel.OPPOSE, StanceLabel.OPPOSE: StanceLabel.SUPPORT}
_AGAINST: Final = frozenset({Act.REJECT, Act.DENY})


@dataclass(frozen=True, slots=True)
class _Touch:
    """A statement that touches a topic: the words to judge, and the stretch that shows the stance."""

    attribution: Attribution
    topic: str
    words: str
    evidence: Extent


class Topics:
    """Reads stances towards some topics off articles; built once for as long as the topics stay the same."""

    def __init__(self, topics: Sequence[Topic]) -> None:
        """Prepare what finds the topics."""
        self.topics = tuple(topics)
        self._matcher = Matcher(topics)
        self._claims = {topic.id: topic.claim for topic in topics}

    def stances(
        self, analysis: Analysis, sentences: Sequence[int], judge: Judge, *, limit: int, min_score: float
    ) -> tuple[Stance, ...]:
        """The stances of the article's speakers towards the topics, numbered on from those that ``analysis`` has.

        ``sentences`` are the characters at which sentences begin, in order. At most ``limit`` statements are judged, the first
        of the text; what the judge gives less than ``min_score`` is left out.
        """
        matches = sorted(self._matcher.find(analysis.text), key=lambda match: match.start)
        found: list[Stance] = []
        for number, touch in enumerate(_touches(analysis, matches, sentences) if matches else ()):
            if number >= limit:
                break
            side, score = judge(self._claims[touch.topic], touch.words)
            if score < min_score:
                continue
            attribution = touch.attribution
            turned = (
                attribution.kind is Kind.INDIRECT and attribution.cue is not None and attribution.cue.act in _AGAINST
            )
            found.append(
                Stance(
                    id=f"s{len(analysis.stances) + len(found) + 1}",
                    holder=attribution.source.entity if attribution.source else None,
                    target=Target(topic=touch.topic),
                    stance=_OTHER[side] if turned else side,
                    score=score,
                    evidence=touch.evidence,
                    attribution=attribution.id,
                )
            )
        return tuple(found)


def _touches(analysis: Analysis, matches: Sequence[Match], sentences: Sequence[int]) -> Iterator[_Touch]:
    """Each statement of a known speaker with each topic that it touches, in the order of the statements."""
    starts = [match.start for match in matches]
    for attribution in analysis.attributions:
        if attribution.source is None or attribution.source.entity is None:
            continue
        if attribution.cue is not None and attribution.cue.act is Act.ASK:
            continue
        parts = [attribution.source, *([attribution.cue] if attribution.cue else []), *attribution.content]
        whole = _sentence(analysis.text, sentences, min(part.start for part in parts), max(part.end for part in parts))
        said = " … ".join(analysis.text[part.start : part.end] for part in attribution.content)
        near = [match for match in matches[bisect_right(starts, whole.start - 1) :] if match.end <= whole.end]
        inside = {match.topic for match in near if any(_holds(part, match) for part in attribution.content)}
        evidence = Extent(start=min(part.start for part in parts), end=max(part.end for part in parts))
        for topic in dict.fromkeys(match.topic for match in near):
            if topic in inside:
                yield _Touch(attribution, topic, said, evidence)
            else:
                yield _Touch(attribution, topic, analysis.text[whole.start : whole.end], whole)


def _holds(part: Extent, match: Match) -> bool:
    return part.start <= match.start and match.end <= part.end


def _sentence(text: str, starts: Sequence[int], start: int, end: int) -> Extent:
    """From the beginning of the sentence that holds ``start`` to the end of the one that holds the character before ``end``."""
    first = starts[max(0, bisect_right(starts, start) - 1)] if starts else start
    after = bisect_right(starts, end - 1)
    last = starts[after] if after < len(starts) else len(text)
    return Extent(
        start=min(first, start), end=max(end, min(first, start) + len(text[min(first, start) : last].rstrip()))
    )
