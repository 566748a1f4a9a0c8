"""Dates of publication that nobody can mean: such an article is accepted without a date, and the sender is warned.

Feeds fill a missing date with the first or the last one of some calendar, and a broken clock may give any other. A
refusal would lose the text for a field that its analysis does not need; keeping the date would put the article at the
end of every timeline.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from services.contracts import Article, Warned
from services.settings import Limits


def without_implausible_date(article: Article, limits: Limits, now: datetime) -> tuple[Article, tuple[Warned, ...]]:
    """Return the article, without ``published_at`` if that lies outside the limits, and the warning that says so.

    The limits are ``limits.published_from`` and ``limits.published_ahead_days`` after ``now``.
    """
    published = article.published_at
    if published is None:
        return article, ()
    earliest, ahead = limits.published_from, timedelta(days=limits.published_ahead_days)
    if published.astimezone(UTC).date() < earliest:
        reason = f"is before {earliest}"
    elif published - now > ahead:
        reason = f"is more than {limits.published_ahead_days:g} days in the future"
    else:
        return article, ()
    detail = f"published_at: {published.isoformat()} {reason}; the article was accepted without a date"
    return article.model_copy(update={"published_at": None}), (Warned(code="date_implausible", detail=detail),)
