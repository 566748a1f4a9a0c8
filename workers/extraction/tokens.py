"""Text to tokens in one pass of one expression, and the plain view of a ``Doc`` that the rules read.

spaCy's own tokenizer strips the marks around a word one at a time, each time copying the rest: 20 000 quotation
marks in a row cost it half a minute. This one is linear in the text and keeps whole what the rules want whole:
names with hyphens, abbreviations, amounts.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import registry
from spacy.vocab import Vocab

from workers.extraction.lexicon import listed

ABBREVIATIONS: Final = listed(
    "Mr Mrs Ms Dr Prof Sen Sens Rep Reps Gov Govs Gen Lt Col Capt Sgt Maj Adm Hon Rev St Jr Sr Pres Amb Atty "
    "Insp Supt Cmdr Brig Messrs Mt Ft vs Inc Ltd Corp Bros Jan Feb Apr Aug Sept Sep Oct Nov Dec approx est "
    "Ala Ariz Calif Colo Conn Fla Ga Ill Ind Kan Ky La Mass Md Mich Minn Miss Mo Mont Neb Nev Okla Ore Pa "
    "Tenn Tex Va Vt Wash Wis Wyo"
)
# What is written onto a subject: "she'll" is a source and the beginning of a cue.
_CLITIC: Final = r"(?:[sS]|ll|ve|re|d|m)"
_TOKEN: Final = re.compile(
    r"(\s+"
    r"|(?:" + "|".join(sorted(ABBREVIATIONS)) + r")\.(?!\w)"
    r"|(?:[^\W\d_]\.){2,}|[A-Z]\.(?=\s[A-Z])|No\.(?=\s?\d)|[ap]\.m\.|[ei]\.[eg]\."
    r"|\d+(?:[.,:]\d+)+"
    # "Moscow-based" and "ex-Soviet" hold a name and more; "Jean-Paul" and "al-Assad" are names.
    r"|(?:ex|mid|inter|intra|anti|pro|non|post|pre|pan|trans|zero|late|then)(?=-[A-Z\d])"
    r"|[A-Z]\w+(?:-[A-Z]\w*)*(?=-[a-z])"
    r"|\w+(?:-\w+|['’](?!" + _CLITIC + r"\b)\w+)*"
    r"|['’]" + _CLITIC + r"\b|''|``|\.{3}|--+"
    r"|\S)( ?)"
)


class RegexTokenizer:
    """A spaCy tokenizer: ``Doc.text`` equals the text given, character by character, for any text."""

    def __init__(self, vocab: Vocab) -> None:
        """Make documents of ``vocab``."""
        self.vocab = vocab

    def __call__(self, text: str) -> Doc:
        """Tokenize; time and memory are linear in ``text``."""
        found = _TOKEN.findall(text)
        return Doc(self.vocab, words=[word for word, _ in found], spaces=[bool(space) for _, space in found])

    def to_bytes(self, **_: object) -> bytes:
        """Nothing to keep: the tokenizer has no state."""
        return b""

    def from_bytes(self, _data: bytes, **_: object) -> RegexTokenizer:
        """Nothing to restore."""
        return self


@registry.tokenizers("stancewire_tokenizer")  # type: ignore[untyped-decorator]  # catalogue's decorators are untyped
def make_tokenizer() -> Callable[[Language], RegexTokenizer]:
    """Make the tokenizer under its registered name."""
    return lambda nlp: RegexTokenizer(nlp.vocab)


@dataclass(frozen=True, slots=True)
class Tokens:
    """The words of a document as Python strings, with what the rules ask of them again and again.

    ``first`` and ``last`` give, for each token, the first token of its sentence and the one after its last.
    """

    words: list[str]
    lower: list[str]
    first: list[int]
    last: list[int]

    @classmethod
    def of(cls, doc: Doc) -> Tokens:
        """Read the words of ``doc`` and its sentence starts; a document without sentences is one sentence."""
        words = [token.text for token in doc]
        starts = [i for i, token in enumerate(doc) if token.is_sent_start or i == 0]
        first: list[int] = []
        last: list[int] = []
        for start, end in pairwise([*starts, len(words)]):
            first += [start] * (end - start)
            last += [end] * (end - start)
        return cls(words, [word.lower() for word in words], first, last)

    def __len__(self) -> int:
        """Count the tokens."""
        return len(self.words)

    def at(self, i: int) -> str:
        """Return token ``i`` in lower case, or nothing outside the text."""
        return self.lower[i] if 0 <= i < len(self.lower) else ""


class Offsets:
    """From character offsets to tokens of one document."""

    def __init__(self, doc: Doc) -> None:
        """Read the token offsets of ``doc`` once."""
        self.starts = [token.idx for token in doc]

    def token(self, char: int) -> int:
        """Return the token that covers the character at ``char``, or the space before the next token."""
        return max(0, bisect_right(self.starts, char) - 1)

    def stretch(self, start: int, end: int) -> tuple[int, int]:
        """Return the tokens that cover characters ``start`` to ``end``, end exclusive."""
        return self.token(start), self.token(end - 1) + 1
