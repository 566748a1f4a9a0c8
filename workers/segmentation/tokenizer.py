"""The tokenizer ``stancewire_tokenizer``: one regular expression, linear in the length of the text.

spaCy's own tokenizer strips the punctuation around a word one mark at a time and copies the rest each time, so 20 000
quotation marks in a row take half a minute. This tokenizer also keeps hyphenated names, abbreviations and amounts
together, which the rules treat as one token.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import registry
from spacy.vocab import Vocab

from workers.english.lexicon import word_set

_ABBREVIATIONS: Final = word_set(
    "Mr Mrs Ms Dr Prof Sen Sens Rep Reps Gov Govs Gen Lt Col Capt Sgt Maj Adm Hon Rev St Jr Sr Pres Amb Atty "
    "Insp Supt Cmdr Brig Messrs Mt Ft vs Inc Ltd Corp Bros Jan Feb Apr Aug Sept Sep Oct Nov Dec approx est "
    "Ala Ariz Calif Colo Conn Fla Ga Ill Ind Kan Ky La Mass Md Mich Minn Miss Mo Mont Neb Nev Okla Ore Pa "
    "Tenn Tex Va Vt Wash Wis Wyo"
)
# Clitics are tokens of their own: "she'll" is a source and the beginning of a cue.
_CLITIC: Final = r"(?:[sS]|ll|ve|re|d|m)"
_TOKEN: Final = re.compile(
    r"(\s+"
    r"|(?:" + "|".join(sorted(_ABBREVIATIONS)) + r")\.(?!\w)"
    r"|(?:[^\W\d_]\.){2,}|[A-Z]\.(?=\s[A-Z])|No\.(?=\s?\d)|[ap]\.m\.|[ei]\.[eg]\."
    r"|\d+(?:[.,:]\d+)+"
    # "Moscow-based" and "ex-Soviet" are split, as they contain a name; "Jean-Paul" and "al-Assad" are names.
    r"|(?:ex|mid|inter|intra|anti|pro|non|post|pre|pan|trans|zero|late|then)(?=-[A-Z\d])"
    r"|[A-Z]\w+(?:-[A-Z]\w*)*(?=-[a-z])"
    r"|\w+(?:-\w+|['’](?!" + _CLITIC + r"\b)\w+)*"
    r"|['’]" + _CLITIC + r"\b|''|``|\.{3}|--+"
    r"|\S)( ?)"
)


class RegexTokenizer:
    """A spaCy tokenizer that preserves every character: ``Doc.text`` equals the input for any text."""

    def __init__(self, vocab: Vocab) -> None:
        """Create a tokenizer whose documents share ``vocab``."""
        self.vocab = vocab

    def __call__(self, text: str) -> Doc:
        """Tokenize ``text``. Time and memory are linear in its length."""
        matches = _TOKEN.findall(text)
        return Doc(self.vocab, words=[word for word, _ in matches], spaces=[bool(space) for _, space in matches])

    def to_bytes(self, **_: object) -> bytes:
        """Return the tokenizer's state, which is empty."""
        return b""

    def from_bytes(self, _data: bytes, **_: object) -> RegexTokenizer:
        """Return the tokenizer itself, as it has no state to restore."""
        return self


@registry.tokenizers("stancewire_tokenizer")  # type: ignore[untyped-decorator]  # the decorators of catalogue are untyped
def make_tokenizer() -> Callable[[Language], RegexTokenizer]:
    """Return spaCy's factory of the tokenizer."""
    return lambda nlp: RegexTokenizer(nlp.vocab)
