"""Metrics of processes: declared names, counts across prefork children, gauges of the children."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from services.dispatch.message_filter import CAUSES
from services.metrics import ApiMetrics, WorkerMetrics, declared_names
from services.metrics.prefork import ChildrenCollector
from tests.support import paths

# A parent with billiard children, like Celery's: the first child of slot 0 is killed, and another child replaces it.
SCRIPT = """
import os, signal, sys, time
from pathlib import Path
from billiard import Process
from prometheus_client import CollectorRegistry, generate_latest
from services import metrics

directory = Path(sys.argv[1])
directory.mkdir()
(directory / "histogram_7.db").write_bytes(b"from an earlier run")
metrics.count_under_prefork(directory)
worker_metrics = metrics.WorkerMetrics(CollectorRegistry())

def work(times, then_hang):
    for _ in range(times):
        worker_metrics.stages.labels("read").observe(0.01)
    Path(sys.argv[1] + ".done").touch()
    while then_hang:
        time.sleep(1)

def child(slot, times, then_hang):
    process = Process(target=work, args=(times, then_hang))
    process.index = slot
    process.start()
    return process

first = child(0, 5, True)
while not Path(sys.argv[1] + ".done").exists():
    time.sleep(0.01)
os.kill(first.pid, signal.SIGKILL)
first.join()
child(0, 3, False).join()
child(1, 2, False).join()
sys.stdout.write(generate_latest(metrics.prefork_registry()).decode())
sys.stderr.write(" ".join(sorted(os.listdir(directory))))
"""


def test_replacement_child_continues_counts_of_killed_child(tmp_path: Path) -> None:
    script = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path / "metrics")],
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {"PYTHONPATH": str(paths.ROOT)},
    )
    assert script.returncode == 0, script.stderr
    samples = {
        sample.name: sample.value
        for family in text_string_to_metric_families(script.stdout)
        for sample in family.samples
        if sample.labels.get("stage") == "read"
    }
    assert samples["stancewire_stage_seconds_count"] == 10
    # The counters whose series begin at 0 have a file of the parent, too.
    counters = ["counter_0.db", "counter_1.db", "counter_main.db"]
    assert script.stderr.split() == [*counters, "histogram_0.db", "histogram_1.db"]


def test_declared_names_have_the_project_prefixes() -> None:
    names = declared_names()
    assert all(name.startswith(("stancewire_", "celery_")) for name in names)
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


def test_instruments_of_processes_are_declared() -> None:
    for metrics_class in (ApiMetrics, WorkerMetrics):
        registry = CollectorRegistry()
        metrics_class(registry)
        families = {family.name for family in registry.collect()}
        assert len(families) >= 6
        assert all({name, f"{name}_total", f"{name}_bucket"} & declared_names() for name in families)


def test_counters_that_alerts_watch_begin_at_zero() -> None:
    registry = CollectorRegistry()
    WorkerMetrics(registry)
    samples = [sample for family in registry.collect() for sample in family.samples if sample.name.endswith("_total")]
    causes = {sample.labels["cause"] for sample in samples if "dropped" in sample.name}
    faults = {(sample.labels["store"], sample.labels["fault"]) for sample in samples if "store_errors" in sample.name}
    assert causes == set(CAUSES)
    assert {("redis", "foreign_key"), ("database", "read_only")} <= faults
    assert {sample.value for sample in samples} == {0}


def test_children_collector_shows_count_and_memory() -> None:
    program = "print(flush=True); input()"
    child = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert child.stdout is not None
        child.stdout.readline()
        values = {family.name: family.samples[0].value for family in ChildrenCollector().collect()}
    finally:
        child.communicate(b"\n", timeout=30)
    assert values["stancewire_worker_children"] >= 1
    assert values["stancewire_worker_children_resident_bytes"] > 1_000_000
