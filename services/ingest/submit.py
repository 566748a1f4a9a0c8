"""The way of a pushed article into the ledger, without HTTP: feed permissions, admission control, rate limits."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from services.access.rate_limiter import RateLimiter
from services.caller import Caller
from services.contracts import Article, MediaType, Warned
from services.errors import Forbidden, InvalidInput, Refused, StancewireError, TextTooLong
from services.feeds.store import Feed, FeedCache
from services.ingest.admission import AdmissionControl
from services.ingest.metadata import bound_metadata
from services.ingest.publication_dates import without_implausible_date
from services.jobs.accept import Acceptance, IdempotencyKey
from services.jobs.acceptor import Acceptor
from services.settings import Limits

BATCH_SCOPE: Final = "*batch"  # takes the place of a feed in the scope of a batch's idempotency key; not a feed's name


@dataclass(frozen=True, slots=True)
class Intake:
    """The parts of this process that a push passes on its way into the ledger."""

    acceptor: Acceptor
    admission: AdmissionControl
    feed_cache: FeedCache
    feed_rate_limiter: RateLimiter
    limits: Limits


def submit(
    intake: Intake, batch: Sequence[Article], caller: Caller, key: IdempotencyKey | None = None
) -> list[Acceptance | StancewireError]:
    """Admit articles and accept them into the ledger, in one transaction. Return one answer for each, in order.

    An article with a date of publication that nobody can mean is accepted without it, and one with too much metadata
    without part of it; its answer has a warning.
    An error in the list refuses that article alone: `Forbidden` (feed), `InvalidInput` (embargo too far) or `Refused`
    (feed paused, full or too fast).
    Raises `Refused` while intake is closed to all, `KeyReused` and `StoreUnavailable`; then nothing was accepted.
    """
    intake.admission.check_intake()
    names = {article.feed for article in batch}
    refusals: dict[str, StancewireError] = {
        name: Forbidden(f"the key may not push to the feed {name!r}", code="feed_forbidden")
        for name in names
        if not caller.sees(name)
    }
    feeds = intake.feed_cache.of(names - refusals.keys(), caller)
    refusals |= intake.admission.record_feed_refusals(feeds, {name: feed.queued_limit for name, feed in feeds.items()})
    now = datetime.now(UTC)
    errors = [
        refusals.get(article.feed)
        or _embargo_refusal(article, intake.limits, now)
        or _rate_refusal(intake, feeds[article.feed])
        for article in batch
    ]
    admitted = [
        _within_limits(article, intake.limits, now)
        for article, error in zip(batch, errors, strict=True)
        if error is None
    ]
    acceptances = iter(_accept(intake.acceptor, admitted, key) if admitted else ())
    return [next(acceptances) if error is None else error for error in errors]


def _within_limits(article: Article, limits: Limits, now: datetime) -> tuple[Article, tuple[Warned, ...]]:
    """Return the article without what exceeds the limits and is not needed for its analysis, and warnings."""
    article, date_warnings = without_implausible_date(article, limits, now)
    article, metadata_warnings = bound_metadata(article, limits)
    return article, date_warnings + metadata_warnings


def _accept(
    acceptor: Acceptor, admitted: Sequence[tuple[Article, tuple[Warned, ...]]], key: IdempotencyKey | None
) -> list[Acceptance]:
    """Accept articles into the ledger, and add to each answer the warnings that belong to its article."""
    answers = acceptor.accept([article for article, _ in admitted], key)
    return [
        replace(answer, warnings=answer.warnings + warnings)
        for answer, (_, warnings) in zip(answers, admitted, strict=True)
    ]


def assign_home_feed(article: Article, caller: Caller) -> Article:
    """Return the article with the caller's only feed, if the article names none and the caller has exactly one."""
    home = caller.home_feed()
    return article if home is None or "feed" in article.model_fields_set else article.model_copy(update={"feed": home})


def check_length(article: Article, limits: Limits) -> None:
    """Raise `TextTooLong` for a body whose text has more than ``limits.text_chars`` characters.

    Markup does not count, nor does white space beyond single spaces in HTML.
    """
    if len(article.body) <= limits.text_chars:
        return
    is_text = article.media_type is MediaType.TEXT
    characters = len(article.body if is_text else " ".join(article.plain_body().split()))
    if characters > limits.text_chars:
        raise TextTooLong("body", f"has {characters} characters; {limits.text_chars} are allowed")


def idempotency_key(caller: Caller, feed: str, key: str | None, body: bytes) -> IdempotencyKey | None:
    """Scope a client's ``Idempotency-Key`` to its API key and feed (or `BATCH_SCOPE`), so that senders never collide.

    None if the client sent no key.
    """
    if key is None:
        return None
    scope = hashlib.sha256(f"{caller.key_id}\x00{feed}".encode()).hexdigest()[:40]
    return IdempotencyKey(scope, key, hashlib.sha256(body).hexdigest())


def _embargo_refusal(article: Article, limits: Limits, now: datetime) -> InvalidInput | None:
    """Return the refusal of an article whose embargo ends too far in the future."""
    if article.embargoed is None or article.embargoed - now <= timedelta(days=limits.embargo_days):
        return None
    reason = f"{article.embargoed.isoformat()} is more than {limits.embargo_days:g} days in the future"
    return InvalidInput("embargoed", reason)


def _rate_refusal(intake: Intake, feed: Feed) -> Refused | None:
    """Return the refusal (429) of an article that exceeds its feed's rate at this moment."""
    wait_s = intake.feed_rate_limiter.take(feed.name, feed.rate_per_s or 0)
    if not wait_s:
        return None
    detail = f"feed {feed.name!r} may push {feed.rate_per_s:g} articles a second"
    return Refused(detail, code="feed_rate", status=429, retry_after=math.ceil(wait_s))
