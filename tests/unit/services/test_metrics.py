from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from services.metrics import declared_names

# A parent with billiard children, as Celery has them: the first child of slot 0 is killed, a second takes its slot.
SCRIPT = """
import os, signal, sys, time
from pathlib import Path
from billiard import Process
from prometheus_client import CollectorRegistry, generate_latest
from services import metrics

directory = Path(sys.argv[1])
metrics.count_under_prefork(directory)
counted = metrics.WorkerMetrics(CollectorRegistry())

def work(times, then_hang):
    for _ in range(times):
        counted.stages.labels("read").observe(0.01)
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


def test_a_replaced_child_counts_on_where_the_killed_one_stood(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path / "metrics")],
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])},
    )
    assert ran.returncode == 0, ran.stderr
    samples = {
        sample.name: sample.value
        for family in text_string_to_metric_families(ran.stdout)
        for sample in family.samples
        if sample.labels.get("stage") == "read"
    }
    assert samples["stancewire_stage_seconds_count"] == 10
    assert ran.stderr.split() == ["histogram_0.db", "histogram_1.db"]


def test_declared_names_cover_counters_gauges_and_histograms() -> None:
    names = declared_names()
    assert {"stancewire_jobs", "stancewire_articles_accepted_total", "stancewire_stage_seconds_bucket"} <= names
    assert all(name.startswith("stancewire_") for name in names)
