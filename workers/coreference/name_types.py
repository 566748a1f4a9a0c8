"""One type for each name: the model may take one mention of a name for a person and another for a body."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from services.contracts import EntityType
from workers.coreference.persons import PersonName
from workers.english import gazetteer
from workers.english.name_forms import PARTICLES, given_name_gender, normalize_name

if TYPE_CHECKING:
    from spacy.tokens import Doc

_AMOUNTS: Final = frozenset({EntityType.DATE, EntityType.MONEY})


class NameTypes:
    """The type of each name of an article."""

    def __init__(self, doc: Doc) -> None:
        """Count the types of all names of ``doc.ents``, and read the words of persons' full names."""
        self._counts: dict[str, Counter[EntityType]] = {}
        self._person_words: set[str] = set()
        self._surnames: set[str] = set()  # persons' names of one word
        self._nicknames: set[tuple[str, ...]] = set()
        for ent in doc.ents:
            text = " ".join(ent.text.split())
            normalised, entity_type = normalize_name(text), EntityType(ent.label_)
            self._counts.setdefault(normalised, Counter())[entity_type] += 1
            words = normalised.split()
            if entity_type is EntityType.PERSON and len(words) == 1:
                self._surnames.add(normalised)
            if entity_type is EntityType.PERSON and len(words) > 1:
                self._nicknames.add(PersonName.of(text).nickname)
                self._person_words.update(word for word in (words[0], words[-1]) if word not in PARTICLES)

    def of(self, text: str, given: EntityType) -> EntityType:
        """Return the type of the name ``text``, of which one mention has the type ``given``.

        A place and a person may share a name, if the place is a known one; other names have the type that most of
        their mentions have.
        """
        normalised = normalize_name(text)
        counts = self._counts.get(normalised, Counter({given: 1}))
        is_place = text in gazetteer.places() or text in gazetteer.peoples()
        if given not in _AMOUNTS and not is_place and self._is_person(normalised):
            return EntityType.PERSON
        if text in gazetteer.peoples() and (EntityType.NORP in counts or given is EntityType.PERSON):
            return given if normalised in self._person_words else EntityType.NORP
        if is_place and EntityType.PERSON in counts and given in {EntityType.PERSON, EntityType.LOCATION}:
            return given
        # Of types that are as frequent, a person goes first, then the one that the article has first.
        return max(counts, key=lambda kind: (counts[kind], kind is EntityType.PERSON))

    def _is_person(self, normalised: str) -> bool:
        """Return whether the article shows a name to be a person's.

        It is a word at an end of a person's full name, or the nickname; or it is a given name with a person's surname.
        """
        if normalised in self._person_words or PersonName.of(normalised).words in self._nicknames:
            return True
        words = normalised.split()
        return len(words) > 1 and bool(given_name_gender(words[0].title())) and words[-1] in self._surnames
