from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.benchmarks import capacity, page


def kind(cpu_ms: float) -> dict[str, Any]:
    return {"processes": 2, "threads": 1, "cpu_ms_per_article": cpu_ms, "rss_mb": 300, "pss_mb": 400}


def measured(database: str, whole: float) -> dict[str, Any]:
    rates = ("accept_p50_ms", "accept_p99_ms", "accept_rate_per_s", "latency_p50_ms", "latency_p99_ms")
    sizes = ("pushed", "result", "stored")
    return (
        {
            "measured_at": "2026-11-28T22:00:00+00:00",
            "version": "0.1.0",
            "model": "trained",
            "database": database,
            "machine": {"processor": "a processor", "cores": 2, "memory_gb": 24, "python": "3.11.7"},
            "articles": 900,
            "words": 450_000,
            "processes": 2,
            "rounds": [{"bare": 22.0, "whole": whole}, {"bare": 24.0, "whole": whole + 1}],
            "bare_articles_per_s": 23.0,
            "end_to_end_articles_per_s": whole,
            "overhead_ratio": whole / 23,
            "side_by_side_cost": 1.02,
            "stages_ms_per_article": {"read": 2.0, "encoder": 60.0},
            "kinds": {"api": kind(2), "worker": kind(0), "worker child": kind(80), "postgresql": kind(3)},
            "batch_accept_articles_per_s": 2000.0,
            "latency_rate_per_s": whole / 2,
            "lost": 0,
            "doubled": 0,
            "start_s": 5.0,
        }
        | dict.fromkeys(rates, 20.0)
        | {f"{size}_bytes_per_article": 10_000.0 for size in sizes}
    )


LEDGER_FIGURES = {
    "measured_at": "2026-11-28T22:00:00+00:00",
    "commits": [{"writers": 1, "own_row": 500.0, "same_row": 490.0}],
    "hold_ms": 4.0,
    "complete_ms": 6.0,
    "round_trips": 5,
}


def test_newest_measurement_of_each_database_is_shown_with_its_spread() -> None:
    text = page.figures([measured("sqlite", 19), measured("postgresql", 20), measured("sqlite", 22)])
    assert "| figure | SQLite | PostgreSQL |" in text
    assert "**22.0** (22.0 to 23.0)" in text
    assert "**19.0**" not in text
    assert text.index("| encoder |") < text.index("| read |")


def test_cores_are_those_of_the_peak_at_bounded_use() -> None:
    rows = {row[0]: row[1:] for row in capacity.rows(measured("postgresql", 20))}
    # 1 000 000 a day are 11.57 a second; twice that at 80 ms and 70 % use are 2.65 cores.
    assert rows["worker cores"] == ["3", "27", "265"]
    assert rows["disk for 30 days"] == ["0.3 TB", "3.0 TB", "30.0 TB"]


def test_load_beyond_the_numbering_row_shows_as_more_than_all_of_its_time() -> None:
    near, _, far = capacity.wall_rows(LEDGER_FIGURES)
    assert near == ["the row is held, on the same machine (at most 250 results/s)", "9% of the time", "93% of the time",
                    "926% of the time"]  # fmt: skip
    assert "at most 111 results/s" in far[0]


def test_generated_part_alone_is_replaced(tmp_path: Path) -> None:
    file = tmp_path / "page.md"
    file.write_text(f"before\n{page.BEGIN}\nold\n{page.END}\nafter\n")
    page.write(file, "new")
    assert file.read_text() == f"before\n{page.BEGIN}\n\nnew\n\n{page.END}\nafter\n"
