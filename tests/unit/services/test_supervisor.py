from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.embedded.supervisor import Child, Supervisor

Eventually = Callable[[Callable[[], bool], float], None]
ROOT = str(Path(__file__).parents[3])
SLEEP = (sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)")
STUBBORN = (
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)",
)


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    running = Supervisor(tmp_path / "logs")
    yield running
    running.stop()


def test_what_falls_is_started_again(supervisor: Supervisor, eventually: Eventually) -> None:
    supervisor.start(Child("one", SLEEP, grace_s=5))
    before = supervisor.pids["one"]
    os.kill(before, signal.SIGKILL)

    def is_back() -> bool:
        supervisor.check()
        return supervisor.pids.get("one", before) != before

    eventually(is_back, 10)


def test_what_falls_at_once_is_started_ever_later(supervisor: Supervisor) -> None:
    child = Child("one", (sys.executable, "-c", "print('fell')"), grace_s=5)
    supervisor.start(child)
    end = time.monotonic() + 2
    while time.monotonic() < end:
        supervisor.check()
        time.sleep(0.01)
    assert 2 <= child.falls <= 4
    assert supervisor.log_of("one").read_text().count("fell") >= 2


def test_what_does_not_stop_is_killed_after_its_grace(supervisor: Supervisor, eventually: Eventually) -> None:
    supervisor.start(Child("one", STUBBORN, grace_s=0.5))
    eventually(lambda: "up" in supervisor.log_of("one").read_text(), 10)
    pid = supervisor.pids["one"]
    supervisor.stop()
    assert not Path(f"/proc/{pid}").exists()
    assert supervisor.pids == {}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the signal at a parent's death is Linux's")
def test_children_end_with_a_killed_parent(tmp_path: Path, eventually: Eventually) -> None:
    script = (
        "import sys, time; from pathlib import Path; from services.embedded.supervisor import Child, Supervisor\n"
        f"s = Supervisor(Path({str(tmp_path)!r})); s.start(Child('one', {SLEEP!r}, grace_s=5))\n"
        "print(s.pids['one'], flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": ROOT},
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.stdout.close()
    parent.kill()
    parent.wait()
    eventually(lambda: not Path(f"/proc/{child}").exists(), 10)
