from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select
from typer.testing import CliRunner

from services.caller import Scope, local
from services.cli import main
from services.database.engine import Database
from services.database.tables import articles, idempotency_keys, jobs, metadata, results
from services.errors import Gone, LeaseLost, NotFound
from services.jobs import accept, leases, queries, result_queries
from services.jobs.accept import IdempotencyKey
from services.maintenance import erasure
from tests.support.api import assert_problem, complete_job, lease_job, make_key, url_of
from tests.support.ledger import article, push, result_of
from tests.support.speech import Statement, store_result

PRIVATE = "Zerbinetta Quux swore an oath in the cellar"


def row_counts(database: Database) -> dict[str, int]:
    with database.read() as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (articles, jobs, results, idempotency_keys)
        }


def all_cells(database: Database) -> str:
    """All cells of all tables."""
    with database.read() as connection:
        return "\n".join(
            str(tuple(row)) for table in metadata.sorted_tables for row in connection.execute(select(table))
        )


def test_erasure_leaves_only_the_ids(database: Database) -> None:
    kept = push(database, article("Another story."))[0]
    complete_job(database, kept.job_id)
    key = IdempotencyKey("wire", "k", "0" * 64)
    [erased] = accept.accept(database, [article(PRIVATE, title="Oath", guid="secret-guid")], key)
    complete_job(database, erased.job_id)
    assert PRIVATE in all_cells(database)
    outcome = erasure.erase(database, erased.article_id, local())
    assert (outcome.jobs, outcome.results, outcome.keys) == (1, 1, 1)
    assert row_counts(database) == {"articles": 1, "jobs": 1, "results": 1, "idempotency_keys": 0}
    left = all_cells(database)
    assert not [trace for trace in (PRIVATE, "Oath", "secret-guid", article(PRIVATE).content_hash()) if trace in left]
    assert result_queries.result(database, kept.job_id)
    with pytest.raises(Gone):
        queries.job(database, erased.job_id)


def test_sqlite_files_contain_no_copy_after_erasure(sqlite_database: Database, tmp_path: Path) -> None:
    [erased] = push(sqlite_database, article(PRIVATE + " x" * 20_000, title="Oath"))
    complete_job(sqlite_database, erased.job_id)
    files = [path for path in tmp_path.iterdir() if path.name.startswith("ledger.db")]
    assert any(PRIVATE.encode() in path.read_bytes() for path in files)
    assert erasure.erase(sqlite_database, erased.article_id, local()).clean
    assert not any(PRIVATE.encode() in path.read_bytes() for path in files if path.exists())


def test_sqlite_full_text_contains_no_erased_word(sqlite_database: Database, tmp_path: Path) -> None:
    for number in range(8):  # several segments, so that there is something to merge
        store_result(sqlite_database, Statement("Ida Berg", f"the plan number {number} was reckless"), feed="wire")
    erased = store_result(sqlite_database, Statement("Ida Berg", "the zerbinetta was in the cellar"), feed="wire")
    files = [path for path in tmp_path.iterdir() if path.name.startswith("ledger.db")]
    assert any(b"zerbinetta" in path.read_bytes() for path in files)
    assert erasure.erase(sqlite_database, erased.article_id, local()).clean
    assert not any(b"zerbinetta" in path.read_bytes() for path in files if path.exists())
    with sqlite_database.read() as connection:
        words = connection.exec_driver_sql(
            "SELECT count(*) FROM attributions_text WHERE attributions_text MATCH 'reckless'"
        )
        assert words.scalar_one() == 8


def test_erasure_during_a_read_is_not_clean(sqlite_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasure, "_WAL_ATTEMPTS", 2)
    [erased] = push(sqlite_database, article(PRIVATE))
    with sqlite_database.read() as connection:
        connection.execute(select(articles.c.id)).all()
        assert not erasure.erase(sqlite_database, erased.article_id, local()).clean


def test_running_job_cannot_store_its_result_after_erasure(database: Database) -> None:
    [erased] = push(database, article(PRIVATE))
    claimed = lease_job(database, erased.job_id)
    erasure.erase(database, erased.article_id, local())
    assert leases.extend(database, [claimed], 30) == frozenset()
    with pytest.raises(LeaseLost):
        leases.complete(database, claimed, result_of(claimed))
    assert leases.release(database, [claimed]) == 0
    assert row_counts(database) == {"articles": 0, "jobs": 0, "results": 0, "idempotency_keys": 0}


def test_erased_ids_are_gone_for_their_feed_and_not_found_for_others(database: Database, serve: Any) -> None:
    api = serve(database)
    job_id = api.push_id(PRIVATE, feed="wire", guid="g")
    complete_job(database, job_id)
    article_id = api.client.get(f"/v1/jobs/{job_id}").json()["metadata"]["article_id"]
    answer = api.client.delete(f"/v1/articles/{article_id}")
    assert (answer.status_code, answer.json()["jobs"], answer.json()["results"]) == (200, 1, 1)
    for path in (f"/v1/jobs/{job_id}", f"/v1/jobs/{job_id}/result"):
        assert_problem(api.client.get(path), 410, "erased")
    assert_problem(api.client.delete(f"/v1/articles/{article_id}"), 410, "erased")
    assert_problem(api.client.post(f"/v1/articles/{article_id}:withdraw"), 410, "erased")
    acts: list[tuple[str, str, dict[str, int] | None]] = [
        ("DELETE", "", None),
        ("POST", ":retry", None),
        ("POST", ":drop", None),
        ("POST", ":reprioritise", {"priority": 1}),
    ]
    other_feed_client = api.client_of(make_key(database, Scope.INGEST, feeds=("other",)))
    for method, act, body in acts:
        erased = assert_problem(api.client.request(method, f"/v1/jobs/{job_id}{act}", json=body), 410, "erased")
        assert "erased with its article" in erased["detail"]
    assert_problem(other_feed_client.delete(f"/v1/jobs/{job_id}"), 404, "not_found")
    assert_problem(other_feed_client.post(f"/v1/articles/{article_id}:withdraw"), 404, "not_found")
    assert_problem(api.client.delete(f"/v1/articles/{uuid4()}"), 404, "not_found")
    assert [item["kind"] for item in api.client.get("/v1/results").json()["items"]] == ["erased"]
    assert api.client.get("/v1/jobs", params={"guid": "g"}).json()["items"] == []
    repeated = api.push(PRIVATE, feed="wire", guid="g")
    assert (repeated.status_code, repeated.json()["id"] == str(job_id)) == (202, False), "the article is not recognised"


def test_command_erases_all_versions(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STANCEWIRE_DATABASE_URL", url_of(database))
    pushed = push(
        database,
        *[article(f"{PRIVATE} {n}", feed="wire", guid="g", version=str(n)) for n in range(3)],
        article("Other."),
    )
    run, app = CliRunner().invoke, main.build()
    wanted = ["erase", "--feed", "wire", "--guid", "g"]
    assert run(app, [*wanted, "--dry-run"]).stdout.count("would be erased") == 3
    assert run(app, wanted, input="n\n").exit_code == 1
    assert row_counts(database)["articles"] == 4
    outcome = run(app, [*wanted, "--yes"])
    assert outcome.stdout.splitlines() == [
        f"{accepted.article_id}: erased, with 1 jobs and 0 results" for accepted in pushed[:3]
    ]
    assert row_counts(database)["articles"] == 1
    assert isinstance(run(app, [*wanted, "--yes"]).exception, NotFound)
    assert run(app, ["erase"]).exit_code == run(app, ["erase", "--feed", "wire"]).exit_code == 2
