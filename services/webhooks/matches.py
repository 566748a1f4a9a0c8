"""The data of matches: the item that a watch matched, and the fingerprint by which a repeated item is recognised."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final
from uuid import UUID

from services.contracts import instant
from services.contracts.event import MatchedAttribution, MatchedStance, WatchKind, WatchMatchedData, WatchReference
from services.results.name_keys import normalise

_CONTENT_CHARS: Final = 200  # of a statement's content, that are compared
_ARTICLE_FIELDS: Final = ("feed", "guid", "title", "url")


def article_fields(article: Any, job_id: UUID, public_url: str, *, has_result: bool) -> dict[str, Any]:
    """Return the fields of an article and its job that most events share, from a row of ``articles``."""
    path = f"/v1/jobs/{job_id}/result" if has_result else f"/v1/jobs/{job_id}"
    return {
        **{name: getattr(article, name) for name in _ARTICLE_FIELDS},
        "article_id": article.id,
        "published_at": None if article.published_at is None else instant(article.published_at),
        "job_id": job_id,
        "href": public_url.rstrip("/") + path,
    }


def match_data(kind: WatchKind, watch: WatchReference, row: Any, public_url: str, *, more: bool) -> WatchMatchedData:
    """Return the data of a match, from a row of a search."""
    match: MatchedStance | MatchedAttribution
    if kind is WatchKind.STANCES:
        names = MatchedStance.model_fields.keys() - {"kind", "id"}
        match = MatchedStance(id=row.item, **{name: getattr(row, name) for name in names})
    else:
        names = MatchedAttribution.model_fields.keys() - {"kind", "id", "attribution_kind"}
        fields = {name: getattr(row, name) for name in names}
        match = MatchedAttribution(id=row.item, attribution_kind=row.kind, **fields)
    return WatchMatchedData(
        **{name: getattr(row, name) for name in _ARTICLE_FIELDS},
        article_id=row.article_id,
        published_at=None if row.published_at is None else instant(row.published_at),
        job_id=row.job_id,
        href=f"{public_url.rstrip('/')}/v1/jobs/{row.job_id}/result",
        watch=watch,
        match=match,
        more=more,
    )


def fingerprint(kind: WatchKind, row: Any) -> str:
    """Return the SHA-256 (hex) that is the same for matches that repeat each other.

    Stances repeat each other if holder, side and target (or topic) are the same, statements if the speaker and the
    beginning of the content are. Both only within one guid of a feed, or within one article without a guid.
    """
    story = [row.feed, row.guid] if row.guid is not None else [row.feed, str(row.article_id), "article"]
    if kind is WatchKind.STANCES:
        compared = [normalise(row.holder or ""), row.stance, normalise(row.target or ""), row.topic]
    else:
        compared = [normalise(row.speaker or row.source or ""), normalise(row.content)[:_CONTENT_CHARS]]
    return hashlib.sha256(json.dumps([kind, story, compared], ensure_ascii=False).encode()).hexdigest()
