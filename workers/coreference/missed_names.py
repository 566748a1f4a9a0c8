"""Words that an article uses as names and that the entity stage has passed over: candidates for pronouns, and nothing more.

A party to a case ("Petitioner"), a nickname, a given name in a family's story. Only a pronoun that is resolved
to one makes an entity of it.
"""

from __future__ import annotations

from typing import Final

from services.contracts import EntityType
from workers.doc.records import EntityRecord, TokenSpan
from workers.doc.tokens import Tokens
from workers.english import gazetteer, lexicon
from workers.entities import scores

# A capital that stands once says little.
TIMES: Final = 2


def missed(
    tokens: Tokens, names: list[TokenSpan], first_key: int
) -> tuple[list[EntityRecord], dict[int, list[TokenSpan]]]:
    """Return the names passed over: entities with keys from ``first_key``, and the places of each by its key.

    Such a name is one capitalised word outside ``names``, with none beside it, that stands at least twice,
    at least once inside a sentence, and never in small letters.
    """
    taken = bytearray(len(tokens))
    for name in names:
        taken[name.start : name.end] = b"\x01" * (name.end - name.start)
    small = {word for word in tokens.words if word[0].islower()}
    places: dict[str, list[int]] = {}
    inside: set[str] = set()
    for i, word in enumerate(tokens.words):
        if taken[i] or not word.istitle() or not word.isalpha() or word.lower() in small or _common(word):
            continue
        if (i + 1 < len(tokens) and _capital(tokens, taken, i + 1)) or (
            i > tokens.first[i] and _capital(tokens, taken, i - 1)
        ):
            continue
        places.setdefault(word, []).append(i)
        if i > tokens.first[i] and tokens.words[i - 1][0].islower():
            inside.add(word)
    entities: list[EntityRecord] = []
    found: dict[int, list[TokenSpan]] = {}
    for word, where in places.items():
        if len(where) >= TIMES and word in inside:
            key = first_key + len(entities)
            entities.append(
                EntityRecord(key, word, EntityType.MISC, scores.PRECISION[EntityType.MISC], frozenset({word.lower()}))
            )
            found[key] = [TokenSpan(i, i + 1) for i in where]
    return entities, found


def _capital(tokens: Tokens, taken: bytearray, i: int) -> bool:
    return tokens.words[i][0].isupper() and tokens.lower[i] not in lexicon.words("common") and not taken[i]


def _common(word: str) -> bool:
    return (
        word.lower() in lexicon.words("common")
        or word.lower() in lexicon.words("roles")
        or word in lexicon.words("titles")
        or word in gazetteer.peoples()
        or word in gazetteer.places()
    )
