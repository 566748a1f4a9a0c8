"""Names that the entity component missed: candidates for pronouns only.

Examples are a party to a case ("Petitioner"), a nickname, a given name in a family's story. A missed name becomes an
entity only if a pronoun is resolved to it.
"""

from __future__ import annotations

from typing import Final

from services.contracts import EntityType
from workers.doc.records import EntityRecord, TokenSpan
from workers.doc.tokens import Tokens
from workers.english import gazetteer, lexicon
from workers.entities import scores

# A single capitalised word is weak evidence.
MIN_COUNT: Final = 2


def find_missed_names(
    tokens: Tokens, names: list[TokenSpan], first_key: int
) -> tuple[list[EntityRecord], dict[int, list[TokenSpan]]]:
    """Return the entities of missed names, with keys from ``first_key``, and the spans of each by its key.

    A missed name is one capitalised word outside ``names``, not next to another, that occurs at least ``MIN_COUNT``
    times, at least once inside a sentence, and never in lower case.
    """
    in_names = bytearray(len(tokens))
    for name in names:
        in_names[name.start : name.end] = b"\x01" * (name.end - name.start)
    lower_case_words = {word for word in tokens.words if word[0].islower()}
    positions: dict[str, list[int]] = {}
    inside_sentence: set[str] = set()
    for i, word in enumerate(tokens.words):
        if (
            in_names[i]
            or not word.istitle()
            or not word.isalpha()
            or word.lower() in lower_case_words
            or _is_known_word(word)
        ):
            continue
        if (i + 1 < len(tokens) and _is_capitalised(tokens, in_names, i + 1)) or (
            i > tokens.sentence_start[i] and _is_capitalised(tokens, in_names, i - 1)
        ):
            continue
        positions.setdefault(word, []).append(i)
        if i > tokens.sentence_start[i] and tokens.words[i - 1][0].islower():
            inside_sentence.add(word)
    entities: list[EntityRecord] = []
    spans: dict[int, list[TokenSpan]] = {}
    for word, tokens_of_word in positions.items():
        if len(tokens_of_word) >= MIN_COUNT and word in inside_sentence:
            key = first_key + len(entities)
            entities.append(
                EntityRecord(key, word, EntityType.PERSON, scores.PRECISION[EntityType.MISC], frozenset({word.lower()}))
            )
            spans[key] = [TokenSpan(i, i + 1) for i in tokens_of_word]
    return entities, spans


def _is_capitalised(tokens: Tokens, in_names: bytearray, i: int) -> bool:
    """Return whether token ``i`` is a capitalised word outside names that is not a common word."""
    return tokens.words[i][0].isupper() and tokens.lower[i] not in lexicon.word_list("common") and not in_names[i]


def _is_known_word(word: str) -> bool:
    """Return whether a word is a common word, a role, a title, a people or a place."""
    return (
        word.lower() in lexicon.word_list("common")
        or word.lower() in lexicon.word_list("roles")
        or word in lexicon.word_list("titles")
        or word in gazetteer.peoples()
        or word in gazetteer.places()
    )
