"""Component ``stancewire_cues``: the verbs that attribute, each with its lemma, act and frames.

Writes ``doc._.cues``.

A cue counts only where it is used as a verb: not after an article ("the claims"), in the passive ("was accused"),
negated ("did not say") or capitalised as part of a name ("the Washington Post").
"""

from __future__ import annotations

from typing import Final

from spacy.language import Language
from spacy.tokens import Doc

from services.contracts import Act
from workers.doc.records import CueRecord, TokenSpan
from workers.doc.tokens import Tokens
from workers.english import lexicon
from workers.english.lexicon import word_set
from workers.english.phrases import BE, DETERMINERS, HAVE, MODALS, NEGATIONS, PREPOSITIONS, is_adverb, verb_group_start

# Forms that are mostly nouns, adjectives or adverbs; they count only before one of the words below.
_MOSTLY_OTHER: Final = word_set(
    "back see saw seen reason state found cheer post posts show shows hold held holds need needs order orders "
    "charge charges contest honor honour fault faults rap question questions support supports attack attacks "
    "plan plans favor favour brief know known reference want feel cry answer answers report reports discuss "
    "finding findings feeling feelings meaning understanding thinking request requests offer offers hope "
    "hopes estimate estimates forecast comment comments fear fears"
)
_CONTENT_OPENERS: Final = frozenset(
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
_MANNER_PHRASES: Final = (
    ("in", "a", "statement"),
    ("in", "an", "interview"),
    ("in", "a", "tweet"),
    ("in", "a", "post"),
    ("in", "a", "speech"),
    ("on", "twitter"),
)


@Language.factory("stancewire_cues")
class Cues:
    """Finds cues with the lexicon.

    Reads the tokens and sentences of the document; writes ``doc._.cues``.
    """

    def __init__(self, nlp: Language, name: str) -> None:
        """Load the lexicon, once per process."""
        del nlp, name
        self.forms = lexicon.cue_forms()

    def __call__(self, doc: Doc) -> Doc:
        """Set ``doc._.cues``, in text order and without overlaps."""
        tokens = Tokens.of(doc)
        cues: list[CueRecord] = []
        next_free = 0
        for i, word in enumerate(tokens.words):
            if i < next_free:
                continue
            cue = self._according_to(tokens, i) or self._verb_cue(tokens, i, word)
            if cue:
                cues.append(cue)
                next_free = cue.span.end
        doc._.cues = cues
        return doc

    def _according_to(self, tokens: Tokens, i: int) -> CueRecord | None:
        """Return the cue "according to" at token ``i``, or None."""
        if tokens.lower[i] == "according" and tokens.at(i + 1) == "to":
            return CueRecord(TokenSpan(i, i + 2), i, i + 2, "according to", Act.ASSERT, "", "according")
        return None

    def _verb_cue(self, tokens: Tokens, i: int, word: str) -> CueRecord | None:
        """Return the verb cue at token ``i``, with auxiliaries and a phrase of manner ("in a statement"), or None."""
        entries = self.forms.get("says" if word == "Says" else word)  # headlines
        if entries is None:
            return None
        for entry in entries:
            end = i + 1 + len(entry.rest)
            if entry.rest and tuple(tokens.lower[i + 1 : end]) != entry.rest:
                continue
            start = verb_group_start(tokens, i)
            if not _stands_as_verb(tokens, start, i, entry, end):
                return None
            for manner in _MANNER_PHRASES:
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


def _stands_as_verb(tokens: Tokens, start: int, i: int, entry: lexicon.CueForm, end: int) -> bool:
    """Return whether the form at ``i`` is used as an active verb that is not negated.

    Its auxiliaries and adverbs start at ``start``; ``end`` is the token after the form.
    """
    group = tokens.lower[start:i]
    preceding = tokens.at(start - 1) if start > tokens.sentence_start[i] else ""
    if any(word in NEGATIONS for word in group):
        return False
    if preceding in DETERMINERS or preceding in {"'s", "’s"} or preceding in PREPOSITIONS:
        return False
    auxiliary = next((word for word in reversed(group) if not is_adverb(word)), "")
    if entry.tense == "past":
        return auxiliary not in BE and auxiliary not in MODALS and (tokens.at(end) != "by" or entry.lemma == "say")
    if entry.tense == "ing":
        return auxiliary in BE or (
            (not group or auxiliary in {"", "having"})
            and preceding in {",", "and", "but", "while", "by", ";", "—", "–", ""}
        )
    if (
        tokens.lower[i] in _MOSTLY_OTHER
        and not entry.rest
        and auxiliary not in MODALS
        and tokens.at(end) not in _CONTENT_OPENERS
    ):
        return False
    return auxiliary not in HAVE and auxiliary not in BE
