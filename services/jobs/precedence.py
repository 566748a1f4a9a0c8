"""Which version of a guid is in force: the latest that was accepted, and the fate of one that arrives now.

Versions may arrive in any order, and so may the news that a story is canceled or withheld.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum, auto
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Connection, Select, bindparam, func, or_, select, text

from services.contracts import Article, JobState, PubStatus, instant
from services.contracts.versions import Version, compare_versions
from services.database.engine import Database
from services.database.tables import articles, jobs

SUPERSEDED: Final = "superseded"  # reason code of a job whose article is not read, since a later version is in force
_LOOKUP_CHUNK: Final = 500
_LOCK: Final = text("SELECT pg_advisory_xact_lock(key) FROM unnest(:keys) AS key").bindparams(
    bindparam("keys", type_=ARRAY(BigInteger))
)

Guid = tuple[str, str]  # feed and guid


class Verdict(StrEnum):
    """The fate of an article that arrives under a guid."""

    ACCEPTED = auto()  # read now, or when its hold ends
    SUPERSEDED = auto()  # a later version was accepted before
    CANCELED = auto()  # the story is canceled, and this is not known to be a later version


@dataclass(slots=True)
class Latest:
    """The version of a guid that is in force. ``is_alone``: no other was accepted."""

    job_id: UUID
    state: JobState
    version: Version
    pubstatus: PubStatus
    is_alone: bool


def guid_of(article: Article) -> Guid | None:
    """Return the feed and the guid of an article, or None without a guid."""
    return None if article.guid is None else (article.feed, article.guid)


def version_of(article: Article) -> Version:
    """Return what the sender says about the article's version."""
    return Version(article.version, article.versioncreated)


def judge(article: Article, latest: Latest | None) -> Verdict:
    """Return what becomes of an article that was not pushed before, given the version of its guid that is in force."""
    if latest is None:
        return Verdict.ACCEPTED
    order = compare_versions(version_of(article), latest.version)
    if order == -1:
        return Verdict.SUPERSEDED
    if latest.pubstatus is not PubStatus.CANCELED or article.pubstatus is PubStatus.CANCELED or order == 1:
        return Verdict.ACCEPTED
    # Without comparable versions, an article is later than a cancellation only if that canceled another article.
    # Otherwise the cancellation overtook this article and means it.
    return Verdict.ACCEPTED if order is None and not latest.is_alone else Verdict.CANCELED


def is_unordered(article: Article, latest: Latest) -> bool:
    """Return whether the sender gave no versions, so that the texts have to show whether the story is the same."""
    return not any((*version_of(article), *latest.version)) and latest.pubstatus is PubStatus.USABLE


def lock(connection: Connection, database: Database, guids: Iterable[Guid]) -> None:
    """Wait until no other transaction works on these guids. SQLite has one writer anyway."""
    if database.dialect == "postgresql":
        hashes = {hashlib.sha256("\x00".join(guid).encode()).digest() for guid in guids}
        keys = sorted(int.from_bytes(digest[:8], signed=True) for digest in hashes)  # in one order for all
        connection.execute(_LOCK, {"keys": keys})


def read_latest(connection: Connection, guids: Collection[Guid]) -> dict[Guid, Latest]:
    """Return the version in force of each guid that has one: the one accepted last, not counting superseded ones."""
    latest: dict[Guid, Latest] = {}
    ordered = sorted(guids)
    for start in range(0, len(ordered), _LOOKUP_CHUNK):
        chunk = ordered[start : start + _LOOKUP_CHUNK]
        names = {"guids": list({guid for _, guid in chunk}), "feeds": list({feed for feed, _ in chunk})}
        for row in connection.execute(_LATEST, names):
            latest[row.feed, row.guid] = _latest(row)
    return latest


def _latest_query() -> Select[Any]:
    """Select the version in force of the parameters ``guids`` and ``feeds``."""
    same_guid = [articles.c.feed, articles.c.guid]
    age = func.row_number().over(partition_by=same_guid, order_by=[articles.c.received_at.desc(), articles.c.id.desc()])
    columns = ("feed", "guid", "version", "content_hash", "versioncreated", "pubstatus")
    accepted = (
        select(*(articles.c[name] for name in columns))
        .add_columns(jobs.c.id.label("job_id"), jobs.c.state)
        .add_columns(age.label("age"), func.count().over(partition_by=same_guid).label("number"))
        .join(jobs, (jobs.c.article_id == articles.c.id) & (jobs.c.analysis == 1))
        .where(articles.c.guid.in_(bindparam("guids", expanding=True)))
        .where(articles.c.feed.in_(bindparam("feeds", expanding=True)))
        .where(or_(jobs.c.reason_code.is_(None), jobs.c.reason_code != SUPERSEDED))
        .subquery()
    )
    return select(accepted).where(accepted.c.age == 1)


_LATEST: Final = _latest_query()  # built once: building it takes longer than executing it


def _latest(row: Any) -> Latest:
    created = None if row.versioncreated is None else instant(row.versioncreated)
    return Latest(
        job_id=row.job_id,
        state=JobState(row.state),
        version=Version(None if row.version == row.content_hash else row.version, created),
        pubstatus=PubStatus(row.pubstatus),
        is_alone=row.number == 1,
    )
