"""Links the article of a result with the story whose copies its text resembles.

Called in the transaction that stores the result, after its sequence was taken: results are committed one after
another (decision 5), so of two copies that are stored at the same moment the second one sees the first (decision 20).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, Connection, bindparam, delete, insert, select, union_all, update
from uuid_utils.compat import uuid7

from services.database.engine import now_ms
from services.database.tables import articles, fingerprint_bands, fingerprints, jobs, results
from services.settings import Stories
from services.stories.fingerprint import BANDS, Fingerprint

_BAND_ROWS: Final = 50  # newest texts of a band that are considered: texts written from a form share their bands
_COMPARED: Final = 20  # of those, the ones with the most bands in common are compared
_DAY_MS: Final = 86_400_000
# Two versions under one guid are one story, unless their texts have less than this in common.
_UNRELATED: Final = 0.05
_FORGOTTEN: Final = 2  # expired texts that are forgotten with each that is remembered


@dataclass(frozen=True, slots=True)
class TextKeys:
    """The keys by which a text is recognised.

    fingerprint: None if the text is too short for one.
    analysis_key: the hash of everything that its analysis depends on, or None if analyses are not reused.
    """

    fingerprint: Fingerprint | None
    analysis_key: str | None = None


@dataclass(frozen=True, slots=True)
class StoryLink:
    """The story of an article, and the similarity to the nearest copy; None for the first copy, or if unknown."""

    story_id: UUID
    similarity: float | None


def link(connection: Connection, article_id: UUID, keys: TextKeys, settings: Stories) -> StoryLink:
    """Return the story of an article that is being stored, and write it to the article's row.

    An article that was analysed before keeps its story.
    """
    article = connection.execute(_ARTICLE, {"article": article_id}).one()
    if article.story_id is not None:
        return StoryLink(article.story_id, article.similarity)
    linked = (
        _story_of_earlier_version(connection, article, keys.fingerprint)
        or (_story_of_copies(connection, keys.fingerprint, settings) if keys.fingerprint is not None else None)
        or StoryLink(uuid7(), None)
    )
    values = {"article": article_id, "story": linked.story_id, "nearest": linked.similarity}
    connection.execute(_LINK, values)
    return linked


def remember(connection: Connection, sequence: int, story_id: UUID, keys: TextKeys, settings: Stories) -> None:
    """Remember the text of a stored result, so that its copies are recognised, and forget some expired ones."""
    connection.execute(_FORGET, {"window_ms": _window_ms(settings)})
    fingerprint = keys.fingerprint
    if fingerprint is None and keys.analysis_key is None:
        return
    row = {
        "sequence": sequence,
        "story_id": story_id,
        "method": fingerprint.method if fingerprint else "",
        "minima": fingerprint.to_bytes() if fingerprint else b"",
        "analysis_key": keys.analysis_key,
    }
    connection.execute(_REMEMBER, row)
    if fingerprint is not None:
        bands = sorted(set(fingerprint.bands()))
        connection.execute(_NEW_BANDS, [{"band": band, "sequence": sequence} for band in bands])


def _story_of_earlier_version(
    connection: Connection, article: Any, fingerprint: Fingerprint | None
) -> StoryLink | None:
    if article.guid is None:
        return None
    earlier = connection.execute(_EARLIER_VERSION, {"of_guid": article.guid, "of_feed": article.feed}).first()
    if earlier is None:
        return None
    similarity = _similarity(fingerprint, earlier)
    return None if similarity is not None and similarity < _UNRELATED else StoryLink(earlier.story_id, similarity)


def _newest_of_band(number: int) -> Any:
    newest = (
        select(fingerprint_bands.c.sequence)
        .where(fingerprint_bands.c.band == bindparam(f"band{number}"))
        .order_by(fingerprint_bands.c.sequence.desc())
        .limit(_BAND_ROWS)
    )
    return select(newest.subquery().c.sequence)


# Statements for every result are built once: building them takes longer than executing them.
_CANDIDATES: Final = union_all(*map(_newest_of_band, range(BANDS)))
_ARTICLE: Final = select(articles.c.feed, articles.c.guid, articles.c.story_id, articles.c.similarity).where(
    articles.c.id == bindparam("article")
)
_LINK: Final = (
    update(articles)
    .where(articles.c.id == bindparam("article"))
    .values(story_id=bindparam("story"), similarity=bindparam("nearest"))
)
_WINDOW_START: Final = now_ms() - bindparam("window_ms", type_=BigInteger())
_FORGET: Final = delete(fingerprints).where(
    fingerprints.c.sequence.in_(
        select(fingerprints.c.sequence)
        .where(fingerprints.c.remembered_at < _WINDOW_START)
        .order_by(fingerprints.c.remembered_at)
        .limit(_FORGOTTEN)
    )
)
_REMEMBER: Final = insert(fingerprints).values(remembered_at=now_ms())
_NEW_BANDS: Final = insert(fingerprint_bands)
_EARLIER_VERSION: Final = (
    select(articles.c.story_id, fingerprints.c.method, fingerprints.c.minima)
    .join(jobs, jobs.c.article_id == articles.c.id)
    .join(results, results.c.job_id == jobs.c.id)
    .outerjoin(fingerprints, fingerprints.c.sequence == results.c.sequence)
    .where(
        articles.c.guid == bindparam("of_guid"),
        articles.c.feed == bindparam("of_feed"),
        articles.c.story_id.is_not(None),
    )
    .order_by(articles.c.received_at.desc(), articles.c.id.desc(), results.c.sequence.desc())
    .limit(1)
)
_REMEMBERED: Final = select(
    fingerprints.c.story_id, fingerprints.c.method, fingerprints.c.minima, fingerprints.c.sequence
).where(
    fingerprints.c.sequence.in_(bindparam("compared", expanding=True)),
    fingerprints.c.remembered_at >= _WINDOW_START,
)


def _story_of_copies(connection: Connection, fingerprint: Fingerprint, settings: Stories) -> StoryLink | None:
    """Return the story of the most similar remembered text, if that is similar enough; of equal ones the newest."""
    bands = {f"band{number}": band for number, band in enumerate(fingerprint.bands())}
    shared = Counter(connection.execute(_CANDIDATES, bands).scalars())
    if not shared:
        return None
    compared = sorted(shared, key=lambda sequence: (shared[sequence], sequence), reverse=True)[:_COMPARED]
    remembered = connection.execute(_REMEMBERED, {"compared": compared, "window_ms": _window_ms(settings)}).all()
    ranked = [(similarity, row) for row in remembered if (similarity := _similarity(fingerprint, row)) is not None]
    if not ranked:
        return None
    similarity, nearest = max(ranked, key=lambda pair: (pair[0], pair[1].sequence))
    return StoryLink(nearest.story_id, similarity) if similarity >= settings.similarity else None


def _window_ms(settings: Stories) -> int:
    return int(settings.window_days * _DAY_MS)


def _similarity(fingerprint: Fingerprint | None, row: Any) -> float | None:
    """Return the similarity to a remembered text, or None if the two cannot be compared."""
    if fingerprint is None or row.method != fingerprint.method:
        return None
    return fingerprint.similarity(Fingerprint.from_bytes(row.method, row.minima))
