"""The order of a benchmark: alternating rounds, then latencies, then the account of what was accepted."""

from __future__ import annotations

import contextlib
import os
import platform
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sqlalchemy import func, inspect, select

from services.access import bootstrap
from services.container_limits import read_limits, usable_cores
from services.contracts import Article
from services.database.engine import Database
from services.database.tables import articles as articles_table
from services.errors import InvalidInput
from services.jobs import snapshot
from services.settings import Settings
from services.standalone.up import RunningService, start_service
from services.version import VERSION
from workers.evaluation.bench.figures import BenchmarkResult, Kind, Machine, Round
from workers.evaluation.bench.load import Load, ServiceRound
from workers.evaluation.bench.pipelines import BarePipelines, PipelineRound
from workers.evaluation.bench.processes import Usage, cpu_between, usage_by_kind

_ROUND_ARTICLES: Final = 250  # a round is the mix, repeated until it has at least this many articles
_HALF: Final = 0.5  # of the service's rate, at which latency is measured
_PROCESSES: Final = "STANCEWIRE_WORKER__PROCESSES"


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured.

    ``rounds`` have at least ``round_articles`` articles each. Single pushes follow: for ``latency_s`` seconds at half
    load, and for ``accept_s`` at ``accept_per_s`` beside busy workers. ``processes`` is 0 for one for each core.
    """

    rounds: int = 3
    processes: int = 0
    latency_s: float = 20
    accept_s: float = 10
    accept_per_s: float = 100
    round_articles: int = _ROUND_ARTICLES


def measure(
    articles: Sequence[Article], settings: Settings, plan: Plan, report: Callable[[str], None]
) -> BenchmarkResult:
    """Analyse ``articles`` with and without the service, in turn; ``report`` is called with a line for each step.

    Raises `InvalidInput` if the database of the settings has articles, `services.standalone.up.StartError`, and
    `workers.evaluation.bench.load.Stalled`.
    """
    count = plan.processes or usable_cores()
    mix = list(articles) * -(-plan.round_articles // len(articles))
    if settings.database_url:
        _require_empty(Database(settings.database_url, settings.database))
    with (
        BarePipelines(mix, settings, count) as pipelines,
        _service(settings, count) as (service, key),
    ):
        load = Load(service.url, key, service.database)
        report("one pipeline alone")
        alone = pipelines.run(1)
        bare, whole, cpu_s = _rounds(pipelines, load, service, mix, plan.rounds, report)
        stored = _database_bytes(service.database)
        usage = usage_by_kind(service.supervisor.pids, service.database)
        rate = statistics.median(turn.articles / turn.seconds for turn in whole)
        report(f"latency at {_HALF * rate:.1f} articles/s, for {plan.latency_s:g} s")
        load.steady(articles, "half", _HALF * rate, plan.latency_s)
        load.wait_for_all()
        report(f"pushes at {plan.accept_per_s:g} a second beside busy workers, for {plan.accept_s:g} s")
        load.backlog(articles, max(count, int(rate * plan.accept_s)))
        accept_s = load.steady(articles, "accept", plan.accept_per_s, plan.accept_s)
        report(f"the rest of {load.accepted} articles")
        load.wait_for_all()
        total = sum(turn.articles for turn in whole)
        stages = _stages(bare)
        latencies = load.latencies("half")
        return BenchmarkResult(
            measured_at=datetime.now(UTC).isoformat(timespec="seconds"),
            version=VERSION,
            model=settings.pipeline.model,
            database=service.database.dialect,
            machine=_machine(),
            articles=total,
            words=sum(article.word_count() for article in mix) * plan.rounds,
            processes=count,
            rounds=[
                Round(before.articles_per_s, turn.articles / turn.seconds)
                for before, turn in zip(bare, whole, strict=True)
            ],
            bare_articles_per_s=statistics.median(turn.articles_per_s for turn in bare),
            end_to_end_articles_per_s=rate,
            overhead_ratio=statistics.median(
                turn.articles / turn.seconds / before.articles_per_s for before, turn in zip(bare, whole, strict=True)
            ),
            side_by_side_cost=statistics.median(turn.cpu_per_article(0) for turn in bare) / alone.cpu_per_article(0),
            pipeline_ms_per_article=sum(stages.values()),
            stages_ms_per_article=stages,
            kinds=_kinds(usage, cpu_s, total),
            pushed_bytes_per_article=statistics.mean(load.pushed_bytes),
            result_bytes_per_article=load.result_bytes(),
            stored_bytes_per_article=stored / total,
            batch_accept_articles_per_s=total / sum(turn.accept_s for turn in whole),
            accept_rate_per_s=plan.accept_per_s,
            accept_p50_ms=1000 * statistics.median(accept_s),
            accept_p99_ms=1000 * _p99(accept_s),
            latency_rate_per_s=_HALF * rate,
            latency_p50_ms=1000 * statistics.median(latencies),
            latency_p99_ms=1000 * _p99(latencies),
            lost=load.lost(),
            doubled=load.doubled(),
            start_s=service.startup_s,
        )


def _rounds(
    pipelines: BarePipelines,
    load: Load,
    service: RunningService,
    mix: Sequence[Article],
    rounds: int,
    report: Callable[[str], None],
) -> tuple[list[PipelineRound], list[ServiceRound], dict[str, float]]:
    """Run the rounds, and return them with the processor seconds of each kind of process in those of the service."""
    bare: list[PipelineRound] = []
    whole: list[ServiceRound] = []
    cpu_s: dict[str, float] = defaultdict(float)
    for number in range(rounds):
        bare.append(pipelines.run())
        before = usage_by_kind(service.supervisor.pids, service.database)
        whole.append(load.round(mix, number))
        for kind, seconds in cpu_between(before, usage_by_kind(service.supervisor.pids, service.database)).items():
            cpu_s[kind] += seconds
        rates = f"{bare[-1].articles_per_s:.1f} articles/s, {whole[-1].articles / whole[-1].seconds:.1f}"
        report(f"round {number + 1} of {rounds}: bare pipeline {rates} the whole service")
    return bare, whole, cpu_s


@contextmanager
def _service(settings: Settings, processes: int) -> Iterator[tuple[RunningService, str]]:
    """Start a service on a free port with a state directory of its own, and lend a key to it."""
    before = os.environ.get(_PROCESSES)
    os.environ[_PROCESSES] = str(processes)
    try:
        with tempfile.TemporaryDirectory(prefix="stancewire-bench-") as directory:
            api = settings.api.model_copy(update={"port": 0})
            own = settings.model_copy(update={"state_dir": Path(directory), "api": api})
            with start_service(own, lambda _line: None) as service:
                with bootstrap.borrowed(service.database, "stancewire bench") as key:
                    yield service, key
                service.database.dispose()
    finally:
        del os.environ[_PROCESSES]
        if before is not None:
            os.environ[_PROCESSES] = before


def _require_empty(database: Database) -> None:
    """Raise `InvalidInput` if there are articles: a benchmark must not mix with what an operator keeps."""
    with contextlib.ExitStack() as stack:
        stack.callback(database.dispose)
        connection = stack.enter_context(database.read())
        exists = inspect(connection).has_table(articles_table.name)
        if exists and connection.execute(select(func.count()).select_from(articles_table)).scalar_one():
            raise InvalidInput("database url", "has articles; the benchmark needs an empty database of its own")


def _database_bytes(database: Database) -> int:
    return snapshot.take_snapshot(database).database_bytes


def _stages(rounds: Sequence[PipelineRound]) -> dict[str, float]:
    """Return milliseconds an article by stage, as the mean of all rounds."""
    totals: dict[str, float] = defaultdict(float)
    for share in (share for turn in rounds for share in turn.shares):
        for stage, seconds in share.stages.items():
            totals[stage] += seconds
    articles = sum(share.articles for turn in rounds for share in turn.shares)
    return {stage: 1000 * seconds / articles for stage, seconds in totals.items()}


def _kinds(usage: dict[str, Usage], cpu_s: dict[str, float], articles: int) -> dict[str, Kind]:
    return {
        name: Kind(used.processes, used.threads, 1000 * cpu_s.get(name, 0.0) / articles, used.rss_mb, used.pss_mb)
        for name, used in usage.items()
    }


def _p99(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[98] if len(values) > 1 else values[0]


def _machine() -> Machine:
    processor = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.partition(":")[2].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        processor = names[0] if names else processor
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    memory = min(memory, read_limits().memory_bytes or memory)
    return Machine(processor, usable_cores(), round(memory / 1e9, 1), platform.python_version())
