"""The mentions of an article that may corefer: names, descriptions ("the minister") and pronouns, in text order."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from services.contracts import EntityType
from workers.doc.records import TokenSpan
from workers.english.lexicon import word_set
from workers.english.name_forms import given_name_gender, title_gender

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from workers.doc.records import AttributionRecord, EntityRecord
    from workers.doc.tokens import Tokens


class Anaphor(IntEnum):
    """The class of a mention that refers back; names do not."""

    HE = 0
    SHE = 1
    IT = 2
    THEY = 3
    I = 4  # noqa: E741  # the pronoun
    WE = 5
    YOU = 6
    DESCRIPTION = 7


class Form(IntEnum):
    """How a mention refers."""

    NAME = 0
    DESCRIPTION = 1
    PRONOUN = 2


class Gender(IntEnum):
    """The gender that a name, with its title, shows."""

    UNKNOWN = 0
    MALE = 1
    FEMALE = 2


class Referent(IntEnum):
    """The kind of thing that a name refers to."""

    PERSON = 0
    ORGANIZATION = 1
    LOCATION = 2
    OTHER = 3


PRONOUNS: Final[Mapping[str, Anaphor]] = {
    word: anaphor
    for anaphor, words in {
        Anaphor.HE: "he him his himself",
        Anaphor.SHE: "she her hers herself",
        Anaphor.IT: "it its itself",
        Anaphor.THEY: "they them their theirs themselves",
        Anaphor.I: "i me my mine myself",
        Anaphor.WE: "we us our ours ourselves",
        Anaphor.YOU: "you your yours yourself yourselves",
    }.items()
    for word in word_set(words)
}
# Third-person pronouns for persons.
PERSONAL: Final = frozenset(word for word, anaphor in PRONOUNS.items() if anaphor <= Anaphor.SHE)
# Speakers and those addressed: their pronouns are resolved last, to the speaker of the words around them.
SPEECH_CLASSES: Final = frozenset({Anaphor.I, Anaphor.WE, Anaphor.YOU})
_REFERENTS: Final = {
    EntityType.PERSON: Referent.PERSON,
    EntityType.ORGANIZATION: Referent.ORGANIZATION,
    EntityType.LOCATION: Referent.LOCATION,
}
_GENDERS: Final = {"": Gender.UNKNOWN, "m": Gender.MALE, "f": Gender.FEMALE}
# Names that nothing refers back to.
_IGNORED_TYPES: Final = frozenset({EntityType.DATE, EntityType.MONEY, EntityType.NORP})


@dataclass(frozen=True, slots=True)
class Mention:
    """One mention.

    ``anaphor`` is its class, DESCRIPTION for names as well. ``entity`` is the key of the
    entity of a name, or of a description that rules have resolved, else None.
    ``sentence`` and ``paragraph`` are numbers, ``quotation`` the number of the quotation around it or -1.
    ``enclosing_source`` is the source of the content around it, ``in_source`` whether it is in a source itself.
    ``earlier_names`` counts the same name before it, up to 4.
    """

    span: TokenSpan
    form: Form
    anaphor: Anaphor
    referent: Referent
    gender: Gender
    entity: int | None
    sentence: int
    paragraph: int
    quotation: int
    enclosing_source: TokenSpan | None
    in_source: bool
    earlier_names: int = 0


class MentionReader:
    """Reads the mentions of one article."""

    def __init__(
        self,
        tokens: Tokens,
        entities: Sequence[EntityRecord],
        attributions: Sequence[AttributionRecord],
        quotations: Sequence[tuple[int, int]],
    ) -> None:
        """Index sentences, quotations and sources. ``quotations`` are spans of tokens in text order."""
        self._tokens = tokens
        self._entities = entities
        self._sentences, self._paragraphs = _number_sentences(tokens)
        self._quotations = quotations
        self._quotation_starts = [start for start, _ in quotations]
        self._source_around: dict[int, TokenSpan] = {}
        self._in_sources: set[int] = set()
        for attribution in attributions:
            source = attribution.source
            if source is None and attribution.follows is not None:
                source = attributions[attribution.follows].source
            if source is None:
                continue
            self._in_sources.update(range(*source))
            for part in attribution.content:
                self._source_around.update(dict.fromkeys(range(*part), source))

    def read(
        self, names: Iterable[tuple[TokenSpan, int]], descriptions: Mapping[TokenSpan, int | None]
    ) -> list[Mention]:
        """Return the mentions in text order.

        ``names`` are spans with the keys of their entities, ``descriptions`` spans with a key where it is known. A
        description that is a name is left out, and so are names of dates, amounts and peoples.
        """
        mentions: dict[TokenSpan, Mention] = {}
        counts: dict[str, int] = {}
        for span, key in names:
            entity = self._entities[key]
            if entity.type in _IGNORED_TYPES:
                continue
            text = " ".join(self._tokens.words[span.start : span.end])
            mentions[span] = self._mention(
                span,
                Form.NAME,
                Anaphor.DESCRIPTION,
                _REFERENTS.get(entity.type, Referent.OTHER),
                name_gender(text, self._tokens.at(span.start - 1)),
                key,
                min(counts.get(text, 0), 4),
            )
            counts[text] = counts.get(text, 0) + 1
        for span, known_key in descriptions.items():
            if span not in mentions:
                mentions[span] = self._mention(span, Form.DESCRIPTION, Anaphor.DESCRIPTION, entity=known_key)
        for i, word in enumerate(self._tokens.lower):
            anaphor = PRONOUNS.get(word)
            if anaphor is not None and self._tokens.words[i] != "US":
                mentions[TokenSpan(i, i + 1)] = self._mention(TokenSpan(i, i + 1), Form.PRONOUN, anaphor)
        return [mentions[span] for span in sorted(mentions)]

    def _mention(
        self,
        span: TokenSpan,
        form: Form,
        anaphor: Anaphor,
        referent: Referent = Referent.OTHER,
        gender: Gender = Gender.UNKNOWN,
        entity: int | None = None,
        earlier_names: int = 0,
    ) -> Mention:
        i = span.start
        return Mention(
            span=span,
            form=form,
            anaphor=anaphor,
            referent=referent,
            gender=gender,
            entity=entity,
            sentence=self._sentences[i],
            paragraph=self._paragraphs[i],
            quotation=self._quotation_at(i),
            enclosing_source=self._source_around.get(i),
            in_source=i in self._in_sources,
            earlier_names=earlier_names,
        )

    def _quotation_at(self, i: int) -> int:
        """Return the index of the quotation around token ``i``, or -1."""
        k = bisect_right(self._quotation_starts, i) - 1
        return k if k >= 0 and self._quotations[k][1] > i else -1


def name_gender(name: str, word_before: str) -> Gender:
    """Return the gender that a name shows: by the title before or in it, else by the given name."""
    title = title_gender(word_before) or title_gender(name.partition(" ")[0].lower())
    return _GENDERS[title or given_name_gender(name)]


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
