"""Whom a pronoun means: the person who spoke last, or whom the sentences right before are about."""

from __future__ import annotations

from bisect import bisect_right
from typing import Final

from services.contracts import EntityType
from workers.extraction.lexicon import listed
from workers.extraction.records import Named, Statement, Stretch
from workers.extraction.tokens import Tokens

MALE: Final = frozenset({"he", "him", "his", "himself"})
FEMALE: Final = frozenset({"she", "her", "hers", "herself"})
PERSONAL: Final = MALE | FEMALE
_MALE_WORDS: Final = listed(
    "mr mr. sir king prince lord spokesman chairman congressman businessman father son brother husband pope actor emperor sheikh"
)
_FEMALE_WORDS: Final = listed(
    "mrs mrs. ms ms. miss madam dame lady queen princess spokeswoman chairwoman congresswoman businesswoman "
    "mother daughter sister wife actress"
)
# A pronoun looks this many sentences back and no farther.
SENTENCES: Final = 3
# No sentence of prose names more; and the work must not grow with the square of a list.
CANDIDATES: Final = 40


class Persons:
    """The persons of one article in the order of the text, and who has spoken so far.

    ``speakers`` maps each source resolved so far to its entity.
    """

    def __init__(
        self,
        tokens: Tokens,
        entities: list[Named],
        names: list[Stretch],
        keys: list[int],
        statements: list[Statement],
        speeches: list[tuple[int, int]],
    ) -> None:
        """Read the names; statements give who speaks where, speeches are the quotations that are speech."""
        self.tokens = tokens
        self.entities = entities
        self.speakers: dict[Stretch, int] = {}
        self._speeches = speeches
        self._speech_starts = [start for start, _ in speeches]
        self._about: dict[int, list[tuple[int, int]]] = {}  # first token of a sentence -> its persons, by place
        self._spoken: dict[int, int] = {}  # first token of a sentence -> who speaks in it
        self._gender: dict[int, str] = {}
        self._cue_of = {s.source: s for s in reversed(statements) if s.source}
        for name, key in zip(names, keys, strict=True):
            if entities[key].type is EntityType.PERSON:
                self._mention(name.start, key, possessive=tokens.at(name.end) in {"'s", "’s"})
                self._learn(name.start, key)
        for entity in entities:
            words = {word for role in entity.roles for word in role.lower().split()}
            if words & _MALE_WORDS:
                self._gender.setdefault(entity.key, "m")
            elif words & _FEMALE_WORDS:
                self._gender.setdefault(entity.key, "f")

    def _mention(self, place: int, key: int, *, possessive: bool) -> None:
        if self._speech(place) is None:
            at = self.tokens.first[place]
            self._about.setdefault(at, []).append((place + (10_000 if possessive else 0), key))

    def _learn(self, place: int, key: int) -> None:
        before = self.tokens.at(place - 1)
        if before in _MALE_WORDS:
            self._gender[key] = "m"
        elif before in _FEMALE_WORDS:
            self._gender[key] = "f"

    def asked_at(self, place: Stretch) -> tuple[int, int]:
        """Return where in the order of the text to resolve ``place``: one that speaks before its content comes before that."""
        statement = self._cue_of.get(place)
        first = min(place.start, statement.content[0].start) if statement else place.start
        return first, place.start

    def spoke(self, place: Stretch, key: int) -> None:
        """Note that the source at ``place`` is entity ``key``."""
        self.speakers[place] = key
        if self.entities[key].type is EntityType.PERSON:
            statement = self._cue_of[place]
            self._spoken[self.tokens.first[place.start]] = key
            for part in statement.content:
                self._spoken.setdefault(self.tokens.first[part.start], key)

    def resolve(self, i: int) -> int | None:
        """Return the person whom the pronoun at token ``i`` means, or nothing."""
        word = self.tokens.lower[i]
        gender = "m" if word in MALE else "f"
        speech = self._speech(i)
        barred = self._speaker_of(speech) if speech else None
        at = self.tokens.first[i]
        source = Stretch(i, i + 1) in self._cue_of
        start = min(at, self._cue_of[Stretch(i, i + 1)].content[0].start) if source else at
        here = [(place, key) for place, key in self._about.get(at, [])[-CANDIDATES:] if place < i]
        found = None
        if not source and speech is None:
            found = self._pick(sorted(here), gender, barred)
        if found is None:
            sentence = self.tokens.first[start]
            for _ in range(SENTENCES):
                if sentence <= 0:
                    break
                sentence = self.tokens.first[sentence - 1]
                spoken = self._spoken.get(sentence)
                if spoken is not None and spoken != barred and self._gender.get(spoken, gender) == gender:
                    found = spoken
                    break
                found = self._pick(sorted(self._about.get(sentence, [])[:CANDIDATES]), gender, barred)
                if found is not None:
                    break
        if found is None and here:
            found = self._pick(sorted(here), gender, barred)
        if found is not None:
            self._gender.setdefault(found, gender)
            if speech is None:
                self._about.setdefault(at, []).append((i, found))
        return found

    def _pick(self, candidates: list[tuple[int, int]], gender: str, barred: int | None) -> int | None:
        return next((key for _, key in candidates if key != barred and self._gender.get(key, gender) == gender), None)

    def _speech(self, i: int) -> tuple[int, int] | None:
        k = bisect_right(self._speech_starts, i) - 1
        return self._speeches[k] if k >= 0 and self._speeches[k][1] > i else None

    def _speaker_of(self, speech: tuple[int, int]) -> int | None:
        return self._spoken.get(self.tokens.first[speech[0]])
