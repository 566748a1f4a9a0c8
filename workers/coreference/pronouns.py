"""The persons of one article in the order of the text: what the ranker of antecedents is asked with."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from typing import Final

from services.contracts import EntityType
from workers.coreference.antecedents import MALE, PERSONAL, Candidate, Choice, Question, describe, describe_nobody
from workers.doc.records import AttributionRecord, EntityRecord, TokenSpan
from workers.doc.tokens import Tokens
from workers.english import lexicon
from workers.english.lexicon import listed
from workers.english.name_forms import gender_of_title, given_gender
from workers.english.phrases import PREPOSITIONS, SUBORDINATORS

__all__ = ["PERSONAL", "Persons"]

_MALE_WORDS: Final = listed(
    "spokesman chairman congressman businessman father son brother husband pope actor emperor "
    "duke uncle nephew grandfather widower man boy gentleman tsar archbishop"
)
_FEMALE_WORDS: Final = listed(
    "madam spokeswoman chairwoman congresswoman businesswoman "
    "mother daughter sister wife actress duchess aunt niece grandmother widow woman girl empress"
)
_GENDERED: Final = {"m": _MALE_WORDS, "f": _FEMALE_WORDS}
# Persons spoken of without a name; "a" or a possessive before any other role does the same.
_UNNAMED: Final = listed(
    "man boy gentleman father son brother husband uncle nephew grandfather woman girl lady mother daughter sister wife "
    "aunt niece grandmother widow widower boyfriend girlfriend"
)
# How many candidates a pronoun is weighed against, by recency and by frequency: the work is linear in the article.
RECENT: Final = 10
FREQUENT: Final = 3
# Types that a person's name is taken for by mistake.
MISTAKEN: Final = frozenset({EntityType.ORGANIZATION, EntityType.MISC, EntityType.FACILITY, EntityType.PRODUCT})
MISTAKEN_WORDS: Final = 2
# What "it" or "they" may be the speaker of: organisations, and governments by the name of a place.
BODIES: Final = frozenset({EntityType.ORGANIZATION, EntityType.LOCATION})
# What opens a clause; none is looked for farther back than this.
_OPENING: Final = (SUBORDINATORS - {"or", "yet", "so"}) | {"after", "before", ";", ":"}
CLAUSE_WORDS: Final = 30
# How many of the statements that begin before a pronoun are looked at for one that holds it.
ENCLOSING: Final = 4

# Names that hold one of these are no person's, whatever calls them so.
_BODY_WORDS: Final = frozenset().union(
    *(lexicon.words(name) for name in ("organizations", "facilities", "miscellany", "places"))
)

Chooser = Callable[[Choice], int | None]


class Persons:
    """Who has been spoken of so far, and who spoke.

    ``speakers`` maps each source resolved so far to its entity. Questions are asked in the order of ``asked_at``.
    """

    def __init__(
        self,
        tokens: Tokens,
        entities: list[EntityRecord],
        names: list[tuple[TokenSpan, int]],
        statements: list[AttributionRecord],
        speeches: list[tuple[int, int]],
        choose: Chooser,
    ) -> None:
        """Read the names, each with the key of its entity, in the order of the text.

        Statements give who speaks where; speeches are the quotations that are speech, in tokens.
        """
        self.tokens = tokens
        self.entities = entities
        self.speakers: dict[TokenSpan, int] = {}
        self._choose = choose
        self._speeches = speeches
        self._speech_starts = [start for start, _ in speeches]
        self._sentences, self._paragraphs = _numbered(tokens)
        self._statements = statements
        self._contents = sorted((part.start, part.end, s) for s, one in enumerate(statements) for part in one.content)
        self._cue_of = {s.source: s for s in reversed(statements) if s.source}
        self._spoke: int | None = None
        self._spoke_at = 0
        self._before: dict[str, tuple[int | None, int]] = {}
        self._unnamed = self._find_unnamed()
        self._places: dict[int, list[int]] = {}
        self._names: list[tuple[int, int, int]] = []
        for name, key in names:
            if self._possible(entities[key]):
                self._places.setdefault(key, []).append(name.start)
                self._names.append((name.start, name.end, key))
        self._seen = 0  # how many of the names have been read
        self._recent: dict[int, Candidate] = {}  # the candidate spoken of last stands last
        self._leading: list[int] = []
        whole = sum(len(places) for key, places in self._places.items() if entities[key].type is EntityType.PERSON) or 1
        self._all = {
            key: Candidate(
                key,
                entities[key].type is EntityType.PERSON,
                " " in entities[key].name,
                len(places),
                min(1.0, len(places) / whole),
                self._genders(entities[key], places),
            )
            for key, places in self._places.items()
        }
        self._frequent = sorted(self._all.values(), key=lambda one: (-one.total, one.key))[:FREQUENT]

    def _possible(self, entity: EntityRecord) -> bool:
        return entity.type is EntityType.PERSON or (
            entity.type in MISTAKEN
            and not entity.name.isupper()
            and len(entity.name.split()) <= MISTAKEN_WORDS
            and not any(word in _BODY_WORDS for word in entity.name.split())
        )

    def _genders(self, entity: EntityRecord, places: list[int]) -> dict[str, str]:
        """Return what shows a gender: a title before the name, a role ("the spokeswoman"), the given name."""
        before = [self.tokens.at(place - 1) for place in places]
        roles = {*before, *(word for role in entity.roles for word in role.lower().split())}
        shown = {
            "title": {gender_of_title(word) for word in before} - {""},
            "role": {gender for gender, words in _GENDERED.items() if roles & words},
            "given": {given_gender(entity.name)} - {""},
        }
        return {kind: genders.pop() for kind, genders in shown.items() if len(genders) == 1}

    def _find_unnamed(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {"m": [], "f": []}
        roles = lexicon.words("roles")
        lower = self.tokens.lower
        for i, word in enumerate(lower):
            if word in _UNNAMED:
                found["m" if word in _MALE_WORDS else "f"].append(i)
            elif word in roles and any(lower[k] in {"a", "an"} for k in range(max(0, i - 3), i)):
                found["m"].append(i)
                found["f"].append(i)
        return found

    def asked_at(self, place: TokenSpan) -> tuple[int, int]:
        """Return where in the order of the text to resolve ``place``: one that speaks before its content comes before that."""
        statement = self._cue_of.get(place)
        first = min(place.start, statement.content[0].start) if statement else place.start
        return first, place.start

    def read_to(self, place: int) -> None:
        """Take note of the names before token ``place``."""
        while self._seen < len(self._names) and self._names[self._seen][0] < place:
            start, end, key = self._names[self._seen]
            self._seen += 1
            self._mention(start, key, possessive=self.tokens.at(end) in {"'s", "’s"}, pronoun=False)

    def _mention(self, place: int, key: int, *, possessive: bool, pronoun: bool) -> None:
        one = self._all[key]
        sentence = self._sentences[place]
        subject = not possessive and self.tokens.at(place - 1) not in PREPOSITIONS and self._opens(place)
        if pronoun:
            one.called += 1
        else:
            one.named += 1
        if one.first < 0:
            one.first = sentence
        if place < one.last:
            return
        one.subject = subject or (one.subject and one.sentence == sentence)
        one.last, one.sentence, one.possessive, one.pronoun = place, sentence, possessive, pronoun
        one.paragraph, one.speech = self._paragraphs[place], self._speech(place)
        if one.speech < 0:
            one.outside = sentence
        self._recent.pop(key, None)
        self._recent[key] = one

    def _opens(self, place: int) -> bool:
        """Whether no other person outside quotations stands before ``place`` in its sentence."""
        sentence = self._sentences[place]
        last = next(reversed(self._recent.values()), None)
        return last is None or last.sentence < sentence

    def spoke(self, place: TokenSpan, key: int) -> None:
        """Note that the source at ``place`` is entity ``key``."""
        self.speakers[place] = key
        self._spoke, self._spoke_at = key, self._sentences[place.start]

    def described(self, place: int, key: int) -> None:
        """Note that a description at token ``place`` means entity ``key``."""
        if key in self._all:
            self._mention(place, key, possessive=False, pronoun=False)

    def body(self, place: TokenSpan) -> int | None:
        """Return the body that "it" or "they" at ``place`` means: one that spoke last, in this sentence or the one before."""
        near = self._sentences[self.asked_at(place)[0]] - self._spoke_at <= 1
        if self._spoke is None or not near or self.entities[self._spoke].type not in BODIES:
            return None
        return self._spoke

    def resolve(self, i: int) -> int | None:
        """Return the person whom the pronoun at token ``i`` means, or nothing."""
        asked = self._question(i)
        candidates = self._candidates(asked.gender)
        top = max((one.named + one.called for one in candidates), default=0)
        described, rank = [describe_nobody(asked, candidates)], 0
        for one in candidates:
            following = self._following(one.key, asked, i)
            described.append(describe(asked, one, rank, following, leader=one.named + one.called == top))
            rank += one.gender() in {"", asked.gender} and one.last >= 0
        keys = [one.key for one in candidates]
        found = self._choose(Choice(i, [None, *keys], ["", *(self.entities[key].name for key in keys)], described))
        self._before[asked.gender] = found, self._sentences[i]
        if found is not None:
            self._all[found].genders.setdefault("called", asked.gender)
            self._mention(i, found, possessive=asked.role == "owner", pronoun=True)
        return found

    def _question(self, i: int) -> Question:
        word = self.tokens.lower[i]
        source = TokenSpan(i, i + 1)
        first = self.asked_at(source)[0] if source in self._cue_of else i
        gender = "m" if word in MALE else "f"
        before, before_sentence = self._before.get(gender, (None, -1))
        unnamed = bisect_left(self._unnamed[gender], first) - 1
        return Question(
            place=i,
            word=word,
            after=self.tokens.at(i + 1),
            clause=self._clause(i),
            sentence=self._sentences[first],
            paragraph=self._paragraphs[first],
            speech=self._speech(i),
            leads=word in {"he", "she"} and self._opens(i),
            source=source in self._cue_of,
            speaker=self._speaker_around(i),
            spoke=self._spoke,
            before=before,
            before_sentence=before_sentence,
            unnamed=self._sentences[self._unnamed[gender][unnamed]] if unnamed >= 0 else -1,
        )

    def _candidates(self, gender: str) -> list[Candidate]:
        """Return the most recent first, then the most frequent, then who comes next; nobody with a title of the other gender."""
        found: dict[int, Candidate] = {}
        for one in reversed(self._recent.values()):
            found[one.key] = one
            if len(found) >= RECENT:
                break
        for one in self._frequent:
            found.setdefault(one.key, one)
        for _, _, key in self._names[self._seen : self._seen + 2]:
            found.setdefault(key, self._all[key])
        return [one for one in found.values() if one.genders.get("title", gender) == gender]

    def _following(self, key: int, asked: Question, i: int) -> int:
        places = self._places[key]
        k = bisect_left(places, self._names[self._seen][0]) if self._seen < len(self._names) else len(places)
        if k < len(places) and (places[k] < i or self._sentences[places[k]] == asked.sentence):
            return places[k]
        return -1

    def _clause(self, i: int) -> int:
        """Return where the clause around token ``i`` begins: after the last word that opens one, or the sentence's start."""
        lowest = max(self.tokens.first[i], i - CLAUSE_WORDS)
        return next((k for k in range(i - 1, lowest, -1) if self.tokens.lower[k] in _OPENING), lowest)

    def _speech(self, i: int) -> int:
        k = bisect_right(self._speech_starts, i) - 1
        return k if k >= 0 and self._speeches[k][1] > i else -1

    def _speaker_around(self, i: int) -> int | None:
        last = bisect_right(self._contents, (i, len(self.tokens) + 1, 0))
        for k in range(last - 1, max(-1, last - 1 - ENCLOSING), -1):
            start, end, index = self._contents[k]
            if start <= i < end:
                statement = self._statements[index]
                if statement.follows is not None:
                    statement = self._statements[statement.follows]
                if statement.source is not None:
                    return self.speakers.get(statement.source)
        return None


def _numbered(tokens: Tokens) -> tuple[list[int], list[int]]:
    """Number the sentences and, by line feeds, the paragraphs: one of each for every token."""
    sentences: list[int] = []
    paragraphs: list[int] = []
    sentence = paragraph = -1
    for i, word in enumerate(tokens.words):
        if tokens.first[i] == i:
            sentence += 1
        if i == 0 or "\n" in word:
            paragraph += 1
        sentences.append(sentence)
        paragraphs.append(paragraph)
    return sentences, paragraphs
