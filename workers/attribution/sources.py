"""Sources that a sentence names at a distance from the cue.

A passive agent may be far from its verb ("was accused of theft by X") and a subject too ("X, who ..., has called
for"). If no source was found, the name right after "by" is taken, or the name that opens the sentence if a clause
between commas follows it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.contracts import EntityType
from workers.doc.records import AttributionRecord, CueRecord, TokenSpan
from workers.english.lexicon import word_list, word_set
from workers.english.phrases import AUXILIARIES, BE, DETERMINERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spacy.tokens import Doc

    from workers.doc.tokens import Tokens

_SPEAKER_TYPES: Final = frozenset({EntityType.PERSON, EntityType.ORGANIZATION, EntityType.LOCATION, EntityType.NORP})
# From the cue to "by"; titles and articles from "by" or the start of the sentence to the name.
MAX_AGENT_DISTANCE: Final = 25
MAX_TITLE_WORDS: Final = 5
# "Accused of being paid by X": X pays, it does not accuse.
_OTHER_PARTICIPLES: Final = word_set(
    "paid made held led run sent told sold bought built written given taken driven known seen"
)

# Participles of verbs that say of their subject, in the passive, what others call it.
_JUDGED: Final = word_set(
    "branded called labelled labeled dubbed described hailed slammed criticised criticized blasted condemned praised "
    "denounced mocked ridiculed"
)


def fill_missing_sources(tokens: Tokens, doc: Doc, attributions: Sequence[AttributionRecord]) -> None:
    """Set the source of attributions without one if their sentence names it.

    Reads ``doc.ents``; changes ``source`` and, for a passive agent, ``content``.
    """
    name_ends = {ent.start: ent.end for ent in doc.ents if ent.label_ in _SPEAKER_TYPES}
    for attribution in attributions:
        if attribution.cue is not None and _is_judged(tokens, attribution.source, attribution.cue):
            attribution.source = None
        if attribution.source is not None or attribution.cue is None:
            continue
        if _is_passive(tokens, attribution.cue):
            _take_passive_agent(tokens, name_ends, attribution, attribution.cue)
        else:
            attribution.source = _opening_name(tokens, name_ends, attribution.cue)


def _is_passive(tokens: Tokens, cue: CueRecord) -> bool:
    """Return whether the cue is a passive verb group."""
    group = tokens.lower[cue.span.start : cue.span.end]
    return any(word in BE for word in group[:-1]) and any(
        word.endswith(("ed", "en")) or word == "told" for word in group[1:]
    )


def _is_judged(tokens: Tokens, source: TokenSpan | None, cue: CueRecord) -> bool:
    """Return whether the source is the subject of a passive that others say of it: "the carer was branded ..."."""
    if source is None or source.end != cue.span.start or not _is_passive(tokens, cue):
        return False
    return not _JUDGED.isdisjoint(tokens.lower[cue.span.start : cue.span.end])


def _take_passive_agent(
    tokens: Tokens, name_ends: dict[int, int], attribution: AttributionRecord, cue: CueRecord
) -> None:
    """Set the source to the name after "by" and remove it from the content."""
    end = min(tokens.sentence_end[cue.span.start], cue.span.end + MAX_AGENT_DISTANCE)
    for by in range(cue.span.end - 1, end):
        previous = tokens.at(by - 1)
        if tokens.lower[by] != "by" or (
            by > cue.span.end and (previous.endswith(("ed", "en", "ing")) or previous in _OTHER_PARTICIPLES)
        ):
            continue
        agent = _name_with_titles(tokens, name_ends, by + 1, end)
        if agent is None:
            continue
        attribution.source = agent
        remaining = [
            piece for part in attribution.content for piece in _remove_agent(tokens, part, TokenSpan(by, agent.end))
        ]
        attribution.content = tuple(remaining) or attribution.content
        return


def _name_with_titles(tokens: Tokens, name_ends: dict[int, int], start: int, end: int) -> TokenSpan | None:
    """Return the name at ``start`` with the article, titles and roles before it, or None."""
    roles = word_list("roles")
    for i in range(start, min(end, start + MAX_TITLE_WORDS)):
        if i in name_ends:
            return TokenSpan(start, name_ends[i])
        if not (tokens.words[i][0].isupper() or tokens.lower[i] in DETERMINERS or tokens.lower[i] in roles):
            return None
    return None


def _remove_agent(tokens: Tokens, part: TokenSpan, agent: TokenSpan) -> list[TokenSpan]:
    """Return a part of the content without the agent, and without what follows the agent after a comma."""
    if agent.end <= part.start or agent.start >= part.end:
        return [part]
    rest = [TokenSpan(part.start, agent.start)] if part.start < agent.start else []
    if agent.end < part.end and tokens.words[agent.end] != ",":
        rest.append(TokenSpan(agent.end, part.end))
    return rest


def _opening_name(tokens: Tokens, name_ends: dict[int, int], cue: CueRecord) -> TokenSpan | None:
    """Return the name that opens the sentence if a clause between commas parts it from a finite cue, or None."""
    first, start = tokens.sentence_start[cue.span.start], cue.span.start
    verb = tokens.lower[start]
    if start <= first or tokens.words[start - 1] != "," or not (verb in AUXILIARIES or cue.form in {"past", "s"}):
        return None
    while first < start and tokens.words[first].isspace():
        first += 1
    name = _name_with_titles(tokens, name_ends, first, start)
    return name if name and name.end < start - 1 and tokens.words[name.end] == "," else None
