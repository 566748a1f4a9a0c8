"""Copies are linked when their results are stored."""

from __future__ import annotations

import threading
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from services.caller import local
from services.database.engine import Database
from services.database.tables import fingerprint_bands, fingerprints
from services.jobs import leases, queries, result_queries
from services.jobs.leases import LeasedJob
from services.maintenance import erasure
from services.settings import Stories
from services.stories.fingerprint import BANDS
from services.stories.linking import TextKeys
from tests.support.copies import keys_of, long_text
from tests.support.ledger import article, claim_all, push, result_of
from tests.support.speech import store_result

SWAN, HERON = long_text("swan"), long_text("heron")
CUT = " ".join(SWAN.split(". ")[0:9])
DAY_MS = 86_400_000


def story_of(database: Database, job: LeasedJob) -> UUID | None:
    return queries.job(database, job.job_id).story_id


def store(database: Database, text: str, *, keys: TextKeys | None = None, **fields: Any) -> LeasedJob:
    return store_result(database, body=text, keys=keys or keys_of(text), **fields)


def counts(database: Database) -> list[int]:
    with database.read() as connection:
        tables = (fingerprints, fingerprint_bands)
        return [connection.execute(select(func.count()).select_from(table)).scalar_one() for table in tables]


def test_copies_in_other_feeds_are_one_story_and_other_texts_are_not(database: Database) -> None:
    first = store(database, SWAN, feed="wire", title="Swans")
    copy = store(database, CUT, feed="paper", title="Birds in town")
    other = store(database, HERON, feed="paper")
    assert story_of(database, first) == story_of(database, copy) != story_of(database, other)
    stored = result_queries.result(database, copy.job_id)
    assert stored is not None
    assert str(story_of(database, first)) in stored.document, "the result names its story"


def test_similarity_below_the_setting_links_nothing(database: Database) -> None:
    first = store(database, SWAN, feed="a")
    strict = store(database, CUT, feed="b", stories=Stories(similarity=0.99))
    assert story_of(database, strict) != story_of(database, first)


def test_short_texts_are_linked_as_versions_only(database: Database) -> None:
    first, second, again = (store(database, f"No comment {n}.", feed="a", guid=guid) for n, guid in enumerate("gkg"))
    assert story_of(database, first) == story_of(database, again) != story_of(database, second)


def test_rewritten_version_keeps_its_story_and_a_reused_guid_begins_another(database: Database) -> None:
    first = store(database, SWAN, feed="a", guid="g", version="1")
    third = SWAN[: len(SWAN) // 4]
    rewritten = store(database, f"{third} {HERON}", feed="a", guid="g", version="2")
    reused = store(database, long_text("crane"), feed="a", guid="g", version="3")
    assert story_of(database, first) == story_of(database, rewritten) != story_of(database, reused)


def test_without_keys_nothing_is_linked(database: Database) -> None:
    jobs = [store_result(database, body=SWAN, feed=feed) for feed in "ab"]
    assert [story_of(database, job) for job in jobs] == [None, None]
    assert counts(database) == [0, 0]


def test_text_older_than_the_window_is_not_found_and_soon_forgotten(database: Database) -> None:
    first = store(database, SWAN, feed="a")
    with database.write() as connection:
        week_ago = fingerprints.c.remembered_at - 7 * DAY_MS
        connection.execute(update(fingerprints).values(remembered_at=week_ago))
    later = store(database, SWAN, feed="b")
    assert story_of(database, later) != story_of(database, first)
    assert counts(database) == [1, BANDS]


def test_erased_article_leaves_no_fingerprint(database: Database) -> None:
    first = store(database, SWAN, feed="a")
    copy = store(database, SWAN, feed="b")
    erasure.erase(database, first.article_id, local())
    assert counts(database) == [1, BANDS]
    assert story_of(database, store(database, SWAN, feed="c")) == story_of(database, copy)


@pytest.mark.parametrize("_run", range(3))
def test_copies_stored_at_the_same_moment_are_one_story(database: Database, _run: int) -> None:
    push(database, *(article(SWAN, feed=feed) for feed in "abcd"))
    leased = claim_all(database)
    barrier = threading.Barrier(len(leased))

    def complete(job: LeasedJob) -> None:
        keys = keys_of(SWAN)
        barrier.wait()
        leases.complete(database, job, result_of(job), keys=keys)

    threads = [threading.Thread(target=complete, args=(job,)) for job in leased]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({story_of(database, job) for job in leased} - {None}) == 1
