"""``stancewire bench``: the throughput of the whole service and of its bare pipeline, on the same cores in one run."""

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
from services.container_limits import usable_cores
from services.contracts import Article
from services.database.counters import CounterName
from services.database.engine import Database
from services.errors import PermanentError
from services.jobs import backlog
from services.settings import Settings
from services.standalone.up import start_service

_BATCH = 300
_PROBE_INTERVAL_S = 0.2  # between the single pushes that measure accept latency while the workers are busy


@dataclass(frozen=True, slots=True)
class BenchmarkResult:
    """The measurements. Rates are per second of wall time; ``overhead_ratio`` is end to end over bare."""

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
        """Return plain values, for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _PipelineTiming:
    """Pipelines without a service, side by side.

    ``articles_per_s`` is the rate of all processes together. ``article_s`` and ``stages`` are the seconds that one
    process spends on an article, in total and by stage.
    """

    articles_per_s: float
    article_s: float
    stages: dict[str, float]


@dataclass(frozen=True, slots=True)
class _ServiceTiming:
    """The whole service; ``accept_s`` are the latencies of single pushes while the workers are busy, in seconds."""

    accepted_per_s: float
    articles_per_s: float
    accept_s: list[float]


def measure(articles: Sequence[Article], settings: Settings, *, rounds: int, processes: int) -> BenchmarkResult:
    """Analyse ``articles`` without the service, then push them through the service, ``rounds`` times each.

    Both use the same number of processes; 0 means one per core.
    """
    count = processes or usable_cores()
    before = _time_pipeline(articles, settings, rounds, count)
    with tempfile.TemporaryDirectory(prefix="stancewire-bench-") as directory:
        api = settings.api.model_copy(update={"port": 0})
        service_settings = settings.model_copy(update={"state_dir": Path(directory), "api": api})
        os.environ["STANCEWIRE_WORKER__PROCESSES"] = str(count)
        with (
            start_service(service_settings, lambda _line: None) as stack,
            bootstrap.borrowed(stack.database, "stancewire bench") as key,
            httpx.Client(base_url=stack.url, timeout=120, headers={"Authorization": f"Bearer {key}"}) as client,
        ):
            service = _time_service(client, stack.database, articles, rounds)
            start_s = stack.startup_s
    # The speed of a machine drifts: the service is compared with the mean of the pipeline before and after it.
    after = _time_pipeline(articles, settings, rounds, count)
    bare = statistics.mean((before.articles_per_s, after.articles_per_s))
    latencies_ms = [seconds * 1000 for seconds in service.accept_s]
    return BenchmarkResult(
        articles=len(articles) * rounds,
        words=sum(article.word_count() for article in articles) * rounds,
        processes=count,
        bare_articles_per_s=bare,
        end_to_end_articles_per_s=service.articles_per_s,
        overhead_ratio=service.articles_per_s / bare,
        pipeline_ms_per_article=statistics.mean((before.article_s, after.article_s)) * 1000,
        stages_ms_per_article={
            stage: statistics.mean((seconds, after.stages[stage])) * 1000 for stage, seconds in before.stages.items()
        },
        batch_accept_articles_per_s=service.accepted_per_s,
        accept_p50_ms=statistics.median(latencies_ms),
        accept_p99_ms=statistics.quantiles(latencies_ms, n=100)[98] if len(latencies_ms) > 1 else latencies_ms[0],
        start_s=start_s,
    )


def _time_pipeline(articles: Sequence[Article], settings: Settings, rounds: int, count: int) -> _PipelineTiming:
    """Run ``count`` processes with a bare pipeline each and share the articles among them."""
    context = multiprocessing.get_context("spawn")
    ready, go = context.Barrier(count + 1), context.Event()
    reports_queue: Any = context.Queue()
    shares = [list(itertools.islice(articles, start, None, count)) for start in range(count)]
    children = [
        context.Process(target=_analyse_all, args=(share, settings, rounds, ready, go, reports_queue))
        for share in shares
    ]
    for child in children:
        child.start()
    ready.wait()
    began = time.perf_counter()
    go.set()
    reports = [reports_queue.get() for _ in children]
    seconds = time.perf_counter() - began
    for child in children:
        child.join()
    stage_totals: dict[str, float] = defaultdict(float)
    for stages, _ in reports:
        for stage, stage_seconds in stages.items():
            stage_totals[stage] += stage_seconds
    total = len(articles) * rounds
    process_seconds = sum(own_seconds for _, own_seconds in reports)
    stages_per_article = {stage: stage_seconds / total for stage, stage_seconds in stage_totals.items()}
    return _PipelineTiming(total / seconds, process_seconds / total, stages_per_article)


def _analyse_all(articles: list[Article], settings: Settings, rounds: int, ready: Any, go: Any, reports: Any) -> None:
    """Analyse the articles ``rounds`` times in a child process; report the seconds by stage and in total."""
    from workers.pipeline.pipeline import Pipeline

    pipeline = Pipeline(settings.pipeline)
    pipeline.analyse(articles[0])  # loads on first use, before the measurement begins
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
            continue  # the service ends these jobs at the same point
    reports.put((dict(stages), time.perf_counter() - began))


def _time_service(client: httpx.Client, database: Database, articles: Sequence[Article], rounds: int) -> _ServiceTiming:
    """Push the articles in batches, as new versions in each round, and wait until all jobs are finished."""
    total = len(articles) * rounds
    latencies: list[float] = []
    finished = threading.Event()
    began = time.perf_counter()
    probe = threading.Thread(target=_push_probes, args=(client, articles[0], latencies, finished))
    for number in range(rounds):
        for start in range(0, len(articles), _BATCH):
            lines = "\n".join(
                article.model_copy(update={"version": f"bench-{number}-{index}"}).model_dump_json(exclude_none=True)
                for index, article in enumerate(articles[start : start + _BATCH], start)
            )
            client.post("/v1/articles:batch", content=lines).raise_for_status()
    accepted = time.perf_counter() - began
    probe.start()
    while _finished_jobs(database) < total:
        time.sleep(0.25)
    ended = time.perf_counter() - began
    finished.set()
    probe.join()
    return _ServiceTiming(total / accepted, (total + len(latencies)) / ended, latencies or [0.0])


def _push_probes(client: httpx.Client, article: Article, latencies: list[float], finished: threading.Event) -> None:
    """Push one short article at a time at intervals until ``finished``; record the latency of each push in seconds."""
    for number in itertools.count():
        if finished.wait(_PROBE_INTERVAL_S):
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
        latencies.append(time.perf_counter() - began)


def _finished_jobs(database: Database) -> int:
    counters = backlog.snapshot(database).counters
    return int(sum(value for (name, _), value in counters.items() if name is CounterName.FINISHED))


def render(result: BenchmarkResult, console: Console) -> None:
    """Print the result as a table."""
    table = Table("figure", "value", box=None)
    table.add_row("articles, words", f"{result.articles}, {result.words}")
    table.add_row("worker processes", str(result.processes))
    table.add_row(
        "bare pipeline",
        f"{result.bare_articles_per_s:.1f} articles/s, {result.pipeline_ms_per_article:.1f} ms per article",
    )
    table.add_row(
        "whole service",
        f"{result.end_to_end_articles_per_s:.1f} articles/s, {86_400 * result.end_to_end_articles_per_s:,.0f} per day",
    )
    table.add_row("whole service / bare", f"{result.overhead_ratio:.2f}")
    table.add_row("accepted in batches", f"{result.batch_accept_articles_per_s:.0f} articles/s")
    table.add_row("accept, workers busy", f"p50 {result.accept_p50_ms:.1f} ms, p99 {result.accept_p99_ms:.1f} ms")
    table.add_row("start", f"{result.start_s:.1f} s")
    for stage, milliseconds in result.stages_ms_per_article.items():
        table.add_row(f"stage {stage}", f"{milliseconds:.2f} ms")
    console.print(table)
