from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.contracts import Article, PubStatus, ledger_time
from services.jobs.holds import WITHHELD_UNTIL, hold_of, hold_until

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
NOW = ledger_time(NOON)


def article(*, embargoed: datetime | None = None, pubstatus: PubStatus = PubStatus.USABLE) -> Article:
    return Article(body="She said no.", guid="g", embargoed=embargoed, pubstatus=pubstatus)


@pytest.mark.parametrize(
    "article",
    [
        article(),
        article(embargoed=NOON),
        article(embargoed=NOON - timedelta(days=1)),
        article(pubstatus=PubStatus.CANCELED),
    ],
)
def test_article_without_embargo_or_after_its_end_is_not_held(article: Article) -> None:
    assert hold_of(article, NOW) is None


def test_embargo_holds_until_its_end_and_names_it() -> None:
    hold = hold_of(article(embargoed=NOON + timedelta(milliseconds=1)), NOW)
    assert hold is not None
    assert (hold.until, hold.reason.code) == (NOW + 1, "embargoed")
    assert "2026-11-28T12:00:00Z" in hold.reason.detail


def test_withheld_story_is_held_without_an_end_even_after_an_embargo() -> None:
    hold = hold_of(article(embargoed=NOON, pubstatus=PubStatus.WITHHELD), NOW)
    assert hold is not None
    assert (hold.until, hold.reason.code) == (WITHHELD_UNTIL, "withheld")


def test_only_an_embargo_ends_by_itself() -> None:
    assert hold_until(NOON) == NOON
    assert hold_until(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)) is None
