"""Component ``stancewire_quotations``: text between quotation marks, and whether it may be speech.

The span group ``quotations`` contains the outermost quotations with their marks, in order and without overlaps. On each
span, ``_.speech`` tells whether it may be speech, rather than a title, a nickname or scare quotes; ``_.closed`` whether
it has a closing mark; ``_.continues`` whether it continues the quotation at the end of the paragraph before. Each
paragraph of a long quotation begins with an opening mark, and only the last one has a closing mark.

Marks are paired with a stack, so quotations can nest. An unpaired mark affects its own paragraph at most.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from spacy.language import Language
from spacy.tokens import Doc

from workers.doc import records  # noqa: F401  # declares the extensions
from workers.english.lexicon import word_set

# Marks and their kinds. Only marks of one kind pair. A straight mark opens or closes depending on its neighbours.
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
_SINGLE_KINDS: Final = frozenset({"single", "apostrophe"})
_FINAL_MARKS: Final = frozenset({".", "!", "?", "…", "...", ","})
_BEFORE_OPENING: Final = frozenset("([{—–-:/") | {"--"}
# Lower-case words in titles and names.
_TITLE_LINKS: Final = word_set("a an the of and in on for to at by with from or de la el")
_INTRODUCING: Final = frozenset({":", ","})
_MIN_SPEECH_WORDS: Final = 4


@dataclass(slots=True)
class _Quotation:
    """A quotation as a span of tokens, marks included."""

    start: int
    end: int
    closed: bool
    continues: bool = False


@Language.factory("stancewire_quotations")
class Quotations:
    """Finds quotations.

    Reads: ``doc.spans["paragraphs"]`` and ``doc.spans["boilerplate"]``. Writes: ``doc.spans["quotations"]``.
    """

    def __init__(self, nlp: Language, name: str) -> None:
        """Accept the arguments of spaCy factories; the component has no settings."""
        del nlp, name

    def __call__(self, doc: Doc) -> Doc:
        """Set the span group; boilerplate has no quotations."""
        words = [token.text for token in doc]
        spaced = [bool(token.whitespace_) for token in doc]
        boilerplate = {(span.start, span.end) for span in doc.spans.get("boilerplate", ())}
        quotations: list[_Quotation] = []
        previous_open = False
        paragraphs = [(p.start, p.end) for p in doc.spans.get("paragraphs", ())] or [(0, len(doc))]
        for start, end in paragraphs:
            if (start, end) in boilerplate:
                continue
            in_paragraph = list(_pair_marks(words, spaced, start, end))
            if in_paragraph and previous_open and in_paragraph[0].start == start:
                in_paragraph[0].continues = True
            previous_open = bool(in_paragraph) and not in_paragraph[-1].closed
            quotations += in_paragraph
        spans = []
        for quotation in quotations:
            span = doc[quotation.start : quotation.end]
            span._.speech = _may_be_speech(words, quotation)
            if not quotation.closed:
                span._.closed = False
            if quotation.continues:
                span._.continues = True
            spans.append(span)
        doc.spans["quotations"] = spans
        return doc


def _pair_marks(words: list[str], spaced: list[bool], start: int, end: int) -> Iterator[_Quotation]:  # noqa: C901  # one pass, one stack
    """Yield the outermost quotations of one paragraph.

    A quotation without closing mark extends to the end of the paragraph if it begins the paragraph or follows a comma
    or colon.
    """
    stack: list[tuple[str, int]] = []
    open_counts: dict[str, int] = {}  # by kind, so that an unpaired mark is recognised without a search of the stack
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
        kind, closing = _classify_mark(word, open_counts, gap_before=gap_before, gap_after=gap_after)
        if not kind:
            continue
        if not closing:
            if open_counts.get(kind):  # a second opening mark of this kind: the first is unpaired
                while stack:
                    inner, _ = stack.pop()
                    open_counts[inner] -= 1
                    if inner == kind:
                        break
            stack.append((kind, i))
            open_counts[kind] = open_counts.get(kind, 0) + 1
            continue
        opened = i
        while stack:
            inner, opened = stack.pop()
            open_counts[inner] -= 1
            if inner == kind:
                break
        if not stack and i > opened + 1:
            yield _Quotation(opened, i + 1, closed=True)
    unclosed = [i for kind, i in stack if kind not in _SINGLE_KINDS]
    if unclosed and (unclosed[0] == start or words[unclosed[0] - 1] in _INTRODUCING) and end > unclosed[0] + 1:
        last = end
        while last > unclosed[0] + 1 and words[last - 1].isspace():
            last -= 1
        yield _Quotation(unclosed[0], last, closed=False)


def _classify_mark(word: str, open_counts: dict[str, int], *, gap_before: bool, gap_after: bool) -> tuple[str, bool]:  # noqa: PLR0911  # one return per kind of mark
    """Return the kind of a mark and whether it closes; the kind is empty for apostrophes and unpaired closing marks."""
    if word in OPENS:
        kind = OPENS[word]
        if word == "“" and open_counts.get("low"):
            return "low", True
        if word == "‘" and not gap_before:
            return "", False
        return kind, False
    if word in CLOSES:
        kind = CLOSES[word]
        return (kind, True) if open_counts.get(kind) else ("", True)
    kind = EITHER[word]
    if open_counts.get(kind) and (not gap_before or gap_after):
        return kind, True
    if gap_after or (kind == "apostrophe" and not gap_before):
        return "", False
    return kind, False


def _may_be_speech(words: list[str], quotation: _Quotation) -> bool:
    """Whether a quotation is long enough or punctuated like speech, and not capitalised like a title."""
    inner = [word for word in words[quotation.start + 1 : quotation.end - quotation.closed] if not word.isspace()]
    spoken = [word for word in inner if word[0].isalnum()]
    if not spoken:
        return False
    if inner[-1] in _FINAL_MARKS:
        return inner[-1] != "," or len(spoken) > 1 or words[quotation.end : quotation.end + 1] != [","]
    if all(not word[0].islower() or word in _TITLE_LINKS for word in spoken):
        return False
    return len(spoken) >= _MIN_SPEECH_WORDS
