"""Stage ``stancewire_cues``: the words that attribute, each with its lemma, its act and how it may be built.

Writes ``doc._.cues``.

A cue is taken only where it stands as a verb: not after an article ("the claims"), not in the passive ("was
accused"), not denied ("did not say"), not in the capitals of a name ("the Washington Post").
"""

from __future__ import annotations

from typing import Final

from spacy.language import Language
from spacy.tokens import Doc

from services.contracts import Act
from workers.doc.records import CueRecord, TokenSpan
from workers.doc.tokens import Tokens
from workers.english import lexicon
from workers.english.lexicon import listed
from workers.english.phrases import BE, DETERMINERS, HAVE, MODALS, NEGATIONS, PREPOSITIONS, is_adverb, verb_group

# Forms that are mostly nouns, adjectives or adverbs where they stand alone; they count only in their other forms.
_NEVER: Final = listed(
    "back see saw seen reason state found cheer post posts show shows hold held holds need needs order orders "
    "charge charges contest honor honour fault faults rap question questions support supports attack attacks "
    "plan plans favor favour brief know known reference want feel cry answer answers report reports discuss "
    "finding findings feeling feelings meaning understanding thinking request requests offer offers hope "
    "hopes estimate estimates forecast comment comments fear fears"
)
_AMBIGUOUS_AFTER: Final = frozenset(
    {
        "that",
        "he",
        "she",
        "it",
        "they",
        "we",
        "there",
        "the",
        "a",
        "to",
        "his",
        "her",
        "its",
        "their",
        "“",
        '"',
        ":",
        "for",
        "on",
    }
)
_MANNER: Final = (
    ("in", "a", "statement"),
    ("in", "an", "interview"),
    ("in", "a", "tweet"),
    ("in", "a", "post"),
    ("in", "a", "speech"),
    ("on", "twitter"),
)


@Language.factory("stancewire_cues")
class Cues:
    """Finds cues."""

    def __init__(self, nlp: Language, name: str) -> None:
        """Read the lexicon, once a process."""
        del nlp, name
        self.forms = lexicon.cues()

    def __call__(self, doc: Doc) -> Doc:
        """Set ``doc._.cues``, in order, none overlapping."""
        tokens = Tokens.of(doc)
        found: list[CueRecord] = []
        free = 0
        for i, word in enumerate(tokens.words):
            if i < free:
                continue
            cue = self._according(tokens, i) or self._verb(tokens, i, word)
            if cue:
                found.append(cue)
                free = cue.span.end
        doc._.cues = found
        return doc

    def _according(self, tokens: Tokens, i: int) -> CueRecord | None:
        if tokens.lower[i] == "according" and tokens.at(i + 1) == "to":
            return CueRecord(TokenSpan(i, i + 2), i, i + 2, "according to", Act.ASSERT, "", "according")
        return None

    def _verb(self, tokens: Tokens, i: int, word: str) -> CueRecord | None:
        entries = self.forms.get("says" if word == "Says" else word)  # headlines
        if entries is None:
            return None
        for entry in entries:
            end = i + 1 + len(entry.rest)
            if entry.rest and tuple(tokens.lower[i + 1 : end]) != entry.rest:
                continue
            start = verb_group(tokens, i)
            if not _stands_as_verb(tokens, start, i, entry, end):
                return None
            for manner in _MANNER:
                if tuple(tokens.lower[end : end + len(manner)]) == manner:
                    return CueRecord(
                        TokenSpan(start, end + len(manner)),
                        i,
                        end + len(manner),
                        entry.lemma,
                        entry.act,
                        entry.frames,
                        entry.tense,
                    )
            return CueRecord(TokenSpan(start, end), i, end, entry.lemma, entry.act, entry.frames, entry.tense)
        return None


def _stands_as_verb(tokens: Tokens, start: int, i: int, entry: lexicon.Form, end: int) -> bool:
    """Whether the form at ``i``, with its auxiliaries from ``start``, is a verb that asserts something."""
    group = tokens.lower[start:i]
    before = tokens.at(start - 1) if start > tokens.first[i] else ""
    if any(word in NEGATIONS for word in group):
        return False
    if before in DETERMINERS or before in {"'s", "’s"} or before in PREPOSITIONS:
        return False
    helper = next((word for word in reversed(group) if not is_adverb(word)), "")
    if entry.tense == "past":
        return helper not in BE and helper not in MODALS and (tokens.at(end) != "by" or entry.lemma == "say")
    if entry.tense == "ing":
        return helper in BE or (
            (not group or helper in {"", "having"}) and before in {",", "and", "but", "while", "by", ";", "—", "–", ""}
        )
    if tokens.lower[i] in _NEVER and not entry.rest and helper not in MODALS and tokens.at(end) not in _AMBIGUOUS_AFTER:
        return False
    return helper not in HAVE and helper not in BE
