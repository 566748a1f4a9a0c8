"""`stancewire bench`: what the whole service reaches, beside what its pipeline alone reaches, on the same cores in one run."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import statistics
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from services.access import bootstrap
from services.contracts import Article
from services.database.counters import CounterName
from services.errors import PermanentError
from services.jobs import queries
from services.settings import Settings
from services.standalone.up import running

_BATCH = 300
_PUSH_EVERY_S = 0.2  # single pushes beside the load, to see what accepting costs meanwhile


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured. Rates are per second of wall time; ``overhead_ratio`` is end to end over bare."""

    articles: int
    words: int
    processes: int
    bare_articles_per_s: float
    end_to_end_articles_per_s: float
    overhead_ratio: float
    pipeline_ms_per_article: float
    stages_ms_per_article: dict[str, float]
    batch_accept_articles_per_s: float
    accept_p50_ms: float
    accept_p99_ms: float
    start_s: float

    def as_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Bare:
    """Pipelines without a service: rate of all side by side, seconds an article in one, in all and by stage."""

    articles_per_s: float
    seconds: float
    stages: dict[str, float]


def measure(articles: Sequence[Article], settings: Settings, *, rounds: int, processes: int) -> Figures:
    """Analyse ``articles`` bare in as many processes as the service gets, then push them ``rounds`` times through the service."""
    count = processes or len(os.sched_getaffinity(0))
    before = _bare(articles, settings, rounds, count)
    with tempfile.TemporaryDirectory(prefix="stancewire-bench-") as directory:
        api = settings.api.model_copy(update={"port": 0})
        settings = settings.model_copy(
            update={"state_dir": Path(directory), "api": api, "database_url": settings.database_url}
        )
        os.environ["STANCEWIRE_WORKER__PROCESSES"] = str(count)
        with (
            running(settings, lambda _line: None) as service,
            bootstrap.borrowed(service.database, "stancewire bench") as headers,
            httpx.Client(base_url=service.url, timeout=120, headers=headers) as client,
        ):
            accept_rate, end_to_end, accepts = _through(client, service.database, articles, rounds)
            start_s = service.seconds
    after = _bare(
        articles, settings, rounds, count
    )  # machines drift: the service is set against what lay on both sides of it
    bare = statistics.mean((before.articles_per_s, after.articles_per_s))
    return Figures(
        articles=len(articles) * rounds,
        words=sum(article.word_count() for article in articles) * rounds,
        processes=count,
        bare_articles_per_s=bare,
        end_to_end_articles_per_s=end_to_end,
        overhead_ratio=end_to_end / bare,
        pipeline_ms_per_article=statistics.mean((before.seconds, after.seconds)) * 1000,
        stages_ms_per_article={stage: (spent + after.stages[stage]) * 500 for stage, spent in before.stages.items()},
        batch_accept_articles_per_s=accept_rate,
        accept_p50_ms=statistics.median(accepts) * 1000,
        accept_p99_ms=statistics.quantiles(accepts, n=100)[98] * 1000 if len(accepts) > 1 else accepts[0] * 1000,
        start_s=start_s,
    )


def _bare(articles: Sequence[Article], settings: Settings, rounds: int, count: int) -> _Bare:
    """Run ``count`` bare pipelines side by side."""
    context = multiprocessing.get_context("spawn")
    ready, go = context.Barrier(count + 1), context.Event()
    done: Any = context.Queue()
    work = [list(itertools.islice(articles, start, None, count)) for start in range(count)]
    children = [context.Process(target=_analyse_all, args=(part, settings, rounds, ready, go, done)) for part in work]
    for child in children:
        child.start()
    ready.wait()
    began = time.perf_counter()
    go.set()
    reports = [done.get() for _ in children]
    seconds = time.perf_counter() - began
    for child in children:
        child.join()
    stages: dict[str, float] = defaultdict(float)
    for part, _ in reports:
        for stage, spent in part.items():
            stages[stage] += spent
    total = len(articles) * rounds
    spent = sum(own for _, own in reports)
    return _Bare(total / seconds, spent / total, {stage: own / total for stage, own in stages.items()})


