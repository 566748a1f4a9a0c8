from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from tests.hosts import report
from tests.hosts.scenarios import Outcome

KILLED = Outcome(
    scenario="killed",
    articles=1200,
    lost=0,
    doubled=0,
    read={"b": 700, "c": 500},
    interrupted=6,
    again_s=34.56,
    pause_s=1.25,
    refused=1,
    failed=2,
    readyz={"ok": 90, "degraded": 2},
    notes={"c started, s": 7.5},
)
MEASURED = {
    "measured_at": "2026-11-29T02:00:00+00:00",
    "version": "1.0",
    "upgraded_from": "",
    "cores": 2,
    "delay_ms": 0,
    "lease_s": 30.0,
    "cut_s": 45.0,
    "outcomes": [asdict(KILLED)],
}


def test_page_has_a_row_for_each_scenario_and_its_further_figures_below() -> None:
    page = report.page(MEASURED)
    row = "| C killed, started again | 1,200 | 0 | 0 | 700, 500 | as pushed | 6, 34.6 s | 1.2 s | 1, 2 |"
    assert f"{row} degraded 2 times, ok 90 times |" in page
    assert page.endswith("- C killed, started again: c started, s: 7.5")
    assert "no added delay" in page


def test_only_the_generated_part_of_the_page_is_replaced(tmp_path: Path) -> None:
    file = tmp_path / "page.md"
    file.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n")
    report.write(file, "new")
    assert file.read_text() == f"before\n{report.BEGIN}\n\nnew\n\n{report.END}\nafter\n"
