from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from services import samples
from services.database.engine import Database
from services.errors import InvalidInput
from services.jobs.accept import accept
from services.settings import Settings
from workers.evaluation.bench.measure import Plan, measure
from workers.evaluation.bench.processes import WORKER


@pytest.mark.slow
def test_benchmark_counts_the_mix_alone_and_accounts_for_every_push(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STANCEWIRE_PIPELINE__MODEL", "rules")
    articles = samples.load()
    plan = Plan(rounds=2, processes=1, latency_s=0.5, accept_s=0.5, accept_per_s=20, round_articles=8)
    lines: list[str] = []
    with ThreadPoolExecutor(1) as pool:  # tests of the browser may have left an event loop in this thread
        result = pool.submit(measure, articles, Settings(), plan, lines.append).result()
    assert result.articles == 2 * 2 * len(articles)
    assert result.words == 2 * 2 * sum(article.word_count() for article in articles)
    assert (result.lost, result.doubled) == (0, 0)
    assert len(result.rounds) == 2
    assert result.kinds.keys() == {"api", "deliverer", "redis", "sweeper", "worker", WORKER}
    assert result.kinds[WORKER].processes == 1
    assert result.kinds[WORKER].threads == 1
    assert 0 < result.kinds[WORKER].cpu_ms_per_article < 10_000
    assert 0 < result.latency_p50_ms <= result.latency_p99_ms
    assert 0 < result.accept_p50_ms <= result.accept_p99_ms
    assert 0 < result.pushed_bytes_per_article < result.stored_bytes_per_article
    assert json.loads(json.dumps(result.as_dict())) == result.as_dict() | {
        "rounds": [{"bare": turn.bare, "whole": turn.whole} for turn in result.rounds]
    }
    assert any(line.startswith("round 2 of 2") for line in lines)


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
def test_database_with_articles_is_refused(database: Database) -> None:
    accept(database, samples.load()[:1])
    settings = Settings(database_url=database.url.render_as_string(hide_password=False))
    with pytest.raises(InvalidInput, match="has articles; the benchmark needs an empty database"):
        measure(samples.load(), settings, Plan(), lambda _line: None)