def _analyse_all(articles: list[Article], settings: Settings, rounds: int, ready: Any, go: Any, done: Any) -> None:
    from workers.pipeline.pipeline import Pipeline

    pipeline = Pipeline(settings.pipeline)
    pipeline.analyse(articles[0])  # what is loaded at first use counts as start
    stages: dict[str, float] = defaultdict(float)
    ready.wait()
    go.wait()
    began = time.perf_counter()
    for article in itertools.chain.from_iterable(itertools.repeat(articles, rounds)):
        stage_began = time.perf_counter()

        def checkpoint(stage: str) -> None:
            nonlocal stage_began
            now = time.perf_counter()
            stages[stage] += now - stage_began
            stage_began = now

        try:
            pipeline.analyse(article, checkpoint)
        except PermanentError:
            continue  # the service ends these jobs in the same place
    done.put((dict(stages), time.perf_counter() - began))


def _through(
    client: httpx.Client, database: Any, articles: Sequence[Article], rounds: int
) -> tuple[float, float, list[float]]:
    total = len(articles) * rounds
    accepts: list[float] = []
    finished = threading.Event()
    began = time.perf_counter()
    probe = threading.Thread(target=_probe, args=(client, articles[0], accepts, finished))
    for number in range(rounds):
        for start in range(0, len(articles), _BATCH):
            lines = "\n".join(
                article.model_copy(update={"version": f"bench-{number}-{start + place}"}).model_dump_json(
                    exclude_none=True
                )
                for place, article in enumerate(articles[start : start + _BATCH])
            )
            client.post("/v1/articles:batch", content=lines).raise_for_status()
    accepted = time.perf_counter() - began
    probe.start()
    while _ended(database) < total:
        time.sleep(0.25)
    ended = time.perf_counter() - began
    finished.set()
    probe.join()
    return total / accepted, (total + len(accepts)) / ended if accepts else total / ended, accepts or [0.0]


def _probe(client: httpx.Client, article: Article, accepts: list[float], finished: threading.Event) -> None:
    """Push one short article now and then while the workers are busy."""
    for number in itertools.count():
        if finished.wait(_PUSH_EVERY_S):
            return
        small = article.model_copy(
            update={"feed": "probe", "guid": f"probe-{number}", "version": None, "body": article.body[:2000]}
        )
        began = time.perf_counter()
        client.post(
            "/v1/articles",
            content=small.model_dump_json(exclude_none=True),
            headers={"Content-Type": "application/json"},
        )
        accepts.append(time.perf_counter() - began)


def _ended(database: Any) -> int:
    counters = queries.backlog_snapshot(database).counters
    return int(sum(value for (name, _), value in counters.items() if name is CounterName.FINISHED))


def render(figures: Figures, console: Console) -> None:
    """Print the figures for people."""
    table = Table("figure", "value", box=None)
    table.add_row("articles, words", f"{figures.articles}, {figures.words}")
    table.add_row("worker processes", str(figures.processes))
    table.add_row(
        "bare pipeline",
        f"{figures.bare_articles_per_s:.1f} articles/s, {figures.pipeline_ms_per_article:.1f} ms an article",
    )
    table.add_row(
        "whole service",
        f"{figures.end_to_end_articles_per_s:.1f} articles/s, {86_400 * figures.end_to_end_articles_per_s:,.0f} a day",
    )
    table.add_row("whole service / bare", f"{figures.overhead_ratio:.2f}")
    table.add_row("accepted in batches", f"{figures.batch_accept_articles_per_s:.0f} articles/s")
    table.add_row("accept, workers busy", f"p50 {figures.accept_p50_ms:.1f} ms, p99 {figures.accept_p99_ms:.1f} ms")
    table.add_row("start", f"{figures.start_s:.1f} s")
    for stage, milliseconds in figures.stages_ms_per_article.items():
        table.add_row(f"stage {stage}", f"{milliseconds:.2f} ms")
    console.print(table)
