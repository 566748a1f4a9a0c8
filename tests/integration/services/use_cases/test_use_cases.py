"""Each use case performs its action and then whatever has to follow it in this process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from services.access.key_cache import KeyCache
from services.access.rate_limiter import RateLimiter
from services.caller import Scope, local
from services.contracts import JobState
from services.database.engine import Database
from services.errors import Conflict, InvalidInput, NotFound, StancewireError
from services.feeds.store import FeedCache
from services.ingest.admission import AdmissionControl
from services.ingest.submit import Intake
from services.jobs.acceptor import Acceptor
from services.jobs.bulk_actions import BulkAction, Selection
from services.settings import Settings
from services.use_cases import articles, feeds, jobs, keys, pauses, topics
from services.use_cases.context import UseCaseContext
from tests.support.api import fail_job, url_of
from tests.support.ledger import article, push, state_of


@dataclass
class RecordedCallbacks:
    """The callbacks that use cases made, in order."""

    calls: list[str] = field(default_factory=list)

    def context(self, database: Database) -> UseCaseContext:
        return UseCaseContext(
            database,
            Settings(database_url=url_of(database)),
            nudge_dispatcher=lambda: self.calls.append("nudge"),
            forget_feeds=lambda: self.calls.append("forget feeds"),
            forget_key=lambda key_id: self.calls.append(f"forget {key_id}"),
        )


@pytest.fixture
def callbacks() -> RecordedCallbacks:
    return RecordedCallbacks()


@pytest.fixture
def context(callbacks: RecordedCallbacks, sqlite_database: Database) -> UseCaseContext:
    return callbacks.context(sqlite_database)


@pytest.fixture
def intake(sqlite_database: Database, tmp_path: Path) -> Intake:
    limits = Settings().limits
    return Intake(
        Acceptor(sqlite_database),
        AdmissionControl(sqlite_database, limits, tmp_path),
        FeedCache(sqlite_database, 0, limits.feeds),
        RateLimiter(1),
        limits,
    )


def test_submitted_articles_are_dispatched(
    context: UseCaseContext, intake: Intake, callbacks: RecordedCallbacks
) -> None:
    [answer] = articles.submit(context, intake, [article()], local())
    assert not isinstance(answer, StancewireError)
    assert callbacks.calls == ["nudge"]


def test_refused_articles_do_not_nudge_the_dispatcher(
    context: UseCaseContext, intake: Intake, callbacks: RecordedCallbacks
) -> None:
    pauses.pause(context, "wire", "upgrade", local())
    [answer] = articles.submit(context, intake, [article(feed="wire")], local())
    assert isinstance(answer, StancewireError)
    assert callbacks.calls == []


def test_retried_jobs_are_dispatched(
    context: UseCaseContext, sqlite_database: Database, callbacks: RecordedCallbacks
) -> None:
    [job_id, other_id] = [answer.job_id for answer in push(sqlite_database, article("One."), article("Two."))]
    with pytest.raises(Conflict):
        jobs.retry(context, job_id, local())
    assert callbacks.calls == [], "a refused action has no consequence"
    for each in (job_id, other_id):
        fail_job(sqlite_database, each)
    jobs.retry(context, job_id, local())
    assert callbacks.calls == ["nudge"]
    assert jobs.apply_bulk_action(context, BulkAction.RETRY, Selection(JobState.FAILED), local()).changed == 1
    assert callbacks.calls == ["nudge", "nudge"]
    assert {state_of(sqlite_database, each) for each in (job_id, other_id)} == {JobState.QUEUED}


@pytest.mark.parametrize(
    "act",
    [
        lambda context, selection: jobs.count_selected(context, BulkAction.RETRY, selection),
        lambda context, selection: jobs.apply_bulk_action(context, BulkAction.RETRY, selection, local()),
    ],
    ids=["count", "apply"],
)
def test_bulk_action_on_an_excluded_state_names_the_field(
    context: UseCaseContext, act: Callable[[UseCaseContext, Selection], object]
) -> None:
    with pytest.raises(InvalidInput) as raised:
        act(context, Selection(JobState.RUNNING))
    assert raised.value.field == "state"


def test_resumed_feed_is_dispatched(context: UseCaseContext, callbacks: RecordedCallbacks) -> None:
    for feed in ("wire", None):
        pauses.pause(context, feed, "upgrade", local())
        assert callbacks.calls == []
        pauses.resume(context, feed, local())
        assert callbacks.calls == ["nudge"]
        callbacks.calls.clear()
    with pytest.raises(NotFound):
        pauses.resume(context, "wire", local())


def test_added_and_changed_feeds_are_read_again(context: UseCaseContext, callbacks: RecordedCallbacks) -> None:
    feeds.add(context, "wire", {}, local())
    assert feeds.change(context, "wire", {"queued_limit": 5}, local()).queued_limit == 5
    assert callbacks.calls == ["forget feeds", "forget feeds"]


def test_revoked_key_is_forgotten(context: UseCaseContext, callbacks: RecordedCallbacks) -> None:
    key, token = keys.create(context, name="reader", scopes=[Scope.READ], feeds=None, caller=local())
    cache = KeyCache(context.database, context.settings.access)
    assert cache.identify(f"Bearer {token}").key_id == key.id
    assert keys.revoke(context, key.id, local()).revoked_at is not None
    assert callbacks.calls == [f"forget {key.id}"]


def test_last_admin_key_is_kept_unless_the_command_line_insists(
    context: UseCaseContext, callbacks: RecordedCallbacks
) -> None:
    key, _ = keys.create(context, name="admin", scopes=[Scope.ADMIN], feeds=None, caller=local())
    with pytest.raises(Conflict):
        keys.revoke(context, key.id, local())
    assert callbacks.calls == []
    assert keys.revoke(context, key.id, local(), keep_an_admin=False).revoked_at is not None


def test_impossible_key_names_the_field(context: UseCaseContext) -> None:
    with pytest.raises(InvalidInput) as raised:
        keys.create(context, name="admin", scopes=[Scope.ADMIN], feeds=["wire"], caller=local())
    assert raised.value.field == "feeds"


def test_topic_with_too_many_aliases_names_the_field(context: UseCaseContext) -> None:
    aliases = [f"alias {number}" for number in range(context.settings.topics.aliases + 1)]
    with pytest.raises(InvalidInput) as added:
        topics.add(context, name="tram", aliases=aliases, claim="The tram is good.", caller=local())
    topics.add(context, name="tram", aliases=[], claim="The tram is good.", caller=local())
    with pytest.raises(InvalidInput) as changed:
        topics.change(context, "tram", aliases=aliases, caller=local())
    assert (added.value.field, changed.value.field) == ("aliases", "aliases")
    assert topics.retire(context, "tram", local()).retired_at is not None


def test_context_without_dispatcher_and_caches_performs_actions(sqlite_database: Database) -> None:
    context = UseCaseContext(sqlite_database, Settings(database_url=url_of(sqlite_database)))
    feeds.add(context, "wire", {}, local())
    key, _ = keys.create(context, name="reader", scopes=[Scope.READ], feeds=None, caller=local())
    keys.revoke(context, key.id, local())
    pauses.pause(context, None, "upgrade", local())
    pauses.resume(context, None, local())
