"""Repairs mojibake: text that was decoded as Windows-1252 or Latin-1 although it was UTF-8.

ftfy decides, on short pieces: what is right in a text stays as it is, and so does what ftfy is not sure of.
"""

from __future__ import annotations

import re
from typing import Final

# Characters that UTF-8's lead bytes become, before those that its other bytes become; and C1 controls, which nobody
# writes. U+0085 alone is a line break.
_SUSPICIOUS: Final = re.compile(
    "[\u00c2-\u00f4][\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc"
    "\u2013\u2014\u2018-\u201a\u201c-\u201e\u2020-\u2022\u2026\u2030\u2039\u203a\u20ac\u2122]|[\u0080-\u0084\u0086-\u009f]"
)
_PIECE: Final = re.compile(r".{1,1000}\S{0,100}\s?", re.DOTALL)
# A closing quotation mark whose last byte, a control character in Windows-1252, was lost on the way.
_CUT_QUOTATION_MARK: Final = re.compile("\u00e2\u20ac(?=[ \n.,;:!?)]|$)")
_QUOTATION_MARK: Final = "\u00e2\u20ac\u009d"
# ftfy takes ten seconds for a million characters of mojibake, more than an article may take.
_MAX_CHARS: Final = 100_000


def repair_encoding(text: str) -> str:
    """Return ``text`` with its mojibake repaired, in the first 100 000 characters of the pieces that have some."""
    if _SUSPICIOUS.search(text) is None:
        return text
    from ftfy import fix_encoding
    from ftfy.fixes import fix_c1_controls

    pieces: list[str] = []
    budget = _MAX_CHARS
    for piece in _PIECE.findall(text):
        if budget > 0 and _SUSPICIOUS.search(piece) is not None:
            budget -= len(piece)
            fixed = fix_encoding(_CUT_QUOTATION_MARK.sub(_QUOTATION_MARK, piece))
            without_controls = fix_c1_controls(fixed)
            # Text that was encoded twice, beside right text, shows as mojibake only now.
            pieces.append(fixed if without_controls == fixed else fix_encoding(without_controls))
        else:
            pieces.append(piece)
    return "".join(pieces)
