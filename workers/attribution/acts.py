"""Component ``stancewire_acts``: the act that each attribution performs.

The words of the cue decide, together with what modifies them ("did not deny"), a negative subject ("nobody
accused") and whether the act took place at all ("if he rejects it", "did she praise it?"). For some verbs the
content decides too: a plain "said" that something should be done is a demand. ``docs/results.md`` has the rules
in words. An act that negation cancels becomes ``assert``: it is reported, and that is all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from spacy.language import Language
from spacy.tokens import Doc

from services.contracts import Act
from workers.attribution.act_contents import act_from_content
from workers.doc.records import AttributionRecord, CueRecord
from workers.doc.tokens import Tokens
from workers.english import lexicon
from workers.english.lexicon import word_set
from workers.english.negation import (
    ActModifier,
    is_negated,
    is_negative_subject,
    match_modifier,
    modified_act,
    modifiers_start,
    refused_act,
)
from workers.english.phrases import (
    AUXILIARIES,
    DETERMINERS,
    NEGATIONS,
    POSSESSIVES,
    PREPOSITIONS,
    is_adverb,
    is_phrase_boundary,
)

if TYPE_CHECKING:
    from workers.english.lexicon import CueForm

# They do not say that the content is untrue.
_BELITTLING: Final = frozenset({"play down", "downplay"})
_CONDITIONALS: Final = word_set("if unless whether lest")
# The verb after these and "to" gives the act: "continued to deny", "wants to thank".
_CATENATIVE_VERBS: Final = word_set("continue want plan intend")
# From a verb to the noun that gives the act: "announced | his full and unreserved | support".
MAX_NOUN_DISTANCE: Final = 5
# At the end of a sentence: a question mark, a quotation mark, white space.
MAX_FINAL_MARKS: Final = 4


class _ActReading(NamedTuple):
    """The act of a cue, the lemma of the words that give it, and the verb among them as written, empty for a noun.

    ``is_refused`` tells whether the act was refused, and ``refused`` is that act, if there is one.
    """

    act: Act
    lemma: str
    verb: str
    refused: Act | None = None
    is_refused: bool = False


@Language.factory("stancewire_acts")
class Acts:
    """Sets the act of every attribution.

    Reads ``source``, ``cue`` and ``content`` of ``doc._.attributions``; writes their ``act``, ``act_modified`` and
    ``negated``.
    """

    def __init__(self, nlp: Language, name: str) -> None:
        """Load the lexicon, once per process."""
        del nlp, name
        self.verbs = lexicon.act_forms()
        self.nouns = lexicon.act_nouns()

    def __call__(self, doc: Doc) -> Doc:
        """Set ``act``, ``act_modified`` and ``negated`` of ``doc._.attributions``."""
        tokens = Tokens.of(doc)
        for attribution in doc._.attributions:
            unmodified, attribution.act = self._acts_of(tokens, attribution)
            attribution.act_modified = unmodified is not attribution.act
        return doc

    def _acts_of(self, tokens: Tokens, attribution: AttributionRecord) -> tuple[Act, Act]:
        """Return the act without the words that modify it, and the actual act."""
        cue, source = attribution.cue, attribution.source
        if cue is None or cue.form in {"layout", "according"}:
            act = act_from_content(tokens, attribution, Act.ASSERT, ":")
            return act, act
        reading, modifiers = self._read_cue(tokens, cue, source.end if source and source.end <= cue.span.start else 0)
        if source and is_negative_subject(tokens.lower[source.start : source.end]):
            modifiers.insert(0, ActModifier.NOT)
        unmodified = act_from_content(tokens, attribution, reading.act, reading.lemma)
        is_denial = (reading.refused or unmodified) is Act.DENY and reading.lemma not in _BELITTLING
        attribution.negated = (is_negated(modifiers) != reading.is_refused) != is_denial
        act = modified_act(unmodified, modifiers, reading.verb) if _took_place(tokens, attribution) else Act.ASSERT
        return reading.refused or unmodified, act

    def _read_cue(self, tokens: Tokens, cue: CueRecord, source_end: int) -> tuple[_ActReading, list[ActModifier]]:
        """Return the act of the cue's words and the modifiers before it, the nearest last.

        ``source_end`` is the end of a source before the cue, or 0; modifiers are looked for after it.
        """
        sentence_end = tokens.sentence_end[cue.span.end - 1]
        i = cue_start = modifiers_start(tokens, cue.span.start, max(tokens.sentence_start[cue.span.start], source_end))
        modifiers: list[ActModifier] = []
        while i < cue.span.end:
            match = match_modifier(tokens, i, sentence_end)
            if match and match.modifier is ActModifier.REFUSE and match.end > i + 1:  # its verb is refused
                verb = next((k for k in range(match.end, sentence_end) if not is_adverb(tokens.lower[k])), sentence_end)
                reading = self._act_at(tokens, verb, verb)
                is_declined = tokens.lower[i].startswith("declin")
                act = refused_act(reading.act if reading else None, tokens.at(verb), declined=is_declined)
                refused = reading.act if reading else None
                return _ActReading(act, reading.lemma if reading else "refuse", "", refused, is_refused=True), modifiers
            if match:
                modifiers.append(match.modifier)
                i = match.end
                continue
            reading = self._act_at(tokens, i, cue_start)
            if reading:
                return self._look_ahead(tokens, i, cue.span.end, sentence_end, reading), modifiers
            i += 1
        following = (
            self._act_at(tokens, i, cue_start) if modifiers and i < sentence_end else None
        )  # "failed | to praise the builders"
        return following or _ActReading(cue.act, cue.lemma, tokens.lower[cue.verb]), modifiers

    def _act_at(self, tokens: Tokens, i: int, cue_start: int) -> _ActReading | None:
        """Return the act of the word or words at token ``i``, or None, in a cue that starts at ``cue_start``."""
        word = tokens.at(i)
        noun = self.nouns.get(word)
        entries: tuple[CueForm, ...] = self.verbs.get(word, ())
        if noun and (not entries or self._is_noun(tokens, i, cue_start)):
            return _ActReading(noun, word, "")
        for entry in entries:
            if tuple(tokens.lower[i + 1 : i + 1 + len(entry.rest)]) == entry.rest:
                return _ActReading(entry.act, entry.lemma, word)
        return None

    @staticmethod
    def _is_noun(tokens: Tokens, i: int, cue_start: int) -> bool:
        """Return whether a word that may be a noun or a verb is a noun, by the word before it."""
        k = i - 1
        while k >= cue_start and is_adverb(tokens.lower[k]):
            k -= 1
        before = tokens.at(k)
        if before in DETERMINERS or before in POSSESSIVES:
            return True
        return k >= cue_start and before not in AUXILIARIES | NEGATIONS | {"to", "and", "or", "but", "cannot"}

    def _look_ahead(self, tokens: Tokens, i: int, end: int, sentence_end: int, reading: _ActReading) -> _ActReading:
        """Look past a light verb to the word that gives the act: "announced his support for", "continued to deny"."""
        k = i + 1 + reading.lemma.count(" ")
        if reading.lemma in _CATENATIVE_VERBS and tokens.at(k) == "to" and k + 1 < sentence_end:
            return self._act_at(tokens, k + 1, k + 1) or reading
        if reading.act is not Act.ASSERT or not reading.verb:
            return reading
        for position in range(k, min(end, k + MAX_NOUN_DISTANCE)):
            word = tokens.lower[position]
            if word in PREPOSITIONS or word in {"to", "that"} or is_phrase_boundary(word):
                break
            if word in self.nouns:
                return _ActReading(self.nouns[word], word, "")
        return reading


def _took_place(tokens: Tokens, attribution: AttributionRecord) -> bool:
    """Return whether the act took place: it is neither a condition ("if he rejects it") nor asked about."""
    cue, source = attribution.cue, attribution.source
    if cue is None:
        return True
    start = min(cue.span.start, source.start) if source else cue.span.start
    before = tokens.at(start - 1) if start > tokens.sentence_start[start] else ""
    if before in _CONDITIONALS:
        return False
    end = tokens.sentence_end[start]
    return not (
        source is not None and before in AUXILIARIES and "?" in tokens.words[max(start, end - MAX_FINAL_MARKS) : end]
    )
