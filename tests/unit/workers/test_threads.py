"""One thread in each process of the pipeline, whatever the environment asks for: parallelism comes from processes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import numpy as np
from threadpoolctl import threadpool_info

from services import samples
from tests.support.paths import ROOT

# As a large machine or a careless operator might set them.
MANY_THREADS = {"OMP_NUM_THREADS": "8", "OPENBLAS_NUM_THREADS": "8", "MKL_NUM_THREADS": "8"}
ROUNDS = 4
# Analyses two samples after each line of input, and answers with the processor time that this took, in seconds.
ANALYSE_ON_REQUEST = """
import sys, time
from services import samples
from services.settings import Pipeline as Settings
from workers.pipeline.pipeline import Pipeline
pipeline, articles = Pipeline(Settings()), samples.load()[:2]
for _ in sys.stdin:
    began = time.process_time()
    for article in articles:
        pipeline.analyse(article)
    print(time.process_time() - began, flush=True)
"""


def environment() -> dict[str, str]:
    return os.environ | MANY_THREADS | {"PYTHONPATH": str(ROOT)}


@contextmanager
def reader() -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", ANALYSE_ON_REQUEST],
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        yield process


def seconds(*processes: subprocess.Popen[str]) -> float:
    """Have the processes analyse at the same time, and return the mean of their processor times."""
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    answers = []
    for process in processes:
        assert process.stdout is not None
        answers.append(float(process.stdout.readline()))
    return sum(answers) / len(answers)


def test_two_processes_side_by_side_cost_at_most_115_percent_of_a_lone_process() -> None:
    """Processor time, the least of several alternating rounds, so that other work on the machine hardly counts."""
    with ExitStack() as stack:
        first, second = (stack.enter_context(reader()) for _ in range(2))
        seconds(first, second)  # loads the model
        rounds = [(seconds(first), seconds(first, second)) for _ in range(ROUNDS)]
    alone, together = (min(column) for column in zip(*rounds, strict=True))
    assert together < 1.15 * alone


def test_analyze_runs_a_single_thread() -> None:
    code = (
        "import sys; sys.argv = ['stancewire', 'analyze', '-', '--json']\n"
        "import services.cli.main, os\ntry: services.cli.main.main()\nexcept SystemExit: pass\n"
        "print('threads:', len(os.listdir('/proc/self/task')))"
    )
    article = samples.load()[0].model_dump_json(exclude_none=True)
    completed = subprocess.run(
        [sys.executable, "-c", code], env=environment(), input=article, capture_output=True, text=True, timeout=120
    )
    assert completed.stdout.splitlines()[-1:] == ["threads: 1"], completed.stderr


def test_tests_themselves_run_a_single_native_thread() -> None:
    np.ones((64, 64)) @ np.ones((64, 64))  # has BLAS loaded
    pools = threadpool_info()
    assert pools
    assert {pool["internal_api"]: pool["num_threads"] for pool in pools if pool["num_threads"] != 1} == {}
