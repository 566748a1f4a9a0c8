"""The descriptions of an article: explained by its sentences, resolved by rule, or left to the head."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workers.coreference.appositions import AppositionReader
from workers.coreference.definite_descriptions import KIND_OF_TYPE, DescriptionResolver, Names, is_title
from workers.coreference.mentions import Gender, name_gender
from workers.coreference.noun_phrases import POSSESSIVE_PRONOUNS, Kind, NounPhrase, NounPhraseReader, Opening
from workers.doc.records import TokenSpan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spacy.tokens import Doc

    from workers.doc.records import EntityRecord
    from workers.doc.tokens import Tokens


@dataclass(slots=True)
class Descriptions:
    """The descriptions of an article.

    ``descriptions`` are their spans, up to the head, with the entity or None where the head must decide; ``wholes`` the
    spans with the complement of the head; ``subjects`` the spans of predicates with the pronoun that is their subject.
    ``kinds`` is what the head of a description can stand for, ``possessors`` the pronoun before it ("his deputy") and
    ``owners`` the entities named in it ("Kemp's deputy"), which it does not refer to. ``indefinite`` are the
    descriptions of somebody new ("a neighbour") by first token.
    """

    descriptions: dict[TokenSpan, int | None] = field(default_factory=dict)
    wholes: dict[TokenSpan, TokenSpan] = field(default_factory=dict)
    subjects: dict[TokenSpan, int] = field(default_factory=dict)
    kinds: dict[TokenSpan, Kind] = field(default_factory=dict)
    possessors: dict[TokenSpan, TokenSpan] = field(default_factory=dict)
    owners: dict[TokenSpan, frozenset[int]] = field(default_factory=dict)
    indefinite: dict[int, NounPhrase] = field(default_factory=dict)

    def allows(self, span: TokenSpan, entity: EntityRecord, possessor: int | None) -> bool:
        """Return whether a description may refer to an entity, given the entity of the pronoun before it."""
        if span not in self.kinds:
            return True
        is_kind = bool(self.kinds[span] & KIND_OF_TYPE.get(entity.type, Kind(0)))
        return is_kind and entity.key != possessor and entity.key not in self.owners.get(span, ())


def read_descriptions(
    doc: Doc, tokens: Tokens, entities: Sequence[EntityRecord], names: Sequence[TokenSpan], keys: Sequence[int]
) -> Descriptions:
    """Return the descriptions of an article, and complete the roles of ``entities``; none without an encoder.

    ``names`` are the spans of the names in text order, ``keys`` their entities.
    """
    if doc._.encoded is None:
        return Descriptions()
    reader = NounPhraseReader(tokens, doc._.encoded, names)
    phrases = list(reader.read())
    stated = AppositionReader(tokens, reader, entities, names, keys).read(phrases)
    for key, roles in stated.roles.items():
        _complete_roles(entities[key], roles)
    result = Descriptions(descriptions=dict(stated.mentions), subjects=stated.subjects)
    explained = {span.start for span in (*stated.mentions, *stated.subjects)}
    resolver = DescriptionResolver(
        tokens,
        entities,
        Names(
            names, keys, {entity.key: entity.roles for entity in entities}, stated.ages, _genders(tokens, names, keys)
        ),
    )
    key_at = {name.start: key for name, key in zip(names, keys, strict=True)}
    for phrase in phrases:
        if phrase.span.start in explained or phrase.span in stated.before_names:
            continue
        known = resolver.resolve(phrase)
        if phrase.opening is Opening.BARE and (known is None or not is_title(tokens, phrase.span)):
            continue
        if phrase.opening is Opening.INDEFINITE and known is None:
            result.indefinite[phrase.span.start] = phrase
            continue
        result.descriptions[phrase.span] = known
        result.wholes[phrase.span] = phrase.whole
        result.kinds[phrase.span] = phrase.kind
        start, head = phrase.span.start, phrase.span.end - 1
        if tokens.lower[start] in POSSESSIVE_PRONOUNS:
            result.possessors[phrase.span] = TokenSpan(start, start + 1)
        result.owners[phrase.span] = frozenset(key_at[i] for i in range(start, head) if i in key_at)
    return result


def _complete_roles(entity: EntityRecord, roles: Sequence[str]) -> None:
    """Put the roles before those that say less: "charity boss" before "boss"."""
    words = [set(role.split()) for role in roles]
    others = [role for role in entity.roles if not any(set(role.split()) <= each for each in words)]
    entity.roles = (*roles, *others)


def _genders(tokens: Tokens, names: Sequence[TokenSpan], keys: Sequence[int]) -> dict[int, Gender]:
    genders: dict[int, Gender] = {}
    for name, key in zip(names, keys, strict=True):
        gender = name_gender(" ".join(tokens.words[name.start : name.end]), tokens.at(name.start - 1))
        if gender and not genders.get(key):
            genders[key] = gender
    return genders
