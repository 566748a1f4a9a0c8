"""Versions, cancellations, embargoes and corrections of a story, in whatever order they arrive."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.contracts import JobState, PubStatus
from services.database.engine import Database
from services.errors import Conflict
from services.jobs import actions, holds, leases, queries
from services.results.search import find_stances
from services.results.search_query import SearchQuery
from tests.support.ledger import claim_all, listed_results, listed_tombstones, push, result_of, set_row, state_of
from tests.support.stories import FUTURE, canceled, codes, read_all, shown, story


def test_cancellation_withdraws_every_version_of_its_guid(database: Database) -> None:
    first, second, other = push(
        database, story("One.", version="1"), story("Two.", version="2"), story("Three.", guid="other")
    )
    read_all(database)
    [kill] = push(database, canceled(version="3"))
    assert (kill.state, codes(kill)) == (JobState.CANCELED, ["story_canceled"])
    assert "2 articles withdrawn" in kill.warnings[0].detail
    assert shown(database) == [other.article_id]
    assert [stone.article_id for stone in listed_tombstones(database)] == [first.article_id, second.article_id]
    assert queries.job(database, second.job_id).withdrawn_reason == "its feed canceled the story"
    [again] = push(database, canceled(version="3"))
    assert (again.job_id, again.created) == (kill.job_id, False)
    assert len(listed_tombstones(database)) == 2


def test_cancellation_that_repeats_version_and_text_of_the_story_takes_effect(database: Database) -> None:
    [first] = push(database, story(version="1"))
    push(database, story(version="1", pubstatus="canceled"))
    assert queries.job(database, first.job_id).withdrawn
    assert state_of(database, first.job_id) is JobState.CANCELED
    assert codes(push(database, story(version="1"))[0]) == ["withdrawn"], "a repetition brings nothing back"


@pytest.mark.parametrize("late", [{"version": "1"}, {"version": "2"}, {"versioncreated": "2026-01-01T00:00:00Z"}])
def test_version_that_arrives_after_the_cancellation_of_an_unknown_guid_stays_away(
    database: Database, late: dict[str, str]
) -> None:
    push(database, canceled(version="2", versioncreated="2026-01-02T00:00:00Z"))
    [answer] = push(database, story(**late))
    assert (answer.created, answer.state, codes(answer)) == (True, JobState.CANCELED, ["superseded"])
    assert claim_all(database) == []


def test_story_without_versions_that_arrives_after_its_cancellation_stays_away(database: Database) -> None:
    push(database, canceled())
    [answer] = push(database, story())
    assert queries.job(database, answer.job_id).withdrawn
    actions.reinstate(database, answer.article_id)
    read_all(database)
    assert shown(database) == [answer.article_id]


@pytest.mark.parametrize("newer", [{"version": "3"}, {}])
def test_newer_version_brings_a_canceled_story_back(database: Database, newer: dict[str, str]) -> None:
    [first] = push(database, story("One.", **({"version": "1"} if newer else {})))
    read_all(database)
    push(database, canceled(**({"version": "2"} if newer else {})))
    [back] = push(database, story("Another text.", **newer))
    read_all(database)
    assert shown(database) == [back.article_id]
    assert queries.job(database, first.job_id).withdrawn


def test_cancellation_that_arrives_after_a_newer_version_does_nothing(database: Database) -> None:
    [answer] = push(database, story(version="3"))
    [late] = push(database, canceled(version="2"))
    assert codes(late) == ["superseded"]
    assert state_of(database, answer.job_id) is JobState.QUEUED


def test_lower_version_that_arrives_late_is_superseded(database: Database) -> None:
    [newer] = push(database, story("Two.", version="10"))
    read_all(database)
    late, later = push(database, story("One.", version="9"), story("Three.", version="11"))
    assert (late.state, codes(late)) == (JobState.CANCELED, ["superseded"])
    assert str(newer.job_id) in late.warnings[0].detail
    job = queries.job(database, late.job_id)
    assert (job.done, job.reason_code) == (True, "superseded")
    read_all(database)
    assert shown(database) == [later.article_id]
    assert push(database, story("One.", version="9"))[0].job_id == late.job_id


def test_later_versioncreated_speaks_where_versions_are_no_numbers(database: Database) -> None:
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    push(database, story("Two.", version="b", versioncreated=noon))
    [late] = push(database, story("One.", version="c", versioncreated=noon - timedelta(hours=1)))
    assert codes(late) == ["superseded"]


def test_withheld_story_is_read_when_it_is_released(database: Database) -> None:
    [held] = push(database, story(pubstatus="withheld"))
    assert (held.state, codes(held)) == (JobState.HELD, ["withheld"])
    assert claim_all(database) == []
    assert holds.release_due(database) == 0
    [released] = push(database, story())
    assert (released.job_id, released.created) == (held.job_id, False)
    read_all(database)
    assert shown(database) == [held.article_id]


def test_withheld_version_hides_the_story_until_it_is_usable(database: Database) -> None:
    [first] = push(database, story("One.", version="1"))
    read_all(database)
    push(database, story("One.", version="1", pubstatus="withheld"))
    assert shown(database) == []
    assert queries.job(database, first.job_id).withdrawn_reason == "its feed withholds the story"
    [released] = push(database, story("One.", version="1"))
    assert (released.job_id, codes(released)) == (first.job_id, [])
    assert shown(database) == [first.article_id]
    assert [stored.sequence for stored in listed_results(database)] == [3], "followers get the result again"


def test_newer_version_ends_the_job_of_a_withheld_one(database: Database) -> None:
    [held] = push(database, story("One.", version="1", pubstatus="withheld"))
    push(database, story("Two.", version="2"))
    assert queries.job(database, held.job_id).reason_code == "superseded"


def test_story_under_embargo_is_read_after_its_end(database: Database) -> None:
    [held] = push(database, story(embargoed=FUTURE))
    assert (held.state, codes(held)) == (JobState.HELD, ["embargoed"])
    assert queries.job(database, held.job_id).held_until == FUTURE
    assert claim_all(database) == []
    set_row(database, held.job_id, next_run_at=1)
    assert holds.release_due(database) == 1
    assert [job.job_id for job in claim_all(database)] == [held.job_id]


def test_embargo_that_is_corrected_changes_the_hold(database: Database) -> None:
    [queued] = push(database, story())
    push(database, story(embargoed=FUTURE))
    assert queries.job(database, queued.job_id).held_until == FUTURE
    push(database, story(embargoed=FUTURE - timedelta(days=1)))
    assert queries.job(database, queued.job_id).held_until == FUTURE - timedelta(days=1)
    push(database, story(embargoed=datetime(2026, 1, 1, tzinfo=UTC)))
    read_all(database)
    assert state_of(database, queued.job_id) is JobState.SUCCEEDED
    assert codes(push(database, story(embargoed=FUTURE))[0]) == ["embargo_late"]


def test_corrected_time_of_publication_moves_the_article_without_a_second_analysis(database: Database) -> None:
    [first] = push(database, story(published_at="2026-01-05T10:00:00Z"))
    read_all(database)
    [again] = push(database, story(published_at="2025-11-05T10:00:00Z"))
    assert (again.job_id, codes(again)) == (first.job_id, ["date_corrected"])
    assert claim_all(database) == []
    [row] = find_stances(database, SearchQuery(), None, 10)
    assert row.at == int(datetime(2025, 11, 5, 10, tzinfo=UTC).timestamp() * 1000)


def test_two_stories_under_one_guid_are_both_shown_with_a_warning(database: Database) -> None:
    tram = story("Mayor Ida Berg said she opposed the tram plan.", title="Tram plan")
    fish = story("Harbour master Tom Lund praised the new market.", title="Fish market")
    first, second = push(database, tram, fish)
    assert (codes(first), codes(second)) == ([], ["guid_reused"])
    read_all(database)
    [update] = push(database, story("Mayor Ida Berg said she opposed the plan for good.", title="Tram plan, again"))
    assert codes(update) == []
    read_all(database)
    assert set(shown(database)) == {second.article_id, update.article_id}


def test_another_story_without_a_version_is_recognised_in_a_later_push(database: Database) -> None:
    push(database, story("Mayor Ida Berg said she opposed the tram plan.", title="Tram plan"))
    [fish] = push(database, story("Harbour master Tom Lund praised the new market.", title="Fish market"))
    assert codes(fish) == ["guid_reused"]


def test_job_names_the_story_that_its_article_evolved_from(database: Database) -> None:
    [earlier] = push(database, story("One.", guid="early"))
    [later] = push(database, story("Two.", guid="late", evolvedfrom="early"))
    job = queries.job(database, later.job_id)
    assert (job.evolvedfrom, job.evolvedfrom_job) == ("early", earlier.job_id)
    assert queries.job(database, earlier.job_id).evolvedfrom_job is None


def test_reinstated_article_is_shown_again_and_its_result_follows(database: Database) -> None:
    [pushed] = push(database, story())
    read_all(database)
    actions.withdraw(database, pushed.article_id)
    assert actions.reinstate(database, pushed.article_id) == pushed.job_id
    assert shown(database) == [pushed.article_id]
    assert [stored.sequence for stored in listed_results(database, after=2)] == [3]
    with pytest.raises(Conflict, match="neither"):
        actions.reinstate(database, pushed.article_id)


def test_reinstated_article_that_was_never_read_gets_a_new_job(database: Database) -> None:
    [pushed] = push(database, story())
    actions.withdraw(database, pushed.article_id)
    job_id = actions.reinstate(database, pushed.article_id)
    assert job_id != pushed.job_id
    [job] = claim_all(database)
    leases.complete(database, job, result_of(job))
    assert [stored.job.id for stored in listed_results(database)] == [job_id]
    assert queries.job(database, job_id).pubstatus is PubStatus.USABLE


def test_batch_is_taken_in_its_order(database: Database) -> None:
    answers = push(
        database,
        story("One.", version="1"),
        canceled(version="2"),
        story("Three.", version="3"),
        story("One.", version="1"),
    )
    assert [answer.created for answer in answers] == [True, True, True, False]
    assert [job.job_id for job in claim_all(database)] == [answers[2].job_id]
