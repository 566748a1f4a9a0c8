"""Matches of watches in new results, and those that are not repeated."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest

from services.caller import local
from services.contracts import Act, StanceLabel
from services.contracts.event import WatchKind
from services.database.engine import Database
from services.errors import InvalidInput, NotFound
from services.results import search
from services.results.filters import search_query
from services.use_cases import watches as use_case
from services.use_cases.context import UseCaseContext
from services.webhooks import deliveries, watches
from services.webhooks.distribution import distribute
from services.webhooks.records import Watch
from services.webhooks.watches import WatchFilters
from tests.support.plans import plan
from tests.support.speech import Statement, store_result
from tests.support.webhooks import add_webhook, webhook_settings

AGAINST = Statement("Ana Ruiz", "the Tarva Bank is reckless", act=Act.REJECT, target="Tarva Bank")
FOR = Statement("Ana Ruiz", "the Tarva Bank helps", act=Act.PRAISE, target="Tarva Bank", stance=StanceLabel.SUPPORT)


@pytest.fixture
def webhook_id(database: Database) -> UUID:
    return add_webhook(database, "http://127.0.0.1:9/", events=())[0].id


def watch(database: Database, webhook_id: UUID, kind: WatchKind = WatchKind.STANCES, **filters: Any) -> Watch:
    context = UseCaseContext(database, webhook_settings())
    parsed = WatchFilters.model_validate(filters)
    return use_case.create(context, webhook_id, name="w", kind=kind, filters=parsed, caller=local())


def matched(database: Database, webhook_id: UUID, **limits: Any) -> list[dict[str, Any]]:
    """Distribute, and return the data of all matches, oldest first."""
    settings = webhook_settings().model_copy(update={"watches": webhook_settings().watches.model_copy(update=limits)})
    while distribute(database, settings):
        pass
    kept = deliveries.list_deliveries(database, webhook_id, local(), limit=100)
    return [json.loads(delivery.body)["data"] for delivery in reversed(kept)]


def test_a_watch_is_sent_what_a_search_with_its_filters_finds(database: Database, webhook_id: UUID) -> None:
    against = watch(database, webhook_id, target="Tarva Bank", stance="oppose", min_score=0.5)
    spoken = watch(database, webhook_id, WatchKind.ATTRIBUTIONS, speaker="Ruiz", text="nothing")
    job = store_result(database, AGAINST, FOR, Statement("Bo", "no"), feed="wire", guid="1", title="Banks")
    store_result(database, Statement("Cleo", "nothing at all", target="Ana Ruiz"), feed="paper")
    by_watch = {data["watch"]["id"]: data for data in matched(database, webhook_id)}
    assert set(by_watch) == {str(against.id)}
    data = by_watch[str(against.id)]
    assert (data["title"], data["feed"], data["guid"], data["job_id"]) == ("Banks", "wire", "1", str(job.job_id))
    assert data["href"] == f"/v1/jobs/{job.job_id}/result"
    match = data["match"]
    assert (match["kind"], match["holder"], match["stance"], match["target"]) == (
        "stance",
        "Ana Ruiz",
        "oppose",
        "Tarva Bank",
    )
    assert "reckless" in match["evidence"]
    assert watches.get(database, against.id, local()).matches == 1
    assert watches.get(database, spoken.id, local()).matches == 0


def test_a_watch_of_attributions_sends_the_statement(database: Database, webhook_id: UUID) -> None:
    watch(database, webhook_id, WatchKind.ATTRIBUTIONS, speaker="ruiz", text="tarva helps")
    store_result(database, AGAINST, FOR)
    [data] = matched(database, webhook_id)
    match = data["match"]
    assert (match["kind"], match["speaker"], match["act"], match["content"]) == (
        "attribution",
        "Ana Ruiz",
        "praise",
        "the Tarva Bank helps",
    )


def test_a_story_is_told_once_and_what_a_new_version_adds(database: Database, webhook_id: UUID) -> None:
    watch(database, webhook_id, target="Tarva Bank")
    store_result(database, AGAINST, AGAINST, guid="1", version="1")
    assert len(matched(database, webhook_id)) == 1
    store_result(database, AGAINST, FOR, guid="1", version="2", body="changed")
    assert [data["match"]["stance"] for data in matched(database, webhook_id)] == ["oppose", "support"]
    store_result(database, AGAINST, guid="2")
    assert len(matched(database, webhook_id)) == 3


def test_matches_of_one_result_are_bounded_and_say_so(database: Database, webhook_id: UUID) -> None:
    watch(database, webhook_id, stance="oppose")
    targets = [Statement("Ana Ruiz", f"story {number} is bad", target=f"Bank {number}") for number in range(4)]
    store_result(database, *targets)
    assert [data["more"] for data in matched(database, webhook_id, matches_per_result=3)] == [True] * 3


def test_a_paused_watch_and_one_of_another_feed_send_nothing(database: Database, webhook_id: UUID) -> None:
    paused = watch(database, webhook_id, target="Tarva Bank")
    watch(database, webhook_id, target="Tarva Bank", feed="paper")
    watches.change(database, paused.id, paused=True, by=local())
    store_result(database, AGAINST, feed="wire")
    assert matched(database, webhook_id) == []


@pytest.mark.parametrize(
    ("kind", "filters", "field"),
    [
        ("stances", {}, "filters"),
        ("stances", {"target": "…"}, "filters.target"),
        ("stances", {"topic": "nothing"}, "filters.topic"),
        ("attributions", {"holder": "Ruiz"}, "filters.holder"),
    ],
)
def test_filters_that_match_all_or_nothing_are_refused(
    sqlite_database: Database, kind: str, filters: dict[str, str], field: str
) -> None:
    webhook, _ = add_webhook(sqlite_database, "http://127.0.0.1:9/", feeds=["wire"])
    with pytest.raises(InvalidInput) as refused:
        watch(sqlite_database, webhook.id, WatchKind(kind), **filters)
    assert refused.value.field == field


def test_a_watch_of_a_webhook_that_another_key_has_is_not_found(sqlite_database: Database) -> None:
    with pytest.raises(NotFound):
        watch(sqlite_database, UUID(int=7), target="x")


def test_the_results_drive_the_query_of_a_watch(sqlite_database: Database) -> None:
    filters = WatchFilters.model_validate(
        {"holder": "President Ruiz", "target": "Bank", "feed": "wire", "act": "reject"}
    )
    query = search.in_results_query(sqlite_database, "stances", search_query(filters, local()), [1, 2], 10)
    with sqlite_database.read() as connection:
        steps = plan(connection, query)
    assert any("SEARCH stances USING INDEX ix_stances_sequence" in step for step in steps), steps
    assert not any(step.startswith("SCAN stance") for step in steps), steps
