"""The figures of a benchmark, as JSON and as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

_DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine that was measured: its processor's name, the cores and gigabytes in use, the version of Python."""

    processor: str
    cores: int
    memory_gb: float
    python: str


@dataclass(frozen=True, slots=True)
class Round:
    """The rates of one round in articles per second: of the bare pipeline, then of the whole service."""

    bare: float
    whole: float


@dataclass(frozen=True, slots=True)
class Kind:
    """The processes of one kind while the rounds ran.

    ``cpu_ms_per_article`` is processor time of all of them; ``threads`` and ``rss_mb`` (peak, resident) are those of
    the largest; ``pss_mb`` is the memory of all, shared pages counted once, or None where it cannot be read.
    """

    processes: int
    threads: int
    cpu_ms_per_article: float
    rss_mb: float
    pss_mb: float | None


@dataclass(frozen=True, slots=True)
class BenchmarkResult:
    """The measurements. Rates are articles of the mix per second of wall time; other pushes count for no rate.

    ``overhead_ratio`` is the median of whole / bare by round. ``side_by_side_cost`` is the processor time of an article
    while all pipelines run, over that of one pipeline alone. ``accept_*`` are single pushes at ``accept_rate_per_s``
    while all workers are busy; ``batch_accept_articles_per_s`` is measured at the beginning of each round.
    ``latency_*`` are from acceptance to the stored result at ``latency_rate_per_s``, half of the whole service's rate.
    ``lost`` and ``doubled`` count articles without a final state and further results of one article.
    """

    measured_at: str
    version: str
    model: str
    database: str
    machine: Machine
    articles: int
    words: int
    processes: int
    rounds: Sequence[Round]
    bare_articles_per_s: float
    end_to_end_articles_per_s: float
    overhead_ratio: float
    side_by_side_cost: float
    pipeline_ms_per_article: float
    stages_ms_per_article: dict[str, float]
    kinds: dict[str, Kind]
    pushed_bytes_per_article: float
    result_bytes_per_article: float
    stored_bytes_per_article: float
    batch_accept_articles_per_s: float
    accept_rate_per_s: float
    accept_p50_ms: float
    accept_p99_ms: float
    latency_rate_per_s: float
    latency_p50_ms: float
    latency_p99_ms: float
    lost: int
    doubled: int
    start_s: float

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return asdict(self)


def spread(values: Sequence[float]) -> str:
    """Return the least and the largest of ``values``."""
    return f"{min(values):.1f} to {max(values):.1f}"


def render(result: BenchmarkResult, console: Console) -> None:
    """Print the result as a table."""
    table = Table("figure", "value", box=None)
    table.add_row("articles, words", f"{result.articles}, {result.words}")
    table.add_row("database, model", f"{result.database}, {result.model}")
    table.add_row("worker processes", str(result.processes))
    table.add_row(
        "bare pipeline",
        f"{result.bare_articles_per_s:.1f} articles/s ({spread([turn.bare for turn in result.rounds])}), "
        f"{result.pipeline_ms_per_article:.1f} ms per article",
    )
    table.add_row(
        "whole service",
        f"{result.end_to_end_articles_per_s:.1f} articles/s ({spread([turn.whole for turn in result.rounds])}), "
        f"{_DAY_S * result.end_to_end_articles_per_s:,.0f} per day",
    )
    table.add_row("whole service / bare", f"{result.overhead_ratio:.2f}")
    table.add_row("side by side / alone", f"{result.side_by_side_cost:.2f} processor time")
    table.add_row("accepted in batches", f"{result.batch_accept_articles_per_s:.0f} articles/s")
    table.add_row(
        f"accept, {result.accept_rate_per_s:g}/s, workers busy",
        f"p50 {result.accept_p50_ms:.1f} ms, p99 {result.accept_p99_ms:.1f} ms",
    )
    table.add_row(
        f"accepted to stored, {result.latency_rate_per_s:.1f}/s",
        f"p50 {result.latency_p50_ms:.0f} ms, p99 {result.latency_p99_ms:.0f} ms",
    )
    table.add_row("lost, doubled", f"{result.lost}, {result.doubled}")
    table.add_row(
        "bytes an article",
        f"{result.pushed_bytes_per_article:,.0f} pushed, {result.result_bytes_per_article:,.0f} of result, "
        f"{result.stored_bytes_per_article:,.0f} stored",
    )
    table.add_row("start", f"{result.start_s:.1f} s")
    for name, kind in result.kinds.items():
        pss = "" if kind.pss_mb is None else f", {kind.pss_mb:.0f} MB of all together"
        table.add_row(
            f"{name}, {kind.processes}",
            f"{kind.cpu_ms_per_article:.2f} ms processor time an article, {kind.rss_mb:.0f} MB each{pss}",
        )
    for stage, milliseconds in result.stages_ms_per_article.items():
        table.add_row(f"stage {stage}", f"{milliseconds:.2f} ms")
    console.print(table)
