"""Resolution of pronouns to the persons of one article, in text order."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from typing import Final

from services.contracts import EntityType
from workers.coreference.antecedents import (
    MALE,
    Anaphor,
    Candidate,
    CandidateSet,
    candidate_features,
    no_antecedent_features,
)
from workers.doc.records import AttributionRecord, EntityRecord, TokenSpan
from workers.doc.tokens import Tokens
from workers.english import lexicon
from workers.english.lexicon import word_set
from workers.english.name_forms import given_name_gender, title_gender
from workers.english.phrases import PREPOSITIONS, SUBORDINATORS

_MALE_WORDS: Final = word_set(
    "spokesman chairman congressman businessman father son brother husband pope actor emperor "
    "duke uncle nephew grandfather widower man boy gentleman tsar archbishop"
)
_FEMALE_WORDS: Final = word_set(
    "madam spokeswoman chairwoman congresswoman businesswoman "
    "mother daughter sister wife actress duchess aunt niece grandmother widow woman girl empress"
)
_GENDERED_WORDS: Final = {"m": _MALE_WORDS, "f": _FEMALE_WORDS}
# Nouns for persons without a name; other roles count if "a" or "an" comes before them.
_UNNAMED_NOUNS: Final = word_set(
    "man boy gentleman father son brother husband uncle nephew grandfather woman girl lady mother daughter sister wife "
    "aunt niece grandmother widow widower boyfriend girlfriend"
)
# The number of candidates, by recency and by frequency, is limited so that work is linear in the article.
MAX_RECENT: Final = 10
MAX_FREQUENT: Final = 3
# Types that the entity component gives to names of persons by mistake.
MISTAKEN_TYPES: Final = frozenset({EntityType.ORGANIZATION, EntityType.MISC, EntityType.FACILITY, EntityType.PRODUCT})
MAX_MISTAKEN_WORDS: Final = 2
# "It" or "they" as a source may be one of these: organisations, and governments by the name of a place.
BODY_TYPES: Final = frozenset({EntityType.ORGANIZATION, EntityType.LOCATION})
# Words and marks that open a clause, and how far back they are looked for.
_CLAUSE_OPENERS: Final = (SUBORDINATORS - {"or", "yet", "so"}) | {"after", "before", ";", ":"}
MAX_CLAUSE_TOKENS: Final = 30
# Of the contents that begin before a pronoun, this many are searched for one around it.
MAX_ENCLOSING: Final = 4

# A name with one of these words is not the name of a person.
_NON_PERSON_WORDS: Final = frozenset().union(
    *(lexicon.word_list(name) for name in ("organizations", "facilities", "miscellany", "places"))
)

Chooser = Callable[[CandidateSet], int | None]


class PronounResolver:
    """The persons mentioned so far in an article, and who spoke.

    Sources and pronouns are resolved in the order of `reading_position`. ``speakers`` maps each source resolved so far
    to the key of its entity.
    """

    def __init__(
        self,
        tokens: Tokens,
        entities: list[EntityRecord],
        names: list[tuple[TokenSpan, int]],
        attributions: list[AttributionRecord],
        quotations: list[tuple[int, int]],
        choose: Chooser,
    ) -> None:
        """Read the names, each with the key of its entity, in text order.

        ``attributions`` tell who speaks where. ``quotations`` are the token spans of those quotations that are speech.
        ``choose`` picks the antecedent among the candidates for a pronoun.
        """
        self.tokens = tokens
        self.entities = entities
        self.speakers: dict[TokenSpan, int] = {}
        self._choose = choose
        self._quotations = quotations
        self._quotation_starts = [start for start, _ in quotations]
        self._sentences, self._paragraphs = _number_sentences(tokens)
        self._attributions = attributions
        self._contents = sorted(
            (part.start, part.end, index)
            for index, attribution in enumerate(attributions)
            for part in attribution.content
        )
        self._attribution_of_source = {
            attribution.source: attribution for attribution in reversed(attributions) if attribution.source
        }
        self._last_speaker: int | None = None
        self._last_speaker_sentence = 0
        self._previous: dict[str, tuple[int | None, int]] = {}
        self._unnamed_tokens = self._find_unnamed_persons()
        self._name_tokens: dict[int, list[int]] = {}
        self._names: list[tuple[int, int, int]] = []
        for name, key in names:
            if self._may_be_person(entities[key]):
                self._name_tokens.setdefault(key, []).append(name.start)
                self._names.append((name.start, name.end, key))
        self._names_read = 0
        self._recent: dict[int, Candidate] = {}  # the one mentioned last is last
        name_total = (
            sum(
                len(positions)
                for key, positions in self._name_tokens.items()
                if entities[key].type is EntityType.PERSON
            )
            or 1
        )
        self._candidate_of = {
            key: Candidate(
                key=key,
                is_person=entities[key].type is EntityType.PERSON,
                is_full_name=" " in entities[key].name,
                name_count=len(positions),
                name_share=min(1.0, len(positions) / name_total),
                gender_evidence=self._gender_evidence(entities[key], positions),
            )
            for key, positions in self._name_tokens.items()
        }
        self._frequent = sorted(
            self._candidate_of.values(), key=lambda candidate: (-candidate.name_count, candidate.key)
        )[:MAX_FREQUENT]

    def _may_be_person(self, entity: EntityRecord) -> bool:
        """Return whether the entity is a person or may be one that the entity component mistook."""
        return entity.type is EntityType.PERSON or (
            entity.type in MISTAKEN_TYPES
            and not entity.name.isupper()
            and len(entity.name.split()) <= MAX_MISTAKEN_WORDS
            and not any(word in _NON_PERSON_WORDS for word in entity.name.split())
        )

    def _gender_evidence(self, entity: EntityRecord, positions: list[int]) -> dict[str, str]:
        """Return the evidence of gender: a title before the name, a role ("the spokeswoman"), the given name."""
        before = [self.tokens.at(position - 1) for position in positions]
        roles = {*before, *(word for role in entity.roles for word in role.lower().split())}
        evidence = {
            "title": {title_gender(word) for word in before} - {""},
            "role": {gender for gender, words in _GENDERED_WORDS.items() if roles & words},
            "given": {given_name_gender(entity.name)} - {""},
        }
        return {kind: genders.pop() for kind, genders in evidence.items() if len(genders) == 1}

    def _find_unnamed_persons(self) -> dict[str, list[int]]:
        """Return the tokens that refer to persons without a name, by gender."""
        unnamed: dict[str, list[int]] = {"m": [], "f": []}
        roles = lexicon.word_list("roles")
        lower = self.tokens.lower
        for i, word in enumerate(lower):
            if word in _UNNAMED_NOUNS:
                unnamed["m" if word in _MALE_WORDS else "f"].append(i)
            elif word in roles and any(lower[k] in {"a", "an"} for k in range(max(0, i - 3), i)):
                unnamed["m"].append(i)
                unnamed["f"].append(i)
        return unnamed

    def reading_position(self, mention: TokenSpan) -> tuple[int, int]:
        """Return the sort key of a mention in reading order.

        A source after its content is read before that content.
        """
        attribution = self._attribution_of_source.get(mention)
        first = min(mention.start, attribution.content[0].start) if attribution else mention.start
        return first, mention.start

    def read_names_before(self, token: int) -> None:
        """Add the names before ``token`` to the mentions so far."""
        while self._names_read < len(self._names) and self._names[self._names_read][0] < token:
            start, end, key = self._names[self._names_read]
            self._names_read += 1
            self._add_mention(start, key, is_possessive=self.tokens.at(end) in {"'s", "’s"}, is_pronoun=False)

    def _add_mention(self, token: int, key: int, *, is_possessive: bool, is_pronoun: bool) -> None:
        """Update the candidate with a mention at ``token``; only counts it if a later mention is known."""
        candidate = self._candidate_of[key]
        sentence = self._sentences[token]
        is_subject = not is_possessive and self.tokens.at(token - 1) not in PREPOSITIONS and self._opens_sentence(token)
        if is_pronoun:
            candidate.pronouns_so_far += 1
        else:
            candidate.names_so_far += 1
        if candidate.first_sentence < 0:
            candidate.first_sentence = sentence
        if token < candidate.last_token:
            return
        candidate.last_is_subject = is_subject or (candidate.last_is_subject and candidate.last_sentence == sentence)
        candidate.last_token, candidate.last_sentence = token, sentence
        candidate.last_is_possessive, candidate.last_is_pronoun = is_possessive, is_pronoun
        candidate.last_paragraph, candidate.last_quotation = self._paragraphs[token], self._quotation_at(token)
        if candidate.last_quotation < 0:
            candidate.last_unquoted_sentence = sentence
        self._recent.pop(key, None)
        self._recent[key] = candidate

    def _opens_sentence(self, token: int) -> bool:
        """Return whether no person has been mentioned in the sentence of ``token`` so far."""
        latest = next(reversed(self._recent.values()), None)
        return latest is None or latest.last_sentence < self._sentences[token]

    def note_speaker(self, source: TokenSpan, key: int) -> None:
        """Record that a source is resolved to the entity ``key``."""
        self.speakers[source] = key
        self._last_speaker, self._last_speaker_sentence = key, self._sentences[source.start]

    def note_description(self, token: int, key: int) -> None:
        """Record that a description at ``token`` refers to the entity ``key``."""
        if key in self._candidate_of:
            self._add_mention(token, key, is_possessive=False, is_pronoun=False)

    def resolve_body(self, source: TokenSpan) -> int | None:
        """Return the body that "it" or "they" refers to as a source, or None.

        That is the last speaker, if it is a body and spoke in the same sentence or the one before.
        """
        is_near = self._sentences[self.reading_position(source)[0]] - self._last_speaker_sentence <= 1
        if self._last_speaker is None or not is_near or self.entities[self._last_speaker].type not in BODY_TYPES:
            return None
        return self._last_speaker

    def resolve(self, i: int) -> int | None:
        """Return the person that the pronoun at token ``i`` refers to, or None, and add it to the mentions so far."""
        anaphor = self._anaphor(i)
        candidates = self._candidates(anaphor.gender)
        most_mentions = max((candidate.mentions_so_far for candidate in candidates), default=0)
        features, rank = [no_antecedent_features(anaphor, candidates)], 0
        for candidate in candidates:
            next_name = self._next_name(candidate.key, anaphor, i)
            is_most_mentioned = candidate.mentions_so_far == most_mentions
            features.append(
                candidate_features(anaphor, candidate, rank, next_name, is_most_mentioned=is_most_mentioned)
            )
            rank += candidate.gender() in {"", anaphor.gender} and candidate.last_token >= 0
        keys = [candidate.key for candidate in candidates]
        names = [self.entities[key].name for key in keys]
        antecedent = self._choose(CandidateSet(i, [None, *keys], ["", *names], features))
        self._previous[anaphor.gender] = antecedent, self._sentences[i]
        if antecedent is not None:
            self._candidate_of[antecedent].gender_evidence.setdefault("called", anaphor.gender)
            self._add_mention(i, antecedent, is_possessive=anaphor.role == "owner", is_pronoun=True)
        return antecedent

    def _anaphor(self, i: int) -> Anaphor:
        """Describe the pronoun at token ``i`` and its context."""
        word = self.tokens.lower[i]
        mention = TokenSpan(i, i + 1)
        is_source = mention in self._attribution_of_source
        first = self.reading_position(mention)[0] if is_source else i
        gender = "m" if word in MALE else "f"
        previous_antecedent, previous_sentence = self._previous.get(gender, (None, -1))
        unnamed_before = bisect_left(self._unnamed_tokens[gender], first) - 1
        return Anaphor(
            token=i,
            word=word,
            next_word=self.tokens.at(i + 1),
            clause_start=self._clause_start(i),
            sentence=self._sentences[first],
            paragraph=self._paragraphs[first],
            quotation=self._quotation_at(i),
            opens_sentence=word in {"he", "she"} and self._opens_sentence(i),
            is_source=is_source,
            enclosing_speaker=self._enclosing_speaker(i),
            last_speaker=self._last_speaker,
            previous_antecedent=previous_antecedent,
            previous_sentence=previous_sentence,
            unnamed_sentence=self._sentences[self._unnamed_tokens[gender][unnamed_before]]
            if unnamed_before >= 0
            else -1,
        )

    def _candidates(self, gender: str) -> list[Candidate]:
        """Return the most recent persons, then the most frequent, then the next two named.

        Persons with a title of the other gender are left out.
        """
        candidates: dict[int, Candidate] = {}
        for candidate in reversed(self._recent.values()):
            candidates[candidate.key] = candidate
            if len(candidates) >= MAX_RECENT:
                break
        for candidate in self._frequent:
            candidates.setdefault(candidate.key, candidate)
        for _, _, key in self._names[self._names_read : self._names_read + 2]:
            candidates.setdefault(key, self._candidate_of[key])
        return [
            candidate for candidate in candidates.values() if candidate.gender_evidence.get("title", gender) == gender
        ]

    def _next_name(self, key: int, anaphor: Anaphor, i: int) -> int:
        """Return the next unread name of a person if it is before token ``i`` or in the same sentence, else -1."""
        positions = self._name_tokens[key]
        k = len(positions)
        if self._names_read < len(self._names):
            k = bisect_left(positions, self._names[self._names_read][0])
        if k < len(positions) and (positions[k] < i or self._sentences[positions[k]] == anaphor.sentence):
            return positions[k]
        return -1

    def _clause_start(self, i: int) -> int:
        """Return the last word that opens a clause before token ``i``, or the start of its sentence."""
        lowest = max(self.tokens.sentence_start[i], i - MAX_CLAUSE_TOKENS)
        return next((k for k in range(i - 1, lowest, -1) if self.tokens.lower[k] in _CLAUSE_OPENERS), lowest)

    def _quotation_at(self, i: int) -> int:
        """Return the index of the quotation around token ``i``, or -1."""
        k = bisect_right(self._quotation_starts, i) - 1
        return k if k >= 0 and self._quotations[k][1] > i else -1

    def _enclosing_speaker(self, i: int) -> int | None:
        """Return the resolved speaker of the content around token ``i``, or None."""
        last = bisect_right(self._contents, (i, len(self.tokens) + 1, 0))
        for k in range(last - 1, max(-1, last - 1 - MAX_ENCLOSING), -1):
            start, end, index = self._contents[k]
            if start <= i < end:
                attribution = self._attributions[index]
                if attribution.follows is not None:
                    attribution = self._attributions[attribution.follows]
                if attribution.source is not None:
                    return self.speakers.get(attribution.source)
        return None


def _number_sentences(tokens: Tokens) -> tuple[list[int], list[int]]:
    """Return the number of the sentence and, by line feeds, of the paragraph of each token."""
    sentences: list[int] = []
    paragraphs: list[int] = []
    sentence = paragraph = -1
    for i, word in enumerate(tokens.words):
        if tokens.sentence_start[i] == i:
            sentence += 1
        if i == 0 or "\n" in word:
            paragraph += 1
        sentences.append(sentence)
        paragraphs.append(paragraph)
    return sentences, paragraphs
