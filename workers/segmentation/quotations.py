"""Stage ``stancewire_quotations``: what stands between quotation marks, and whether it is speech.

Writes ``doc.spans["quotations"]``: the outermost quotations with their marks, in order, none overlapping. Of
each, ``span._.speech`` says whether somebody may be speaking (and not a title, a nickname or a word held at
arm's length), ``span._.closed`` whether a closing mark was found, ``span._.continues`` whether it goes on from
the quotation that ended the paragraph before (each paragraph of a long quotation opens with a mark of its own,
only the last one closes).

Marks are paired within a paragraph with a stack, so that quotations nest; a mark without partner never fails
and never swallows more than its paragraph.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from spacy.language import Language
from spacy.tokens import Doc

from workers.doc import records  # noqa: F401  # declares the extensions
from workers.english.lexicon import listed

# Mark -> level of nesting that it belongs to. A straight mark may open or close; what stands beside it decides.
OPENS: Final = {
    "“": "double",
    "„": "low",
    "‟": "double",
    "«": "angle",
    "‘": "single",
    "‚": "single",
    "``": "double",
    "‹": "narrow",
}
CLOSES: Final = {"”": "double", "»": "angle", "’": "single", "›": "narrow"}
EITHER: Final = {'"': "straight", "''": "pair", "'": "apostrophe", "`": "apostrophe"}
MARKS: Final = frozenset(OPENS) | frozenset(CLOSES) | frozenset(EITHER)
_WEAK: Final = frozenset({"single", "apostrophe"})
_ENDERS: Final = frozenset({".", "!", "?", "…", "...", ","})
_BEFORE_OPENING: Final = frozenset("([{—–-:/") | {"--"}
# Words that a title of a work or a name leaves small.
_SMALL: Final = listed("a an the of and in on for to at by with from or de la el")
_INTRODUCES: Final = frozenset({":", ","})
SPEECH_WORDS: Final = 4


@dataclass(slots=True)
class _Pair:
    """A quotation in tokens, marks included."""

    start: int
    end: int
    closed: bool
    continues: bool = False


@Language.factory("stancewire_quotations")
class Quotations:
    """Pairs quotation marks."""

    def __init__(self, nlp: Language, name: str) -> None:
        """Take what spaCy hands to every factory; there is nothing to set."""
        del nlp, name

    def __call__(self, doc: Doc) -> Doc:
        """Write the span group; reads ``doc.spans["paragraphs"]`` and ``["boilerplate"]``."""
        words = [token.text for token in doc]
        spaced = [bool(token.whitespace_) for token in doc]
        boilerplate = {(span.start, span.end) for span in doc.spans.get("boilerplate", ())}
        pairs: list[_Pair] = []
        open_before = False
        paragraphs = [(p.start, p.end) for p in doc.spans.get("paragraphs", ())] or [(0, len(doc))]
        for start, end in paragraphs:
            if (start, end) in boilerplate:
                continue
            found = list(_pair(words, spaced, start, end))
            if found and open_before and found[0].start == start:
                found[0].continues = True
            open_before = bool(found) and not found[-1].closed
            pairs += found
        spans = []
        for pair in pairs:
            span = doc[pair.start : pair.end]
            span._.speech = _is_speech(words, pair)
            if not pair.closed:
                span._.closed = False
            if pair.continues:
                span._.continues = True
            spans.append(span)
        doc.spans["quotations"] = spans
        return doc


def _pair(words: list[str], spaced: list[bool], start: int, end: int) -> Iterator[_Pair]:  # noqa: C901  # one pass, one stack
    """Yield the outermost quotations of one paragraph; one left open at the beginning, or after a colon, lasts to its end."""
    stack: list[tuple[str, int]] = []
    levels: dict[
        str, int
    ] = {}  # how many of each level are open, so that a mark without partner costs one look and not the stack
    for i in range(start, end):
        word = words[i]
        if word not in MARKS:
            continue
        gap_before = (
            i == start
            or spaced[i - 1]
            or words[i - 1].isspace()
            or words[i - 1] in _BEFORE_OPENING
            or words[i - 1] in MARKS
        )
        gap_after = i + 1 >= end or spaced[i] or words[i + 1].isspace()
        level, closing = _role(word, levels, gap_before=gap_before, gap_after=gap_after)
        if not level:
            continue
        if not closing:
            if levels.get(level):  # opened again before it closed: the first has no partner
                while stack:
                    inner, _ = stack.pop()
                    levels[inner] -= 1
                    if inner == level:
                        break
            stack.append((level, i))
            levels[level] = levels.get(level, 0) + 1
            continue
        opened = i
        while stack:
            inner, opened = stack.pop()
            levels[inner] -= 1
            if inner == level:
                break
        if not stack and i > opened + 1:
            yield _Pair(opened, i + 1, closed=True)
    strong = [i for level, i in stack if level not in _WEAK]
    if strong and (strong[0] == start or words[strong[0] - 1] in _INTRODUCES) and end > strong[0] + 1:
        last = end
        while last > strong[0] + 1 and words[last - 1].isspace():
            last -= 1
        yield _Pair(strong[0], last, closed=False)


def _role(word: str, levels: dict[str, int], *, gap_before: bool, gap_after: bool) -> tuple[str, bool]:  # noqa: PLR0911  # one exit for each kind of mark
    """Return the level of a mark and whether it closes; no level where it is an apostrophe or has no partner."""
    if word in OPENS:
        level = OPENS[word]
        if word == "“" and levels.get("low"):
            return "low", True
        if word == "‘" and not gap_before:
            return "", False
        return level, False
    if word in CLOSES:
        level = CLOSES[word]
        return (level, True) if levels.get(level) else ("", True)
    level = EITHER[word]
    if levels.get(level) and (not gap_before or gap_after):
        return level, True
    if gap_after or (level == "apostrophe" and not gap_before):
        return "", False
    return level, False


def _is_speech(words: list[str], pair: _Pair) -> bool:
    """Whether the quotation may be something said.

    Long enough, or punctuated like speech, and not in the capitals of a title.
    """
    inner = [word for word in words[pair.start + 1 : pair.end - pair.closed] if not word.isspace()]
    spoken = [word for word in inner if word[0].isalnum()]
    if not spoken:
        return False
    if inner[-1] in _ENDERS:
        return inner[-1] != "," or len(spoken) > 1 or words[pair.end : pair.end + 1] != [","]
    if all(not word[0].islower() or word in _SMALL for word in spoken):
        return False
    return len(spoken) >= SPEECH_WORDS
