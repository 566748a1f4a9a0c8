"""The candidates for the antecedent of each mention, and the features of the pairs.

A feature is a category, an index into the embedded features of ``workers.model.antecedent_head``. Most categories
belong to the class of the anaphor, so that the head learns what matters for "he" apart from what matters for "it".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from workers.coreference.mentions import SPEECH_CLASSES, Anaphor, Form, Gender, Mention, Referent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workers.doc.tokens import Tokens

# Mentions before an anaphor that are its candidates; the bound keeps time linear in the length of an article.
MAX_BEFORE: Final = 32
# Names after a pronoun, in its paragraph, that are candidates as well.
MAX_AFTER: Final = 4
_CLASSES: Final = len(Anaphor)
_FORMS: Final = len(Form)
# Categories by feature: distance in tokens and in sentences, rank among the candidates, what the candidate is, where
# quotations are, whether words agree, who speaks, ...
_SIZES: Final[Mapping[str, int]] = {
    "tokens": 12,
    "sentences": 7 * _CLASSES,
    "rank": 12,
    "form": _FORMS * _CLASSES,
    "pronoun": (_CLASSES + 1) * _CLASSES,
    "gender": len(Gender) * _CLASSES,
    "referent": len(Referent) * _CLASSES,
    "quotation": 5 * _CLASSES,
    "words": 5,
    "speaker": 5 * _CLASSES,
    "paragraph": 2,
    "earlier names": 5 * _CLASSES,
    "after": 2 * _CLASSES,
}
_OFFSETS: Final = dict(zip(_SIZES, np.cumsum([0, *_SIZES.values()]).tolist(), strict=False))
FEATURES: Final = sum(_SIZES.values())
_MAX_TOKENS: Final = 400
_DISTANCE_BUCKETS: Final = np.minimum(
    11,
    [d if d < 5 else 5 + int(np.log2(d / 5)) for d in range(_MAX_TOKENS + 1)],  # noqa: PLR2004  # one bucket each up to 4
)
_MAX_SENTENCES: Final = 5
_MAX_RANK: Final = 11
_UNQUOTED, _CANDIDATE_QUOTED, _SAME_QUOTATION = 0, 1, 4
_SOURCE_HERE, _OTHER_SOURCE, _BOTH_SOURCES = 1, 2, 3
_HEAD_IN_CANDIDATE, _SAME_HEAD, _SAME_WORDS, _ROLE = 1, 2, 3, 4


class Candidates(NamedTuple):
    """The pairs of an article in the order of their anaphors, and for each anaphor the range of its pairs.

    ``pairs`` [pairs, 2] are indices of mentions: anaphor and candidate; ``features`` is [pairs, features of a pair].
    """

    anaphors: list[int]
    ranges: list[tuple[int, int]]
    pairs: NDArray[np.intp]
    features: NDArray[np.intp]


def collect_candidates(tokens: Tokens, mentions: Sequence[Mention], roles: Mapping[int, frozenset[str]]) -> Candidates:
    """Return the candidates of all pronouns and descriptions. ``roles`` has the words of the roles of an entity."""
    anaphors = [x for x, mention in enumerate(mentions) if mention.entity is None]
    ranges: list[tuple[int, int]] = []
    pairs: list[tuple[int, int]] = []
    ranks: list[int] = []
    words: list[int] = []
    by_start = {mention.span.start: x for x, mention in enumerate(mentions)}
    for x in anaphors:
        chosen = candidates_of(mentions, x, by_start)
        ranges.append((len(pairs), len(pairs) + len(chosen)))
        pairs += [(x, y) for y in chosen]
        ranks += range(len(chosen))
        words += (
            [_agreement(tokens, mentions[x], mentions[y], roles) for y in chosen]
            if mentions[x].form is Form.DESCRIPTION
            else [0] * len(chosen)
        )
    indices = np.array(pairs, np.intp).reshape(-1, 2)
    if not pairs:
        return Candidates(anaphors, ranges, indices, np.empty((0, len(_SIZES)), np.intp))
    features = _features(mentions, indices, np.array(ranks, np.intp), np.array(words, np.intp))
    return Candidates(anaphors, ranges, indices, features)


def candidates_of(mentions: Sequence[Mention], x: int, by_start: Mapping[int, int]) -> list[int]:
    """Return the indices of the candidates of mention ``x``: those before it, nearest first, then those after it.

    For the first and second person, these include the source of the words around, wherever it is. They are resolved
    after all others, so they are candidates only for each other.
    """
    mention = mentions[x]
    is_speech = mention.anaphor in SPEECH_CLASSES
    chosen: list[int] = []
    for y in range(x - 1, max(-1, x - 1 - 2 * MAX_BEFORE), -1):
        other = mentions[y]
        if other.span.end <= mention.span.start and (is_speech or other.anaphor not in SPEECH_CLASSES):
            chosen.append(y)
            if len(chosen) == MAX_BEFORE:
                break
    if mention.form is Form.PRONOUN:
        after = 0
        for y in range(x + 1, min(len(mentions), x + 1 + MAX_BEFORE)):
            other = mentions[y]
            if after == MAX_AFTER or other.paragraph != mention.paragraph:
                break
            if other.form is Form.NAME and other.span.start >= mention.span.end:
                chosen.append(y)
                after += 1
        source = mention.enclosing_source
        if is_speech and source is not None:
            speaker = next((by_start[i] for i in range(*source) if i in by_start), None)
            if speaker is not None and speaker not in chosen and mentions[speaker].anaphor not in SPEECH_CLASSES:
                chosen.append(speaker)
    return chosen


def _agreement(tokens: Tokens, description: Mention, candidate: Mention, roles: Mapping[int, frozenset[str]]) -> int:
    """Return how the words of a description agree with those of a candidate, or with a person's roles."""
    head = tokens.lower[description.span.end - 1]
    words = tokens.lower[candidate.span.start : candidate.span.end]
    if words == tokens.lower[description.span.start : description.span.end]:
        return _SAME_WORDS
    if words[-1] == head:
        return _SAME_HEAD
    if head in words:
        return _HEAD_IN_CANDIDATE
    if candidate.entity is not None and head in roles.get(candidate.entity, ()):
        return _ROLE
    return 0


