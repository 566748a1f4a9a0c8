"""The effects of a push on the stories that the ledger has: rules that hold within one push and across pushes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from services.contracts import Article, JobState
from services.database.counters import CounterName
from services.database.engine import Database
from services.database.tables import articles
from services.jobs import actions, backlog, queries
from services.jobs.accept import Acceptance
from tests.support.ledger import article, claim_all, listed_tombstones, push, state_of
from tests.support.stories import FUTURE, canceled, codes, read_all, shown, story

PAST = datetime(2026, 1, 1, tzinfo=UTC)
MORNING, NOON = "2026-01-05T08:00:00Z", "2026-01-05T12:00:00Z"


def held_until(database: Database, job_id: UUID) -> datetime | None:
    return queries.job(database, job_id).held_until


def push_in(database: Database, pushes: int, *pushed: Article) -> list[Acceptance]:
    """Push all articles at once if ``pushes`` is 1, else each by itself."""
    return push(database, *pushed) if pushes == 1 else [answer for each in pushed for answer in push(database, each)]


def number_canceled(database: Database) -> float:
    return backlog.snapshot(database).counters.get((CounterName.FINISHED, "canceled"), 0)


def test_higher_version_replaces_the_story_however_different_its_text(sqlite_database: Database) -> None:
    push(sqlite_database, story("Ida Berg said she opposed the tram plan.", title="Tram plan", version="1"))
    [rewritten] = push(sqlite_database, story("Tom Lund praised the market.", title="Fish market", version="2"))
    assert codes(rewritten) == []
    read_all(sqlite_database)
    assert shown(sqlite_database) == [rewritten.article_id]


@pytest.mark.parametrize("change", [{"published_at": NOON}, {"pubstatus": "withheld"}, {"embargoed": FUTURE}])
def test_repetition_of_an_older_version_changes_nothing(sqlite_database: Database, change: dict[str, str]) -> None:
    [older] = push(sqlite_database, story("One.", version="1", published_at=MORNING))
    [newer] = push(sqlite_database, story("Two.", version="2", published_at=MORNING))
    [repeated] = push(sqlite_database, story("One.", **({"version": "1", "published_at": MORNING} | change)))
    assert (repeated.job_id, codes(repeated)) == (older.job_id, [])
    assert [state_of(sqlite_database, answer.job_id) for answer in (older, newer)] == ["queued", "queued"]
    assert not queries.job(sqlite_database, newer.job_id).withdrawn


def test_canceled_jobs_of_a_push_are_all_counted(sqlite_database: Database) -> None:
    push(sqlite_database, *[story("One.", guid=guid, version="1", pubstatus="withheld") for guid in "ab"])
    push(sqlite_database, *[story("Two.", guid=guid, version="2") for guid in "ab"])
    assert number_canceled(sqlite_database) == 2, "the withheld versions"
    push(sqlite_database, *[story("Late.", guid=guid, version="0") for guid in "ab"])
    assert number_canceled(sqlite_database) == 4, "the versions that arrived late"


@pytest.mark.parametrize(("version", "name"), [("2", "version '2'"), (None, "another version")])
def test_held_version_that_is_superseded_says_by_which(
    sqlite_database: Database, version: str | None, name: str
) -> None:
    created = {"versioncreated": MORNING} if version is None else {"version": "1"}
    [held] = push(sqlite_database, story("One.", pubstatus="withheld", **created))
    push(sqlite_database, story("Two.", version=version, versioncreated=NOON))
    detail = queries.job(sqlite_database, held.job_id).reason_detail
    assert detail == f"{name} was accepted before this one was released"


@pytest.mark.parametrize(
    ("named", "is_canceled", "expected"),
    [
        (True, False, "version '2' of guid 'g' was accepted"),
        (True, True, "version '2' of guid 'g' was canceled"),
        (False, False, "a newer version of guid 'g' was accepted"),
    ],
)
def test_superseded_version_is_closed_with_the_version_in_force(
    sqlite_database: Database, expected: str, *, named: bool, is_canceled: bool
) -> None:
    older, newer = ({"version": "1"}, {"version": "2"}) if named else ({}, {})
    latest = canceled if is_canceled else story
    [first] = push(sqlite_database, latest(versioncreated=NOON, title="Latest", **newer))
    [late] = push(sqlite_database, story("One.", versioncreated=MORNING, **older))
    detail = f"{expected} before (job {first.job_id}); this one is older, and is not read"
    assert [warning.detail for warning in late.warnings] == [detail]
    job = queries.job(sqlite_database, late.job_id)
    assert (job.state, job.reason_code, job.reason_detail) == (JobState.CANCELED, "superseded", detail)
    assert job.finished_at == job.created_at


def test_story_that_is_released_in_the_push_that_withholds_it_keeps_its_job(sqlite_database: Database) -> None:
    [first] = push(sqlite_database, story())
    _, released = push(sqlite_database, story(pubstatus="withheld"), story())
    assert (released.job_id, state_of(sqlite_database, first.job_id)) == (first.job_id, JobState.QUEUED)
    assert released.state is JobState.QUEUED
    assert listed_tombstones(sqlite_database) == [], "nobody is told of a withdrawal that did not last"


@pytest.mark.parametrize("change", [{}, {"embargoed": FUTURE}, {"pubstatus": "withheld"}, {"pubstatus": "canceled"}])
@pytest.mark.parametrize("before", ["usable", "withheld"])
def test_push_that_changes_a_story_is_answered_with_the_state_of_its_job(
    sqlite_database: Database, before: str, change: dict[str, Any]
) -> None:
    push(sqlite_database, story(pubstatus=before))
    [answer] = push(sqlite_database, story(**change))
    assert answer.state is state_of(sqlite_database, answer.job_id)


def test_story_that_is_canceled_in_the_push_that_releases_it_is_not_read(sqlite_database: Database) -> None:
    [held] = push(sqlite_database, story(pubstatus="withheld"))
    push(sqlite_database, story(), canceled())
    assert queries.job(sqlite_database, held.job_id).withdrawn
    assert claim_all(sqlite_database) == []


def test_cancellations_of_a_push_withdraw_each_its_own_story(sqlite_database: Database) -> None:
    pushed = push(sqlite_database, *[story(guid=guid) for guid in "abc"])
    kills = push(sqlite_database, canceled(guid="a"), canceled(guid="b"))
    withdrawn = [queries.job(sqlite_database, answer.job_id).withdrawn for answer in pushed]
    assert withdrawn == [True, True, False]
    details = [kill.warnings[0].detail for kill in kills]
    assert details == ["pubstatus: its feed canceled the story; 1 article withdrawn"] * 2


def test_repeated_cancellation_withdraws_no_article_twice(sqlite_database: Database) -> None:
    push(sqlite_database, story())
    push(sqlite_database, canceled())
    [again] = push(sqlite_database, canceled())
    assert again.warnings[0].detail.endswith("; 0 articles withdrawn")


@pytest.mark.parametrize(("reason", "named"), [("by court order", "by court order"), (None, "no reason was stored")])
def test_repetition_of_a_withdrawn_article_names_the_reason(
    sqlite_database: Database, reason: str | None, named: str
) -> None:
    [pushed] = push(sqlite_database, story())
    actions.withdraw(sqlite_database, pushed.article_id)
    with sqlite_database.write() as connection:
        connection.execute(update(articles).values(withdrawn_reason=reason))
    [repeated] = push(sqlite_database, story())
    detail = f"the article stays withdrawn: {named}; a newer version brings the story back"
    assert [(warning.code, warning.detail) for warning in repeated.warnings] == [("withdrawn", detail)]


def test_withheld_story_without_a_guid_is_hidden_and_no_other(sqlite_database: Database) -> None:
    hidden, other = push(sqlite_database, article("One."), article("Two."))
    push(sqlite_database, article("One.", pubstatus="withheld"))
    assert queries.job(sqlite_database, hidden.job_id).withdrawn
    assert [job.job_id for job in claim_all(sqlite_database)] == [other.job_id]


def test_story_that_is_withheld_again_stays_held_until_it_is_canceled(sqlite_database: Database) -> None:
    [held] = push(sqlite_database, story(pubstatus="withheld"))
    push(sqlite_database, story(pubstatus="withheld"))
    job = queries.job(sqlite_database, held.job_id)
    assert (job.state, job.withdrawn) == (JobState.HELD, False)
    push(sqlite_database, canceled())
    job = queries.job(sqlite_database, held.job_id)
    assert (job.state, job.withdrawn) == (JobState.CANCELED, True)


def test_withheld_story_that_is_released_under_an_embargo_waits_for_its_end(sqlite_database: Database) -> None:
    [held] = push(sqlite_database, story(pubstatus="withheld"))
    [released] = push(sqlite_database, story(embargoed=FUTURE))
    assert (released.job_id, codes(released)) == (held.job_id, ["embargoed"])
    assert held_until(sqlite_database, held.job_id) == FUTURE


@pytest.mark.parametrize("pushes", [1, 2], ids=["in one push", "in two pushes"])
def test_embargo_under_which_a_withheld_story_is_released_can_be_lifted(sqlite_database: Database, pushes: int) -> None:
    [held] = push(sqlite_database, story(pubstatus="withheld"))
    push_in(sqlite_database, pushes, story(embargoed=FUTURE), story())
    assert state_of(sqlite_database, held.job_id) is JobState.QUEUED


def test_withheld_story_that_was_read_is_shown_when_it_is_released_under_an_embargo(sqlite_database: Database) -> None:
    [pushed] = push(sqlite_database, story())
    read_all(sqlite_database)
    push(sqlite_database, story(pubstatus="withheld"))
    [released] = push(sqlite_database, story(embargoed=FUTURE))
    assert shown(sqlite_database) == [pushed.article_id]
    assert codes(released) == ["embargo_late"], "not that it is read when the embargo ends"


def test_story_that_is_being_read_is_not_said_to_wait_for_an_embargo(sqlite_database: Database) -> None:
    [pushed] = push(sqlite_database, story())
    claim_all(sqlite_database)
    _, released = push(sqlite_database, story(pubstatus="withheld"), story(embargoed=FUTURE))
    assert (released.job_id, codes(released)) == (pushed.job_id, ["embargo_late"])
    assert state_of(sqlite_database, pushed.job_id) is JobState.RUNNING


@pytest.mark.parametrize("pushes", [1, 2], ids=["in one push", "in two pushes"])
def test_embargo_that_is_imposed_and_lifted_queues_the_story_again(sqlite_database: Database, pushes: int) -> None:
    [queued] = push(sqlite_database, story())
    imposed, lifted = push_in(sqlite_database, pushes, story(embargoed=FUTURE), story())
    assert (imposed.state, codes(imposed)) == (JobState.HELD, ["embargoed"])
    assert (lifted.state, codes(lifted)) == (JobState.QUEUED, [])
    assert state_of(sqlite_database, queued.job_id) is JobState.QUEUED


def test_unchanged_embargo_is_named_again_while_it_holds_the_story(sqlite_database: Database) -> None:
    [held] = push(sqlite_database, story(embargoed=FUTURE))
    [repeated] = push(sqlite_database, story(embargoed=FUTURE))
    assert (repeated.state, codes(repeated)) == (JobState.HELD, ["embargoed"])
    actions.reinstate(sqlite_database, held.article_id)
    [after_release] = push(sqlite_database, story(embargoed=FUTURE))
    assert (after_release.state, codes(after_release)) == (JobState.QUEUED, [])


def test_embargo_that_has_just_ended_is_not_named_again(sqlite_database: Database) -> None:
    """The job is still held, since no sweep has released it yet."""
    [held] = push(sqlite_database, story(embargoed=FUTURE))
    with sqlite_database.write() as connection:
        connection.execute(update(articles).values(embargoed=int(PAST.timestamp() * 1000)))
    [repeated] = push(sqlite_database, story(embargoed=PAST))
    assert (repeated.job_id, repeated.state, codes(repeated)) == (held.job_id, JobState.HELD, [])


def test_embargo_of_a_job_that_was_canceled_needs_no_warning(sqlite_database: Database) -> None:
    [pushed] = push(sqlite_database, story())
    actions.cancel(sqlite_database, pushed.job_id)
    [repeated] = push(sqlite_database, story(embargoed=FUTURE))
    assert (repeated.state, codes(repeated)) == (JobState.CANCELED, [])


@pytest.mark.parametrize(("before", "named"), [(MORNING, MORNING), (None, "unknown")])
def test_corrected_time_is_named_with_the_one_before(sqlite_database: Database, before: str | None, named: str) -> None:
    push(sqlite_database, story(published_at=before))
    [corrected] = push(sqlite_database, story(published_at=NOON))
    assert corrected.warnings[0].detail == f"published_at: was {named}, and is now {NOON}"
