"""Component ``stancewire_quotations``: text between quotation marks, and whether it may be speech.

The span group ``quotations`` contains the outermost quotations with their marks, in order and without overlaps. On each
span, ``_.speech`` tells whether it may be speech, rather than a title, a nickname or scare quotes; ``_.closed`` whether
it has a closing mark; ``_.continues`` whether it continues the quotation at the end of the paragraph before. Each
paragraph of a long quotation begins with an opening mark, and only the last one has a closing mark.

Marks are paired with a stack, so quotations can nest. An unpaired mark affects its own paragraph at most. A single mark
may also be an apostrophe ("the residents' fault", "'22"): the marks after it in the paragraph decide.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from spacy.attrs import SPACY  # type: ignore[import-not-found]  # a compiled module without stubs
from spacy.language import Language
from spacy.tokens import Doc

from workers.doc import records  # noqa: F401  # declares the extensions
from workers.doc.tokens import Tokens
from workers.english.lexicon import word_set

# Marks and their kinds. Only marks of one kind pair. A straight mark opens or closes depending on its neighbours.
OPENS: Final = {
    "“": "double",
    "„": "low",
    "‟": "double",
    "«": "angle",
    "‘": "single",
    "‚": "single",
    "``": "pair",
    "‹": "narrow",
}
CLOSES: Final = {"”": "double", "»": "angle", "’": "single", "›": "narrow"}
EITHER: Final = {'"': "straight", "''": "pair", "'": "apostrophe", "`": "apostrophe"}
MARKS: Final = frozenset(OPENS) | frozenset(CLOSES) | frozenset(EITHER)
_SINGLE_KINDS: Final = frozenset({"single", "apostrophe"})
_APOSTROPHES: Final = frozenset({"'", "’", "‘"})
# A straight mark also closes these, as keyboards have only the straight one.
_CLOSED_BY_STRAIGHT: Final = ("straight", "low", "double")
# Marks that point the other way: »...« and ”...”.
_REVERSED: Final = {"»": "reversed", "”": "double"}
_FINAL_MARKS: Final = frozenset({".", "!", "?", "…", "...", ","})
_BEFORE_OPENING: Final = frozenset("([{—–-:/") | {"--"}
# Lower-case words in titles and names.
_TITLE_LINKS: Final = word_set("a an the of and in on for to at by with from or de la el")
_INTRODUCING: Final = frozenset({":", ","})
_MIN_SPEECH_WORDS: Final = 4
# Words that lose their beginning: "'cause", "'em".
_ELIDED: Final = word_set("cause cos coz em til till tis twas twere round bout n ere")
_YEAR_DIGITS: Final = 2  # "'22"
# A few words after one of these are a name, with or without a full stop: "goes by the name “Slim.”"
_NAMING_WORDS: Final = word_set("name named nickname nicknamed dubbed titled entitled alias aka")
_NAMING_PHRASES: Final = frozenset({("known", "as"), ("goes", "by"), ("went", "by"), ("called", "the")})


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
        words = Tokens.of(doc).words
        spaced = [bool(space) for space in doc.to_array(SPACY)]
        boilerplate = {(span.start, span.end) for span in doc.spans.get("boilerplate", ())}
        quotations: list[_Quotation] = []
        previous_open = False
        paragraphs = [(p.start, p.end) for p in doc.spans.get("paragraphs", ())] or [(0, len(doc))]
        for number, (start, end) in enumerate(paragraphs):
            if (start, end) in boilerplate:
                continue
            after = paragraphs[number + 1][0] if number + 1 < len(paragraphs) else len(words)
            repeated = words[after] if after < len(words) and words[after] in OPENS.keys() | EITHER.keys() else ""
            in_paragraph = list(_pair_marks(words, spaced, start, end, repeated))
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


def _pair_marks(  # noqa: C901  # one pass, one stack
    words: list[str], spaced: list[bool], start: int, end: int, repeated: str
) -> Iterator[_Quotation]:
    """Yield the outermost quotations of one paragraph.

    A quotation without closing mark extends to the end of the paragraph if it begins the paragraph or follows a comma
    or colon, or if the next paragraph begins with its mark, which is ``repeated``; in single marks, only in this case.
    """
    stack: list[tuple[str, int]] = []
    open_counts: dict[str, int] = {}  # by kind, so that an unpaired mark is recognised without a search of the stack
    apostrophes = _apostrophes(words, spaced, start, end)
    for i in range(start, end):
        word = words[i]
        if word not in MARKS or i in apostrophes:
            continue
        kind, closing = _classify_mark(
            word,
            open_counts,
            gap_before=_has_gap_before(words, spaced, i, start),
            gap_after=_has_gap_after(words, spaced, i, end),
        )
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
    unclosed = [i for kind, i in stack if kind not in _SINGLE_KINDS or (words[i] == repeated and i == start)]
    if (
        unclosed
        and (unclosed[0] == start or words[unclosed[0] - 1] in _INTRODUCING or words[unclosed[0]] == repeated)
        and end > unclosed[0] + 1
    ):
        last = end
        while last > unclosed[0] + 1 and words[last - 1].isspace():
            last -= 1
        yield _Quotation(unclosed[0], last, closed=False)


def _has_gap_before(words: list[str], spaced: list[bool], i: int, start: int) -> bool:
    """Whether the mark at token ``i`` can open a quotation, by what is before it in a paragraph from ``start``."""
    return (
        i == start
        or spaced[i - 1]
        or words[i - 1].isspace()
        or words[i - 1] in _BEFORE_OPENING
        or words[i - 1] in MARKS
    )


def _has_gap_after(words: list[str], spaced: list[bool], i: int, end: int) -> bool:
    """Whether a space or the end of the paragraph at ``end`` follows the mark at token ``i``."""
    return i + 1 >= end or spaced[i] or words[i + 1].isspace()


def _apostrophes(words: list[str], spaced: list[bool], start: int, end: int) -> set[int]:
    """Return the single marks of a paragraph that are apostrophes, read from the end of the paragraph.

    After a plural ("the residents' fault,' she said"), a mark is an apostrophe if a mark that can only close follows
    before the next that opens. Before a word without its beginning ("'cause", "'22"), it is one unless such a mark
    follows.
    """
    apostrophes = set()
    closes_later = False  # the next mark that is not an apostrophe can only close
    for i in range(end - 1, start - 1, -1):
        word = words[i]
        if word not in _APOSTROPHES:
            continue
        if _has_gap_after(words, spaced, i, end) or not _has_gap_before(words, spaced, i, start):
            is_plural = i > start and not spaced[i - 1] and words[i - 1][-1] in "sS"
            if is_plural and closes_later:
                apostrophes.add(i)
            else:
                closes_later = not is_plural
        else:
            after = words[i + 1]
            is_elided = after.lower() in _ELIDED or (after[:_YEAR_DIGITS].isdecimal() and len(after) == _YEAR_DIGITS)
            if is_elided and not closes_later:
                apostrophes.add(i)
            else:
                closes_later = False
    return apostrophes


def _classify_mark(word: str, open_counts: dict[str, int], *, gap_before: bool, gap_after: bool) -> tuple[str, bool]:  # noqa: C901, PLR0911  # one return per kind of mark
    """Return the kind of a mark and whether it closes; the kind is empty for apostrophes and unpaired closing marks."""
    if word in OPENS:
        kind = OPENS[word]
        if word == "“" and open_counts.get("low"):
            return "low", True
        if word == "«" and open_counts.get("reversed"):
            return "reversed", True
        if word == "‘" and not gap_before:
            return "", False
        return kind, False
    if word in CLOSES:
        kind = CLOSES[word]
        if open_counts.get(kind):
            return kind, True
        return (_REVERSED[word], False) if word in _REVERSED and gap_before and not gap_after else ("", True)
    kind = EITHER[word]
    if not gap_before or gap_after:
        for closed in _CLOSED_BY_STRAIGHT if kind == "straight" else (kind,):
            if open_counts.get(closed):
                return closed, True
    if gap_after or (kind == "apostrophe" and not gap_before):
        return "", False
    return kind, False


def _may_be_speech(words: list[str], quotation: _Quotation) -> bool:
    """Whether a quotation is long enough or punctuated like speech, and not capitalised like a title."""
    inner = [word for word in words[quotation.start + 1 : quotation.end - quotation.closed] if not word.isspace()]
    spoken = [word for word in inner if word[0].isalnum()]
    if not spoken:
        return False
    if _is_named_by(words, quotation.start) and len(spoken) <= _MIN_SPEECH_WORDS:
        return False
    if inner[-1] in _FINAL_MARKS:
        return inner[-1] != "," or len(spoken) > 1 or words[quotation.end : quotation.end + 1] != [","]
    if all(not word[0].islower() or word in _TITLE_LINKS for word in spoken):
        return False
    return len(spoken) >= _MIN_SPEECH_WORDS


def _is_named_by(words: list[str], start: int) -> bool:
    """Whether the words before a quotation say that a name follows: "nicknamed “Slim”"."""
    before = tuple(word.lower() for word in words[max(0, start - 2) : start])
    return bool(before) and (before[-1] in _NAMING_WORDS or before in _NAMING_PHRASES)
