"""Stage ``stancewire_acts``: what is done by saying it.

The words of the cue decide, with what turns them ("did not deny"), whose they are ("nobody accused") and whether they
were said at all ("if he rejects it", "did she praise it?"); for some verbs what is said decides, too: a plain "said" that
something should be done is a demand. ``docs/results.md`` has the rules in words. What is turned into nothing is left as
``assert``: it is reported, and no more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from spacy.language import Language
from spacy.tokens import Doc

from services.contracts import Act
from workers.attribution.act_contents import by_content
from workers.doc.records import AttributionRecord, CueRecord
from workers.doc.tokens import Tokens
from workers.english import lexicon
from workers.english.lexicon import listed
from workers.english.negation import Turn, begins, is_nobody, refused, turn_at, turned
from workers.english.phrases import AUXILIARIES, DETERMINERS, NEGATIONS, POSSESSIVES, PREPOSITIONS, is_adverb, is_gap

if TYPE_CHECKING:
    from workers.english.lexicon import Form

_IF: Final = listed("if unless whether lest")
# After these, "to" and a verb, the verb is what is done: "continued to deny", "wants to thank".
_WILLING: Final = listed("continue want plan intend")
# How far a noun may stand from the verb before it: "announced | his full and unreserved | support".
_NOUN_WORDS: Final = 5
# How many marks may end a sentence: a question mark, a quotation mark, white space.
_MARKS: Final = 4


class _Done(NamedTuple):
    """What is done, the lemma of the words that do it, and the verb among them as it is written; nothing for a noun.

    ``refused`` is what was refused.
    """

    act: Act
    lemma: str
    verb: str
    refused: Act | None = None


@Language.factory("stancewire_acts")
class Acts:
    """Sets ``act`` and ``turned`` of every statement."""

    def __init__(self, nlp: Language, name: str) -> None:
        """Read the lexicon, once a process."""
        del nlp, name
        self.verbs = lexicon.acts()
        self.nouns = lexicon.act_nouns()

    def __call__(self, doc: Doc) -> Doc:
        """Read and complete ``doc._.attributions``."""
        tokens = Tokens.of(doc)
        for statement in doc._.attributions:
            bare, statement.act = self._of(tokens, statement)
            statement.turned = bare is not statement.act
        return doc

    def _of(self, tokens: Tokens, statement: AttributionRecord) -> tuple[Act, Act]:
        """Return what the statement would do if nothing turned it, and what it does."""
        cue, source = statement.cue, statement.source
        if cue is None or cue.form in {"layout", "according"}:
            act = by_content(tokens, statement, Act.ASSERT, ":")
            return act, act
        done, turns = self._read(tokens, cue, source.end if source and source.end <= cue.span.start else 0)
        if source and is_nobody(tokens.lower[source.start : source.end]):
            turns.insert(0, Turn.NOT)
        bare = by_content(tokens, statement, done.act, done.lemma)
        act = turned(bare, turns, done.verb) if _real(tokens, statement) else Act.ASSERT
        return done.refused or bare, act

    def _read(self, tokens: Tokens, cue: CueRecord, source_end: int) -> tuple[_Done, list[Turn]]:
        """Return what the cue's words do, and what turns it, the nearest last."""
        last = tokens.last[cue.span.end - 1]
        i = begin = begins(tokens, cue.span.start, max(tokens.first[cue.span.start], source_end))
        turns: list[Turn] = []
        while i < cue.span.end:
            found = turn_at(tokens, i, last)
            if found and found.turn is Turn.REFUSE and found.end > i + 1:  # the verb after it is what is refused
                verb = next((k for k in range(found.end, last) if not is_adverb(tokens.lower[k])), last)
                done = self._word(tokens, verb, verb)
                declined = tokens.lower[i].startswith("declin")
                act = refused(done.act if done else None, tokens.at(verb), declined=declined)
                return _Done(act, done.lemma if done else "refuse", "", done.act if done else None), turns
            if found:
                turns.append(found.turn)
                i = found.end
                continue
            done = self._word(tokens, i, begin)
            if done:
                return self._onward(tokens, i, cue.span.end, last, done), turns
            i += 1
        after = self._word(tokens, i, begin) if turns and i < last else None  # "failed | to praise the builders"
        return after or _Done(cue.act, cue.lemma, tokens.lower[cue.verb]), turns

    def _word(self, tokens: Tokens, i: int, begin: int) -> _Done | None:
        """Return what is done by the word, or the words, at ``i``, in a cue that begins at ``begin``."""
        word = tokens.at(i)
        noun = self.nouns.get(word)
        entries: tuple[Form, ...] = self.verbs.get(word, ())
        if noun and (not entries or self._as_noun(tokens, i, begin)):
            return _Done(noun, word, "")
        for entry in entries:
            if tuple(tokens.lower[i + 1 : i + 1 + len(entry.rest)]) == entry.rest:
                return _Done(entry.act, entry.lemma, word)
        return None

    @staticmethod
    def _as_noun(tokens: Tokens, i: int, begin: int) -> bool:
        """Whether a word that may be either is a noun: after an article, a genitive, or another word of its cue."""
        k = i - 1
        while k >= begin and is_adverb(tokens.lower[k]):
            k -= 1
        before = tokens.at(k)
        if before in DETERMINERS or before in POSSESSIVES:
            return True
        return k >= begin and before not in AUXILIARIES | NEGATIONS | {"to", "and", "or", "but", "cannot"}

    def _onward(self, tokens: Tokens, i: int, end: int, last: int, done: _Done) -> _Done:
        """Look past a word that does little itself: "announced his support for", "continued to deny"."""
        k = i + 1 + done.lemma.count(" ")
        if done.lemma in _WILLING and tokens.at(k) == "to" and k + 1 < last:
            return self._word(tokens, k + 1, k + 1) or done
        if done.act is not Act.ASSERT or not done.verb:
            return done
        for place in range(k, min(end, k + _NOUN_WORDS)):
            word = tokens.lower[place]
            if word in PREPOSITIONS or word in {"to", "that"} or is_gap(word):
                break
            if word in self.nouns:
                return _Done(self.nouns[word], word, "")
        return done


def _real(tokens: Tokens, statement: AttributionRecord) -> bool:
    """Whether the statement was made: it is no condition ("if he rejects it") and nobody asks whether it was."""
    cue, source = statement.cue, statement.source
    if cue is None:
        return True
    start = min(cue.span.start, source.start) if source else cue.span.start
    before = tokens.at(start - 1) if start > tokens.first[start] else ""
    if before in _IF:
        return False
    end = tokens.last[start]
    return not (source is not None and before in AUXILIARIES and "?" in tokens.words[max(start, end - _MARKS) : end])
