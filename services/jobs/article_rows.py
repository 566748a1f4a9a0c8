"""Articles as the ledger stores them: their identity, their rows, and the answers that senders get."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from uuid_utils.compat import uuid7

from services.contracts import Article, JobState, PubStatus, Warned, ledger_time
from services.jobs.queries import JobRecord


@dataclass(frozen=True, slots=True)
class Acceptance:
    """The answer to one article. ``created`` is false if the article was already stored.

    ``job`` is the new job as it was stored; None if only the database knows it.
    """

    job_id: UUID
    article_id: UUID
    state: JobState
    revision: int
    created: bool
    warnings: tuple[Warned, ...] = ()
    job: JobRecord | None = field(default=None, compare=False)


@dataclass(slots=True)
class KnownArticle:
    """An article that is stored, answered with its newest job. Times are in ms.

    ``withdrawn`` is why it is withdrawn, or None if it is not.
    """

    answer: Acceptance
    pubstatus: PubStatus
    published_at: int | None
    embargoed: int | None
    withdrawn: str | None = None


@dataclass(slots=True)
class KnownRevisions:
    """The stored revisions of one identity, by content hash, and the highest revision number."""

    by_content: dict[str, KnownArticle] = field(default_factory=dict)
    highest: int = 0


@dataclass(frozen=True, slots=True)
class PushedArticle:
    """An article with its identity and content hash, each computed once, and the trace of its push."""

    article: Article
    identity: str
    content: str
    traceparent: str | None

    @classmethod
    def of(cls, article: Article, traceparent: str | None) -> Self:
        """Return an article of a push."""
        content = article.content_hash()
        return cls(article, identity_of(article, content), content, traceparent)


def identity_of(article: Article, content: str | None = None) -> str:
    """Return the SHA-256 (hex) over feed, guid or content hash, and version or content hash.

    Articles with the same value are the same article. A cancellation has an identity of its own, since it often repeats
    version and text of the story. ``content`` is the content hash, if the caller has it.
    """
    content = content or article.content_hash()
    parts = [article.feed, article.guid or f"content:{content}", article.version or f"content:{content}"]
    if article.pubstatus is PubStatus.CANCELED:
        parts.append(article.pubstatus)
    return hashlib.sha256("\x00".join(parts).encode()).hexdigest()


def new_acceptance(article: Article, revision: int) -> Acceptance:
    """Return the answer to an article that is new."""
    warnings: tuple[Warned, ...] = ()
    if revision > 1 and article.pubstatus is not PubStatus.CANCELED:
        name = f"version {article.version!r} of guid {article.guid!r}"
        detail = f"{name} was pushed before with other content; accepted as revision {revision}"
        warnings = (Warned(code="content_changed", detail=detail),)
    return Acceptance(uuid7(), uuid7(), JobState.QUEUED, revision, created=True, warnings=warnings)


def article_row(pushed: PushedArticle, answer: Acceptance, now: int) -> dict[str, Any]:
    """Return the row of a new article, received at ``now`` (ms)."""
    article, content = pushed.article, pushed.content
    return {
        "id": answer.article_id,
        "feed": article.feed,
        "guid": article.guid,
        "version": article.version or content,
        "revision": answer.revision,
        "identity": pushed.identity,
        "content_hash": content,
        "url": article.url,
        "title": article.title,
        "byline": article.byline,
        "language": article.language,
        "published_at": _milliseconds(article.published_at),
        "pubstatus": article.pubstatus,
        "embargoed": _milliseconds(article.embargoed),
        "versioncreated": _milliseconds(article.versioncreated),
        "evolvedfrom": article.evolvedfrom,
        "strand": 0,
        "withdrawn_at": None,
        "withdrawn_reason": None,
        "media_type": article.media_type,
        # ASCII, since the metadata may contain characters that a database cannot store.
        "metadata": None if article.metadata is None else json.dumps(article.metadata),
        "body": article.body,
        "received_at": now,
    }


def job_row(pushed: PushedArticle, answer: Acceptance, now: int) -> dict[str, Any]:
    """Return the row of its first job."""
    article = pushed.article
    return {
        "id": answer.job_id,
        "article_id": answer.article_id,
        "analysis": 1,
        "feed": article.feed,
        "words": article.word_count(),
        "state": JobState.QUEUED,
        "reason_code": None,
        "reason_detail": None,
        "finished_at": None,
        "next_run_at": now,
        "created_at": now,
        "queued_at": now,
        "traceparent": pushed.traceparent,
    }


def _milliseconds(moment: datetime | None) -> int | None:
    return None if moment is None else ledger_time(moment)
