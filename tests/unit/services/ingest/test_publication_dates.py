from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from services.contracts import Article
from services.ingest.publication_dates import without_implausible_date
from services.settings import Limits

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
LIMITS = Limits(published_from=date(1900, 1, 1), published_ahead_days=2)


def published(at: object) -> Article:
    return Article.model_validate({"body": "The minister said no.", "published_at": at})


@pytest.mark.parametrize(
    "at", [None, "1900-01-01T00:00:00Z", "2026-11-28T11:00:00-01:00", "2026-11-30T12:00:00Z", "1970-01-01T00:00:00Z"]
)
def test_date_within_the_limits_stays_without_a_warning(at: str | None) -> None:
    article = published(at)
    assert without_implausible_date(article, LIMITS, NOW) == (article, ())


@pytest.mark.parametrize(
    ("at", "reason"),
    [
        ("0001-01-01T00:00:00Z", "is before 1900-01-01"),
        ("1900-01-01T00:30:00+01:00", "is before 1900-01-01"),
        ("2026-11-30T12:00:01Z", "is more than 2 days in the future"),
        ("9999-12-31T23:59:59.9999Z", "is more than 2 days in the future"),
    ],
)
def test_date_outside_the_limits_is_left_out_with_a_warning(at: str, reason: str) -> None:
    article, [warning] = without_implausible_date(published(at), LIMITS, NOW)
    assert article.published_at is None
    assert article.body == "The minister said no."
    assert warning.code == "date_implausible"
    assert warning.detail.startswith("published_at: ")
    assert reason in warning.detail


def test_default_limits_allow_every_newspaper_and_an_embargo_of_a_year() -> None:
    for at in (datetime(1605, 6, 1, tzinfo=UTC), NOW + timedelta(days=365)):
        assert without_implausible_date(published(at), Limits(), NOW)[1] == ()
