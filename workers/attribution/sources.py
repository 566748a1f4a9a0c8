"""Sources that a sentence names plainly where none was found: "was accused of theft by X", "X, who ..., has called for".

A passive may be far from its agent and a subject far from its verb; a name right after "by", or one that opens the
sentence and is followed by a clause between commas, is taken for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.contracts import EntityType
from workers.doc.records import AttributionRecord, CueRecord, TokenSpan
from workers.english.lexicon import listed, words
from workers.english.phrases import AUXILIARIES, BE, DETERMINERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spacy.tokens import Doc

    from workers.doc.tokens import Tokens

_SPEAKING: Final = frozenset({EntityType.PERSON, EntityType.ORGANIZATION, EntityType.LOCATION, EntityType.NORP})
# How far "by" may stand from the cue, and a name from "by" or from the beginning of its sentence: titles, "the".
AGENT_WORDS: Final = 25
TITLE_WORDS: Final = 5
# "Accused of being paid by X": there X pays.
_DONE: Final = listed("paid made held led run sent told sold bought built written given taken driven known seen")


def complete(tokens: Tokens, doc: Doc, statements: Sequence[AttributionRecord]) -> None:
    """Give a source to the statements without one whose sentence names it; reads ``doc.ents``."""
    names = {ent.start: ent.end for ent in doc.ents if ent.label_ in _SPEAKING}
    for statement in statements:
        if statement.source is not None or statement.cue is None:
            continue
        if _passive(tokens, statement.cue):
            _agent(tokens, names, statement, statement.cue)
        else:
            statement.source = _opening(tokens, names, statement.cue)


def _passive(tokens: Tokens, cue: CueRecord) -> bool:
    group = tokens.lower[cue.span.start : cue.span.end]
    return any(word in BE for word in group[:-1]) and any(
        word.endswith(("ed", "en")) or word == "told" for word in group[1:]
    )


def _agent(tokens: Tokens, names: dict[int, int], statement: AttributionRecord, cue: CueRecord) -> None:
    """Take the name after "by" for the source, and out of the content."""
    last = min(tokens.last[cue.span.start], cue.span.end + AGENT_WORDS)
    for by in range(cue.span.end - 1, last):
        before = tokens.at(by - 1)
        if tokens.lower[by] != "by" or (
            by > cue.span.end and (before.endswith(("ed", "en", "ing")) or before in _DONE)
        ):
            continue
        found = _named(tokens, names, by + 1, last)
        if found is None:
            continue
        statement.source = found
        kept = [piece for part in statement.content for piece in _without(tokens, part, TokenSpan(by, found.end))]
        statement.content = tuple(kept) or statement.content
        return


def _named(tokens: Tokens, names: dict[int, int], start: int, last: int) -> TokenSpan | None:
    """Return the name at ``start``, with what stands before it: an article, titles, roles."""
    roles = words("roles")
    for i in range(start, min(last, start + TITLE_WORDS)):
        if i in names:
            return TokenSpan(start, names[i])
        if not (tokens.words[i][0].isupper() or tokens.lower[i] in DETERMINERS or tokens.lower[i] in roles):
            return None
    return None


def _without(tokens: Tokens, part: TokenSpan, agent: TokenSpan) -> list[TokenSpan]:
    """Cut the agent out of a part of the content; what a comma adds about it goes, too."""
    if agent.end <= part.start or agent.start >= part.end:
        return [part]
    found = [TokenSpan(part.start, agent.start)] if part.start < agent.start else []
    if agent.end < part.end and tokens.words[agent.end] != ",":
        found.append(TokenSpan(agent.end, part.end))
    return found


def _opening(tokens: Tokens, names: dict[int, int], cue: CueRecord) -> TokenSpan | None:
    """Return the name that opens the sentence where the cue, a whole verb, stands after a clause between commas."""
    first, start = tokens.first[cue.span.start], cue.span.start
    verb = tokens.lower[start]
    if start <= first or tokens.words[start - 1] != "," or not (verb in AUXILIARIES or cue.form in {"past", "s"}):
        return None
    while first < start and tokens.words[first].isspace():
        first += 1
    found = _named(tokens, names, first, start)
    return found if found and found.end < start - 1 and tokens.words[found.end] == "," else None