def _features(
    mentions: Sequence[Mention], pairs: NDArray[np.intp], ranks: NDArray[np.intp], words: NDArray[np.intp]
) -> NDArray[np.intp]:
    """Return the indices of the features of each pair, [pairs, features of a pair]."""
    rows = np.array([_row(mention) for mention in mentions], np.intp)
    start, form, anaphor, referent, gender, sentence, paragraph, quotation, first, last, in_source, earlier = rows.T
    x, y = pairs.T
    anaphor_class = anaphor[x]

    def by_class(values: NDArray[np.intp], size: int) -> NDArray[np.intp]:
        combined: NDArray[np.intp] = anaphor_class * size + values
        return combined

    pronoun = np.where(form[y] == Form.PRONOUN, anaphor[y], _CLASSES)
    quoted_x, quoted_y = quotation[x] >= 0, quotation[y] >= 0
    around = np.where(
        quoted_x & quoted_y & (quotation[x] == quotation[y]), _SAME_QUOTATION, 2 * quoted_x + 1 * quoted_y
    )
    has_source = first[x] >= 0
    is_source = has_source & (first[x] <= start[y]) & (start[y] < last[x])
    speaker = np.select(
        [is_source, has_source, (in_source[x] > 0) & (in_source[y] > 0)], [_SOURCE_HERE, _OTHER_SOURCE, _BOTH_SOURCES]
    )
    columns = {
        "tokens": _DISTANCE_BUCKETS[np.minimum(np.abs(start[x] - start[y]), _MAX_TOKENS)],
        "sentences": by_class(np.clip(sentence[x] - sentence[y], -1, _MAX_SENTENCES) + 1, 7),
        "rank": np.minimum(ranks, _MAX_RANK),
        "form": by_class(form[y], _FORMS),
        "pronoun": by_class(pronoun, _CLASSES + 1),
        "gender": by_class(gender[y], len(Gender)),
        "referent": by_class(referent[y], len(Referent)),
        "quotation": by_class(around, 5),
        "words": words,
        "speaker": by_class(speaker, 5),
        "paragraph": (paragraph[x] == paragraph[y]).astype(np.intp),
        "earlier names": by_class(earlier[y], 5),
        "after": by_class((start[y] > start[x]).astype(np.intp), 2),
    }
    indices: NDArray[np.intp] = np.stack([columns[name] + offset for name, offset in _OFFSETS.items()], 1)
    return indices


def _row(mention: Mention) -> tuple[int, ...]:
    first, last = mention.enclosing_source or (-1, -1)
    return (
        mention.span.start,
        mention.form,
        mention.anaphor,
        mention.referent,
        mention.gender,
        mention.sentence,
        mention.paragraph,
        mention.quotation,
        first,
        last,
        mention.in_source,
        mention.earlier_names,
    )
