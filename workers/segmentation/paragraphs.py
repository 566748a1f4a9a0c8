"""Stage ``stancewire_paragraphs``: the lines of the text, and which of them are no part of the story.

Writes ``doc.spans["paragraphs"]`` and ``doc.spans["boilerplate"]``. The text itself stays as it is: what is
boilerplate is marked, so that no later stage takes it for speech. A dateline ("GENEVA, 3 May (AP) -") is marked
alone, the sentence after it stays.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

from spacy.language import Language
from spacy.tokens import Doc

from workers.doc import records  # noqa: F401  # declares the extensions
from workers.doc.tokens import Offsets

# A line is boilerplate if it begins so and is no longer than LINE: a story's sentence may well begin with "See also".
LINE: Final = 120
_LINE: Final = re.compile(
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
    r"|(?:reporting|editing|additional reporting|writing|compiled|translated) by\b|https?://\S+$|\[?email (?:protected|address)",
    re.IGNORECASE,
)
BYLINE_WORDS: Final = 10
# At most 60 characters may precede the dash, and one of them must be a place in capitals or an agency in brackets.
_DATELINE: Final = re.compile(
    r"(?:[A-Z][\w.'’-]*[,/ ]{1,2}){0,6}"
    r"(?:\d{1,2}\s+\w+\.?,?\s*|\w+\.?\s+\d{1,2},?\s*)?(?:\d{4}\s*)?(?:\([\w .,/-]{2,40}\))?\s?(?:-{1,2}|[–—:])\s"
)
_CAPITALS: Final = re.compile(r"[A-Z]{3,}|\([\w .,/-]{2,40}\)")
_LINES: Final = re.compile(r"[^\r\n]+")


def is_boilerplate(line: str) -> bool:
    """Whether a line is a button, credit, byline or pointer rather than part of the story."""
    return 0 < len(line) <= LINE and (bool(_LINE.match(line)) or _is_byline(line))


def _is_byline(line: str) -> bool:
    """Whether the line is "By" and names."""
    words = line.replace("|", " ").replace(",", " ").split()
    names = words[1:]
    return (
        bool(names)
        and words[0].lower() in {"by", "by:"}
        and len(names) <= BYLINE_WORDS
        and all(
            name[0].isupper() or name in {"and", "&", "in", "for", "de", "van", "von", "bin", "al"} for name in names
        )
    )


def dateline(line: str) -> int:
    """How many characters at the start of ``line`` are its dateline; 0 if it has none."""
    found = _DATELINE.match(line[:100])
    return found.end() if found and _CAPITALS.search(found[0]) else 0


@Language.factory("stancewire_paragraphs")
class Paragraphs:
    """Marks paragraphs and boilerplate."""

    def __init__(self, nlp: Language, name: str) -> None:
        """Take what spaCy hands to every factory; there is nothing to set."""
        del nlp, name

    def __call__(self, doc: Doc) -> Doc:
        """Write both span groups; every line that holds more than white space is a paragraph or part of one."""
        offsets = Offsets(doc)
        paragraphs, boilerplate = [], []
        text = doc.text
        wrapped = hard_wrapped(text)
        begun = -1
        ended = -1
        for match in _LINES.finditer(text):
            line = match[0].strip()
            if not line:
                continue
            start = match.start() + len(match[0]) - len(match[0].lstrip())
            end = start + len(line)
            if begun >= 0 and wrapped and "\n" not in text[ended:start].replace("\r", "").replace("\n", "", 1):
                ended = end
                continue
            if begun >= 0:
                paragraphs.append(offsets.span(begun, ended))
            begun, ended = start, end
            if is_boilerplate(line):
                boilerplate.append(offsets.span(start, end))
            elif length := dateline(line):
                boilerplate.append(offsets.span(start, start + length))
        if begun >= 0:
            paragraphs.append(offsets.span(begun, ended))
        doc.spans["paragraphs"] = [doc[a:b] for a, b in paragraphs]
        doc.spans["boilerplate"] = [doc[a:b] for a, b in boilerplate]
        return doc


WRAPPED_LINES: Final = 5
WRAPPED_LENGTH: Final = (45, 100)
WRAPPED_SHARE: Final = 0.6


def hard_wrapped(text: str) -> bool:
    """Whether single line breaks only wrap the text: most lines that one ends stop in mid-sentence at a like length."""
    lines = [line.strip() for line in text.split("\n")]
    broken = [line for line, after in pairwise(lines) if line and after]
    stopped = sum(
        WRAPPED_LENGTH[0] <= len(line) <= WRAPPED_LENGTH[1] and line[-1] not in ".!?:”\"'’)" for line in broken
    )
    return len(broken) >= WRAPPED_LINES and stopped >= WRAPPED_SHARE * len(broken)
