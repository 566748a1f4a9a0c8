from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from services.contracts import Article, JobState, PubStatus
from services.contracts.versions import Version
from services.jobs.precedence import Latest, Verdict, guid_of, is_unordered, judge

USABLE, CANCELED, WITHHELD = PubStatus.USABLE, PubStatus.CANCELED, PubStatus.WITHHELD
NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


def article(version: str | None, pubstatus: PubStatus = USABLE, **fields: Any) -> Article:
    return Article(body="She said no.", guid="g", version=version, pubstatus=pubstatus, **fields)


def latest(version: str | None, pubstatus: PubStatus = USABLE, *, is_alone: bool = True) -> Latest:
    return Latest(uuid4(), JobState.QUEUED, Version(version, None), pubstatus, is_alone)


@pytest.mark.parametrize(
    ("version", "pubstatus", "in_force", "is_alone", "verdict"),
    [
        ("2", USABLE, ("1", USABLE), True, Verdict.ACCEPTED),
        ("1", USABLE, ("2", USABLE), True, Verdict.SUPERSEDED),
        ("1", CANCELED, ("2", USABLE), True, Verdict.SUPERSEDED),
        ("1", USABLE, ("2", CANCELED), False, Verdict.SUPERSEDED),
        ("2", USABLE, ("1", CANCELED), True, Verdict.ACCEPTED),
        ("2", USABLE, ("2", CANCELED), False, Verdict.CANCELED),
        ("2", CANCELED, ("2", CANCELED), True, Verdict.ACCEPTED),
        ("2", USABLE, ("2", WITHHELD), True, Verdict.ACCEPTED),
        (None, USABLE, (None, USABLE), True, Verdict.ACCEPTED),
        (None, USABLE, (None, CANCELED), True, Verdict.CANCELED),  # the cancellation overtook its article
        (None, USABLE, (None, CANCELED), False, Verdict.ACCEPTED),
        ("final", USABLE, ("draft", CANCELED), False, Verdict.ACCEPTED),
    ],
)
def test_verdict_depends_on_order_and_status_of_the_version_in_force(
    version: str | None,
    pubstatus: PubStatus,
    in_force: tuple[str | None, PubStatus],
    verdict: Verdict,
    *,
    is_alone: bool,
) -> None:
    assert judge(article(version, pubstatus), latest(*in_force, is_alone=is_alone)) is verdict


def test_first_article_of_a_guid_is_accepted() -> None:
    assert judge(article(None, CANCELED), None) is Verdict.ACCEPTED


@pytest.mark.parametrize(
    ("pushed", "in_force", "unordered"),
    [
        (article(None), latest(None), True),
        (article("1"), latest(None), False),
        (article(None), latest("1"), False),
        (article(None, versioncreated=NOON), latest(None), False),
        (article(None), latest(None, WITHHELD), False),
    ],
)
def test_versions_are_unordered_only_if_neither_side_has_one(
    pushed: Article, in_force: Latest, *, unordered: bool
) -> None:
    assert is_unordered(pushed, in_force) is unordered


def test_guid_belongs_to_its_feed() -> None:
    assert guid_of(article("1", feed="wire")) == ("wire", "g")
    assert guid_of(Article(body="She said no.")) is None
