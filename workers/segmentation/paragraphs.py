"""Component ``stancewire_paragraphs``: paragraphs, and the lines that are not part of the story.

The text is not changed. Boilerplate is marked so that later components do not take it for speech. Of a line with a
dateline ("GENEVA, 3 May (AP) -") or a time stamp ("16.55 Police say ...") only that is marked. In a transcript, a
name in capitals before a colon is not a dateline.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

from spacy.language import Language
from spacy.tokens import Doc

from workers.doc import records  # noqa: F401  # declares the extensions
from workers.doc.tokens import Offsets

# A line that begins like this is boilerplate, unless it is longer: a sentence of the story may begin with "See also".
_MAX_BOILERPLATE_LENGTH: Final = 120
_BOILERPLATE: Final = re.compile(
    r"(?:read|see|watch|listen|learn|find out)\s+(?:more|also|next|the full|our)\b(?!\s+(?:than|people))"
    r"|(?:also|now)\s+(?:read|watch|see)\b|related(?:\s+(?:stor|article|link|content|news|topic|post)\w*"
    r"|:|$)|more\s+(?:on this|from|stories|news)\b"
    r"|(?:click|tap)\s+(?:here|to)\b|(?:sign up|subscribe|log in|register)\s+(?:for|to|now|here)\b"
    r"|(?:sign up|subscribe)$"
    r"|follow\s+(?:us|@|him on|her on)\b|share\s+(?:this|on|via|the)\b|(?:share|tweet|e-?mail|print"
    r"|comments?|advertisement|sponsored|facebook"
    r"|twitter|whatsapp|telegram|linkedin|copy link|abstract|full text)[\s.:]*$"
    r"|(?:photo|image|picture|file photo|photograph|video|graphic|illustration)s?\s*(?:credit|by|courtesy|:|/|©)"
    r"|(?:©|\(c\)|copyright\b|all rights reserved)|(?:load|show|view)\s+(?:more|comments)\b|skip to\b|back to top\b"
    r"|(?:this (?:article|story) (?:was|first|originally)|originally published|first published"
    r"|last (?:updated|modified)|updated(?::| on| at)"
    r"|published(?::| on| at)|posted(?::| on| at))"
    r"|(?:reporting|editing|additional reporting|writing|compiled|translated) by\b|https?://\S+$"
    r"|\[?email (?:protected|address)",
    re.IGNORECASE,
)
_MAX_BYLINE_WORDS: Final = 10
# A dateline up to its dash. It must contain a place in capitals or an agency in brackets.
_DATELINE: Final = re.compile(
    r"(?:[A-Z][\w.'’-]*(?:[,/ ]{1,2}|(?=[:–—]))){0,6}"
    r"(?:\d{1,2}\s+\w+\.?,?\s*|\w+\.?\s+\d{1,2},?\s*)?(?:\d{4}\s*)?(?:\([\w .,/-]{2,40}\))?\s?(?:-{1,2}|[–—:])\s"
)
_PLACE_OR_AGENCY: Final = re.compile(r"[A-Z]{3,}|\([\w .,/-]{2,40}\)")
_MAX_DATELINE_LENGTH: Final = 100
# The time of an entry in a live blog or a transcript, at the start of a line or alone on it.
_TIME_STAMP: Final = re.compile(
    r"[\[(]?(?:[01]?\d|2[0-3])[.:h][0-5]\d(?:[.:][0-5]\d)?[\])]?(?: ?[ap]\.?m\.?)?(?: (?:[A-Z]{2,4}T|UTC|Z|ET|PT))?"
    r"[\])]?\s?(?:[-–—:|]\s?)?(?=[A-Z“‘\"'«•*-]|$)"
)
_WRITER: Final = re.compile(
    r"(?:by |from )?(?:our |a )?(?:[\w.'’-]+ ){0,4}(?:correspondents?|reporters?|news desk|web desk|bureau)"
    r"(?:,? in [\w ]{2,30})?$|(?:news )?agencies$",
    re.IGNORECASE,
)
_MAX_WRITER_WORDS: Final = 6
_MAX_HEADLINE_LENGTH: Final = 90
_LINES: Final = re.compile(r"[^\r\n]+")
_MIN_WRAPPED_LINES: Final = 5
_WRAPPED_LENGTH: Final = (45, 100)  # characters of a wrapped line
_MIN_WRAPPED_SHARE: Final = 0.6


def is_boilerplate(line: str) -> bool:
    """Whether ``line`` is a button, credit, byline or link text rather than part of the story."""
    return 0 < len(line) <= _MAX_BOILERPLATE_LENGTH and (
        bool(_BOILERPLATE.match(line)) or _is_byline(line) or _is_writer(line) or time_stamp_length(line) == len(line)
    )


def _is_byline(line: str) -> bool:
    """Whether ``line`` is "By" followed by names."""
    words = line.replace("|", " ").replace(",", " ").split()
    names = words[1:]
    return (
        bool(names)
        and words[0].lower() in {"by", "by:"}
        and len(names) <= _MAX_BYLINE_WORDS
        and all(
            name[0].isupper() or name in {"and", "&", "in", "for", "de", "van", "von", "bin", "al"} for name in names
        )
    )


def _is_writer(line: str) -> bool:
    """Whether ``line`` is who wrote the article, without "By": "SPECIAL CORRESPONDENT", "Jane Doe, reporter"."""
    words = line.replace(",", "").split()
    return (
        len(words) <= _MAX_WRITER_WORDS
        and bool(_WRITER.match(" ".join(words)))
        and (line.isupper() or len(words) <= 2 or all(word[0].isupper() for word in words[:2]))  # noqa: PLR2004  # a name
    )


def time_stamp_length(line: str) -> int:
    """Return the number of characters of the time stamp at the start of ``line``; 0 if it has none."""
    match = _TIME_STAMP.match(line)
    return match.end() if match else 0


def dateline_length(line: str) -> int:
    """Return the number of characters of the dateline at the start of ``line``; 0 if it has none."""
    match = _DATELINE.match(line[:_MAX_DATELINE_LENGTH])
    return match.end() if match and _PLACE_OR_AGENCY.search(match[0]) else 0


@Language.factory("stancewire_paragraphs")
class Paragraphs:
    """Marks paragraphs and boilerplate.

    Reads: the text. Writes: ``doc.spans["paragraphs"]`` and ``doc.spans["boilerplate"]``.
    """

    def __init__(self, nlp: Language, name: str) -> None:
        """Accept the arguments of spaCy factories; the component has no settings."""
        del nlp, name

    def __call__(self, doc: Doc) -> Doc:
        """Set both span groups. Every line that is not blank is a paragraph or part of one."""
        offsets = Offsets(doc)
        paragraphs, boilerplate = [], []
        text = doc.text
        wrapped = is_hard_wrapped(text)
        labels = sum(_is_capital_label(match[0].strip()) for match in _LINES.finditer(text))
        paragraph_start = paragraph_end = -1
        for match in _LINES.finditer(text):
            line = match[0].strip()
            if not line:
                continue
            start = match.start() + len(match[0]) - len(match[0].lstrip())
            end = start + len(line)
            if paragraph_start >= 0 and wrapped and text[paragraph_end:start].count("\n") <= 1:
                paragraph_end = end
                continue
            if paragraph_start >= 0:
                paragraphs.append(offsets.span(paragraph_start, paragraph_end))
            paragraph_start, paragraph_end = start, end
            is_headline = not paragraphs and len(line) < _MAX_HEADLINE_LENGTH
            if is_boilerplate(line):
                boilerplate.append(offsets.span(start, end))
            elif length := time_stamp_length(line) or (
                0 if _is_capital_label(line) and (labels > 1 or is_headline) else dateline_length(line)
            ):
                boilerplate.append(offsets.span(start, start + length))
        if paragraph_start >= 0:
            paragraphs.append(offsets.span(paragraph_start, paragraph_end))
        doc.spans["paragraphs"] = [doc[start:end] for start, end in paragraphs]
        doc.spans["boilerplate"] = [doc[start:end] for start, end in boilerplate]
        return doc


def _is_capital_label(line: str) -> bool:
    """Whether a colon ends the dateline of ``line``, which may as well be the name of a speaker."""
    length = dateline_length(line)
    return length > 0 and line[:length].rstrip().endswith(":")


def is_hard_wrapped(text: str) -> bool:
    """Whether single line breaks only wrap the text.

    This is so if most lines before a single break have a typical length and end in the middle of a sentence.
    """
    lines = [line.strip() for line in text.split("\n")]
    before_break = [line for line, after in pairwise(lines) if line and after]
    wrapped = sum(
        _WRAPPED_LENGTH[0] <= len(line) <= _WRAPPED_LENGTH[1] and line[-1] not in ".!?:”\"'’)" for line in before_break
    )
    return len(before_break) >= _MIN_WRAPPED_LINES and wrapped >= _MIN_WRAPPED_SHARE * len(before_break)
