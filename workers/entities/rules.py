"""Stage ``stancewire_entities``: names, dates and amounts, by pattern, gazetteer and the company they keep.

Writes ``doc.ents``.

Labels are those of ``services.contracts.EntityType``. Two passes: the first finds runs of capitalised words and
decides those that say by themselves what they are (title before, suffix, gazetteer); the second decides the
rest by what the first learned about the article, so that "Moyo" is a person where "President Moyo" stands
elsewhere.
"""

from __future__ import annotations

from collections import Counter

from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.util import filter_spans

from services.contracts import EntityType
from workers.doc.tokens import Tokens
from workers.english import gazetteer, lexicon
from workers.english.lexicon import listed
from workers.entities.amounts import amounts
from workers.entities.capitals import LINKS, Run, capital, runs

ACRONYM = 4  # letters of one that may be a place in capitals all the same
INITIAL = 2  # characters of one, full stop included
_COMPASS = listed(
    "North South East West Northern Southern Eastern Western Central Northeast Northwest Southeast Southwest "
    "Upper Lower Greater Sub-Saharan New"
)


@Language.factory("stancewire_entities")
class RuleEntities:
    """Names entities by rule."""

    def __init__(self, nlp: Language, name: str) -> None:
        """Read the gazetteers, once a process."""
        del nlp, name
        self.places = gazetteer.places()
        self.starts = gazetteer.place_starts()
        self.peoples = gazetteer.peoples()
        self.roles = lexicon.words("roles")
        self.titles = lexicon.words("titles")
        self.by_word = {
            EntityType.ORGANIZATION: lexicon.words("organizations"),
            EntityType.FACILITY: lexicon.words("facilities"),
            EntityType.LOCATION: lexicon.words("places"),
            EntityType.MISC: lexicon.words("miscellany"),
        }
        self.cues = frozenset(form for form, entries in lexicon.cues().items() if any("c" in e.frames for e in entries))

    def __call__(self, doc: Doc) -> Doc:
        """Set ``doc.ents``; names already there (from a trained recogniser before this one) stay and win."""
        tokens = Tokens.of(doc)
        found: list[tuple[int, int, EntityType]] = amounts(tokens)
        taken = bytearray(len(tokens))
        for start, end, _ in found:
            taken[start:end] = b"\x01" * (end - start)
        known: Counter[str] = Counter()
        undecided = []
        for run in runs(tokens, taken):
            decided = self._decide(tokens, run)
            if not decided:
                undecided.append(run)
            for start, end, label in decided:
                found.append((start, end, label))
                if label is EntityType.PERSON:
                    known.update(tokens.words[start:end])
        for run in undecided:
            guess = self._by_company(tokens, run, known)
            if guess:
                found.append((run.start, run.end, guess))
        spans = [Span(doc, start, end, label=label.value) for start, end, label in found if end > start]
        doc.set_ents(filter_spans([*doc.ents, *spans]))
        return doc

    def _decide(self, tokens: Tokens, run: Run) -> list[tuple[int, int, EntityType]]:  # noqa: C901  # titles in all positions
        """Decide what says by itself what it is; a run may hold several names ("Russian Foreign Minister Sergey Lavrov")."""
        words = tokens.words
        start, end = run.start, run.end
        found: list[tuple[int, int, EntityType]] = []
        text = " ".join(words[start:end])
        if text in self.places:
            return [(start, end, EntityType.LOCATION)]
        if text in self.peoples:
            return [(start, end, EntityType.NORP)]
        kind = self._by_last(words, start, end)
        if kind and words[end - 1].lower() not in self.roles:
            return [(start, end, kind)]
        # What stands before a title, the title itself, the person after it.
        title = -1
        for k in range(start, end):
            if words[k].lower() in self.roles or words[k] in self.titles:
                title = k
            elif title >= 0 and words[k] not in LINKS:
                break
        if title >= 0:
            rest = title + 1
            before = start
            while before < title and words[before] not in self.titles and words[before].lower() not in self.roles:
                before += 1
            found += self._whole(tokens, start, before)
            if rest < end and words[rest] in LINKS:
                while rest < end and not capital(words[rest]):
                    rest += 1
                found += self._whole(tokens, rest, end)
            elif rest < end:
                cut = self._person_end(tokens, rest, end)
                kind = self._by_last(words, rest, cut)
                found.append((rest, cut, kind or EntityType.PERSON))
                found += self._whole(tokens, self._skip_links(words, cut, end), end)
            return found or [(start, start, EntityType.MISC)]
        return self._whole(tokens, start, end)

    def _whole(self, tokens: Tokens, start: int, end: int) -> list[tuple[int, int, EntityType]]:  # noqa: C901, PLR0911, PLR0912  # a list of decisions
        """Decide a run without titles; nothing where only the company it keeps can tell."""
        if start >= end:
            return []
        words = tokens.words
        text = " ".join(words[start:end])
        if text in self.places:
            return [(start, end, EntityType.LOCATION)]
        if text in self.peoples:
            return [(start, end, EntityType.NORP)]
        if (text.isupper() and len(text) > ACRONYM and text.title() in self.places) or (
            words[start] in _COMPASS and " ".join(words[start + 1 : end]) in self.places
        ):  # datelines; shorter ones are acronyms
            return [(start, end, EntityType.LOCATION)]
        kind = self._by_last(words, start, end)
        if kind:
            return [(start, end, kind)]
        if words[start] in self.peoples and end - start > 1:
            return [(start, start + 1, EntityType.NORP), *self._whole(tokens, start + 1, end)]
        size = min(self.starts.get(words[start], 0), end - start - 1)
        while size > 0:
            if " ".join(words[start : start + size]) in self.places and words[start + size] in LINKS:
                return [
                    (start, start + size, EntityType.LOCATION),
                    *self._whole(tokens, self._skip_links(words, start + size, end), end),
                ]
            size -= 1
        cut = self._person_end(tokens, start, end)
        if cut < end:
            return [*self._whole(tokens, start, cut), *self._whole(tokens, self._skip_links(words, cut, end), end)]
        if end - start == 1:
            word = words[start]
            if word[-1].isdigit() or word.upper() == "COVID":
                return [(start, end, EntityType.MISC)]
            if word.isupper() and 2 <= len(word) <= 6 and word.isalpha():  # noqa: PLR2004  # an acronym
                return [(start, end, EntityType.ORGANIZATION)]
            return []
        if tokens.at(start - 1) == "the":
            return [(start, end, EntityType.ORGANIZATION)]
        if 2 <= end - start <= 5 and all(_name_word(word) for word in words[start:end]):  # noqa: PLR2004  # given name to surname
            return [(start, end, EntityType.PERSON)]
        return [(start, end, EntityType.MISC)]

    def _by_last(self, words: list[str], start: int, end: int) -> EntityType | None:
        """Decide by the word that heads the name: its last, or the last before "of" or "for"."""
        if end - start < 2:  # noqa: PLR2004  # "Court" alone is decided by its company
            return (
                EntityType.ORGANIZATION
                if words[start] in ("Parliament", "Congress", "Taliban", "Hamas", "Hezbollah", "Cabinet")
                else None
            )
        head = next((k for k in range(start + 1, end) if words[k] in ("of", "for")), end) - 1
        if words[start] in ("UN", "U.N.", "EU", "NATO") and words[head] in self.by_word[EntityType.MISC]:
            return EntityType.ORGANIZATION
        for kind, heads in self.by_word.items():
            if words[head] in heads or (
                kind is EntityType.LOCATION and words[start] in ("Lake", "Mount", "Cape", "Gulf", "Republic")
            ):
                return kind
        if any(word in self.by_word[EntityType.ORGANIZATION] for word in words[start:end]):
            return EntityType.ORGANIZATION
        return None

    def _person_end(self, tokens: Tokens, start: int, end: int) -> int:
        """Return where a person's name that begins at ``start`` ends: before "of" and the like."""
        return next((k for k in range(start, end) if tokens.words[k] in ("of", "for", "the", "&")), end)

    def _skip_links(self, words: list[str], start: int, end: int) -> int:
        while start < end and not capital(words[start]):
            start += 1
        return start

    def _by_company(self, tokens: Tokens, run: Run, known: Counter[str]) -> EntityType | None:
        """Decide a single word by the article: part of a person's name elsewhere, or who speaks."""
        word = tokens.words[run.start]
        if known[word]:
            return EntityType.PERSON
        after = tokens.at(run.end)
        before = tokens.at(run.start - 1)
        if after in self.cues or (before in self.cues and tokens.at(run.start - 2) in {",", "”", '"', "''"}):
            return EntityType.PERSON
        if run.initial:
            return None
        if before in {"in", "at", "from", "near", "to"}:
            return EntityType.LOCATION
        return EntityType.ORGANIZATION


def _name_word(word: str) -> bool:
    return (
        (word[0].isupper() and not word.isupper() and not any(letter.isdigit() for letter in word))
        or word in LINKS
        or (len(word) <= INITIAL and word[0].isupper())
    )
