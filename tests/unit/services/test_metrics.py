from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from pathlib import Path

from prometheus_client import CollectorRegistry, values

from services import metrics
from services.metrics import ApiMetrics, WorkerMetrics, declared_names


def test_every_series_has_a_name_of_the_project() -> None:
    names = declared_names()
    assert all(name.startswith("stancewire_") for name in names)
    assert {
        "stancewire_ledger_up",
        "stancewire_jobs",
        "stancewire_jobs_finished_total",
        "stancewire_articles_accepted_total",
        "stancewire_http_requests_total",
        "stancewire_http_request_seconds_bucket",
        "stancewire_stage_seconds_sum",
        "stancewire_article_seconds_count",
        "stancewire_articles_refused_total",
    } <= names
    assert not any(name.endswith("_created") for name in names)


def test_what_a_process_measures_is_declared() -> None:
    registry = CollectorRegistry()
    api, worker = ApiMetrics(registry), WorkerMetrics(registry)
    api.requests.labels("GET", "/v1/jobs", "200").inc()
    api.seconds.labels("GET", "/v1/jobs").observe(0.01)
    api.refused.labels("invalid").inc()
    worker.stages.labels("sentences").observe(0.01)
    worker.articles.labels("succeeded").observe(0.01)
    seen = {sample.name for family in registry.collect() for sample in family.samples}
    assert len(seen) == 2 + 3 * 3
    assert seen <= declared_names()


CHILD = """
import os, signal, sys
from pathlib import Path
from billiard.process import current_process
from prometheus_client import CollectorRegistry, values
from services import metrics

slot, articles, ending = int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
os.environ["PROMETHEUS_MULTIPROC_DIR"] = sys.argv[1]
current_process().index = slot  # what billiard gives the children of a prefork pool
values.ValueClass = values.MultiProcessValue(process_identifier=metrics._slot)
counted = metrics.WorkerMetrics(CollectorRegistry())
for _ in range(articles):
    counted.articles.labels("succeeded").observe(0.5)
    counted.stages.labels("sentences").observe(0.25)
if ending == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
"""


def run_child(directory: Path, slot: int, articles: int, ending: str = "in order") -> int:
    arguments = [sys.executable, "-c", CHILD, str(directory), str(slot), str(articles), ending]
    return subprocess.run(arguments, check=False, cwd=Path(__file__).parents[3]).returncode


def in_a_process_of_its_own(directory: Path, results: multiprocessing.Queue[object]) -> None:
    """``count_under_prefork`` changes the process for good, so it gets one to itself."""
    (directory / "left over.db").parent.mkdir(parents=True, exist_ok=True)
    (directory / "left over.db").write_bytes(b"from an earlier run")
    metrics.count_under_prefork(directory)
    emptied = not list(directory.iterdir())
    codes = [run_child(directory, 0, 3), run_child(directory, 1, 4, "killed")]
    after_kill = scrape()
    codes.append(run_child(directory, 1, 5))  # the one that replaces it
    results.put((emptied, codes, after_kill, scrape(), sorted(file.name for file in directory.iterdir())))


def scrape() -> tuple[float | None, float | None]:
    registry = metrics.prefork_registry()
    return (
        registry.get_sample_value("stancewire_article_seconds_count", {"outcome": "succeeded"}),
        registry.get_sample_value("stancewire_stage_seconds_sum", {"stage": "sentences"}),
    )


def test_counters_outlive_a_killed_child_and_go_on_in_its_slot(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    parent = context.Process(target=in_a_process_of_its_own, args=(tmp_path / "metrics", results))
    parent.start()
    emptied, codes, after_kill, at_the_end, files = results.get(timeout=60)
    parent.join()
    parent.close()
    results.close()
    results.join_thread()
    assert emptied, "an earlier run's files do not count"
    assert codes == [0, -signal.SIGKILL, 0]
    assert after_kill == (7, 1.75)
    assert at_the_end == (12, 3.0)
    assert files == ["histogram_0.db", "histogram_1.db"], "by slot: their number stays bounded"
    assert "PROMETHEUS_MULTIPROC_DIR" not in os.environ
    assert values.ValueClass.__name__ == "MutexValue"
