"""The tokenizer ``stancewire_tokenizer``: one regular expression, linear in the text.

spaCy's own tokenizer strips the punctuation around a word one mark at a time and copies the rest each time: 20 000 quotation
marks in a row take it half a minute. This one also keeps together what the rules treat as one token: hyphenated names,
abbreviations and amounts.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import registry
from spacy.vocab import Vocab

from workers.english.lexicon import listed

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
