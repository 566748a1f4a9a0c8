"""Component ``stancewire_entities``: entities found by pattern, gazetteer and context.

The first of two passes classifies runs of capitalised words that have a title, a known head word or a place in the
gazetteer. The second classifies the remaining runs by what the first has learned about the article, so that "Moyo" is a
person if the article also has "President Moyo".
"""

from __future__ import annotations

from collections import Counter

from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.util import filter_spans

from services.contracts import EntityType
from workers.doc.tokens import Tokens
from workers.english import gazetteer, lexicon
from workers.english.lexicon import word_set
from workers.entities.amounts import find_amounts
from workers.entities.capitals import NAME_LINKS, CapitalizedRun, capitalized_runs, is_capitalized

_MAX_ACRONYM_LETTERS = 4  # longer words in capitals may be places in a dateline
_MAX_INITIAL_LENGTH = 2  # characters, including the full stop
_MAX_ORGANIZATION_ACRONYM_LETTERS = 6
_MAX_PERSON_WORDS = 5
# Words before the name of a place that are part of it.
_PLACE_PREFIXES = word_set(
    "North South East West Northern Southern Eastern Western Central Northeast Northwest Southeast Southwest "
    "Upper Lower Greater Sub-Saharan New"
)


@Language.factory("stancewire_entities")
class RuleEntities:
    """Finds entities by rule.

    Reads: sentence starts, and ``doc.ents`` of a component before it. Writes: ``doc.ents``.
    """

    def __init__(self, nlp: Language, name: str) -> None:
        """Read the gazetteers and word lists."""
        del nlp, name
        self.places = gazetteer.places()
        self.longest_place_names = gazetteer.longest_place_names()
        self.peoples = gazetteer.peoples()
        self.roles = lexicon.word_list("roles")
        self.titles = lexicon.word_list("titles")
        self.head_words = {
            EntityType.ORGANIZATION: lexicon.word_list("organizations"),
            EntityType.FACILITY: lexicon.word_list("facilities"),
            EntityType.LOCATION: lexicon.word_list("places"),
            EntityType.MISC: lexicon.word_list("miscellany"),
        }
        self.cues = frozenset(
            form for form, entries in lexicon.cue_forms().items() if any("c" in e.frames for e in entries)
        )

    def __call__(self, doc: Doc) -> Doc:
        """Add entities to ``doc.ents``. Existing entities are kept and win where they overlap."""
        tokens = Tokens.of(doc)
        entities: list[tuple[int, int, EntityType]] = find_amounts(tokens)
        taken = bytearray(len(tokens))
        for start, end, _ in entities:
            taken[start:end] = b"\x01" * (end - start)
        person_words: Counter[str] = Counter()
        undecided = []
        for run in capitalized_runs(tokens, taken):
            decided = self._classify_run(tokens, run)
            if not decided:
                undecided.append(run)
            for start, end, label in decided:
                entities.append((start, end, label))
                if label is EntityType.PERSON:
                    person_words.update(tokens.words[start:end])
        for run in undecided:
            guess = self._classify_by_context(tokens, run, person_words)
            if guess:
                entities.append((run.start, run.end, guess))
        spans = [Span(doc, start, end, label=label.value) for start, end, label in entities if end > start]
        doc.set_ents(filter_spans([*doc.ents, *spans]))
        return doc

    def _classify_run(self, tokens: Tokens, run: CapitalizedRun) -> list[tuple[int, int, EntityType]]:  # noqa: C901  # titles in all positions
        """Return the entities of a run, or nothing if only the context can classify it.

        A run may contain several names ("Russian Foreign Minister Sergey Lavrov").
        """
        words = tokens.words
        start, end = run.start, run.end
        entities: list[tuple[int, int, EntityType]] = []
        text = " ".join(words[start:end])
        if text in self.places:
            return [(start, end, EntityType.LOCATION)]
        if text in self.peoples:
            return [(start, end, EntityType.NORP)]
        kind = self._type_by_head(words, start, end)
        if kind and words[end - 1].lower() not in self.roles:
            return [(start, end, kind)]
        # The run is split into the words before a title, the title, and the person after it.
        title = -1
        for k in range(start, end):
            if words[k].lower() in self.roles or words[k] in self.titles:
                title = k
            elif title >= 0 and words[k] not in NAME_LINKS:
                break
        if title >= 0:
            after_title = title + 1
            title_start = start
            while (
                title_start < title
                and words[title_start] not in self.titles
                and words[title_start].lower() not in self.roles
            ):
                title_start += 1
            entities += self._classify_untitled(tokens, start, title_start)
            if after_title < end and words[after_title] in NAME_LINKS:
                entities += self._classify_untitled(tokens, self._skip_links(words, after_title, end), end)
            elif after_title < end:
                person_end = self._person_end(tokens, after_title, end)
                kind = self._type_by_head(words, after_title, person_end)
                entities.append((after_title, person_end, kind or EntityType.PERSON))
                entities += self._classify_untitled(tokens, self._skip_links(words, person_end, end), end)
            return entities or [(start, start, EntityType.MISC)]  # an empty span: classified as no entity
        return self._classify_untitled(tokens, start, end)

    def _classify_untitled(self, tokens: Tokens, start: int, end: int) -> list[tuple[int, int, EntityType]]:  # noqa: C901, PLR0911, PLR0912  # a list of decisions
        """Return the entities of a run without titles, or nothing if only the context can classify it."""
        if start >= end:
            return []
        words = tokens.words
        text = " ".join(words[start:end])
        if text in self.places:
            return [(start, end, EntityType.LOCATION)]
        if text in self.peoples:
            return [(start, end, EntityType.NORP)]
        if (text.isupper() and len(text) > _MAX_ACRONYM_LETTERS and text.title() in self.places) or (
            words[start] in _PLACE_PREFIXES and " ".join(words[start + 1 : end]) in self.places
        ):  # a dateline; shorter words in capitals are acronyms
            return [(start, end, EntityType.LOCATION)]
        kind = self._type_by_head(words, start, end)
        if kind:
            return [(start, end, kind)]
        if words[start] in self.peoples and end - start > 1:
            return [(start, start + 1, EntityType.NORP), *self._classify_untitled(tokens, start + 1, end)]
        size = min(self.longest_place_names.get(words[start], 0), end - start - 1)
        while size > 0:
            if " ".join(words[start : start + size]) in self.places and words[start + size] in NAME_LINKS:
                return [
                    (start, start + size, EntityType.LOCATION),
                    *self._classify_untitled(tokens, self._skip_links(words, start + size, end), end),
                ]
            size -= 1
        person_end = self._person_end(tokens, start, end)
        if person_end < end:
            rest = self._skip_links(words, person_end, end)
            return [*self._classify_untitled(tokens, start, person_end), *self._classify_untitled(tokens, rest, end)]
        if end - start == 1:
            word = words[start]
            if word[-1].isdigit() or word.upper() == "COVID":
                return [(start, end, EntityType.MISC)]
            if word.isupper() and 2 <= len(word) <= _MAX_ORGANIZATION_ACRONYM_LETTERS and word.isalpha():  # noqa: PLR2004
                return [(start, end, EntityType.ORGANIZATION)]
            return []
        if tokens.at(start - 1) == "the":
            return [(start, end, EntityType.ORGANIZATION)]
        if 2 <= end - start <= _MAX_PERSON_WORDS and all(map(_is_name_word, words[start:end])):  # noqa: PLR2004
            return [(start, end, EntityType.PERSON)]
        return [(start, end, EntityType.MISC)]

    def _type_by_head(self, words: list[str], start: int, end: int) -> EntityType | None:
        """Return the type shown by the head word of a name: its last word, or the last before "of" or "for"."""
        if end - start < 2:  # noqa: PLR2004  # "Court" alone is classified by its context
            return (
                EntityType.ORGANIZATION
                if words[start] in ("Parliament", "Congress", "Taliban", "Hamas", "Hezbollah", "Cabinet")
                else None
            )
        head = next((k for k in range(start + 1, end) if words[k] in ("of", "for")), end) - 1
        if words[start] in ("UN", "U.N.", "EU", "NATO") and words[head] in self.head_words[EntityType.MISC]:
            return EntityType.ORGANIZATION
        for kind, heads in self.head_words.items():
            if words[head] in heads or (
                kind is EntityType.LOCATION and words[start] in ("Lake", "Mount", "Cape", "Gulf", "Republic")
            ):
                return kind
        if any(word in self.head_words[EntityType.ORGANIZATION] for word in words[start:end]):
            return EntityType.ORGANIZATION
        return None

    def _person_end(self, tokens: Tokens, start: int, end: int) -> int:
        """Return the end of a person's name that begins at ``start``: before "of" and the like."""
        return next((k for k in range(start, end) if tokens.words[k] in ("of", "for", "the", "&")), end)

    def _skip_links(self, words: list[str], start: int, end: int) -> int:
        """Return the first capitalised word from ``start`` on, or ``end``."""
        while start < end and not is_capitalized(words[start]):
            start += 1
        return start

    def _classify_by_context(
        self, tokens: Tokens, run: CapitalizedRun, person_words: Counter[str]
    ) -> EntityType | None:
        """Return the type of a single word by its context: part of a person's name elsewhere, a speaker, or a place."""
        word = tokens.words[run.start]
        if person_words[word]:
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


def _is_name_word(word: str) -> bool:
    """Whether ``word`` may be part of a person's name: capitalised, a link such as "de", or an initial."""
    return (
        (word[0].isupper() and not word.isupper() and not any(letter.isdigit() for letter in word))
        or word in NAME_LINKS
        or (len(word) <= _MAX_INITIAL_LENGTH and word[0].isupper())
    )
