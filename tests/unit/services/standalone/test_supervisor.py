from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.standalone.supervisor import Child, Supervisor, stancewire
from tests.support import paths

Eventually = Callable[[Callable[[], bool], float], None]

STAYS = "import time; print('up', flush=True); time.sleep(60)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
FALLS = "print('up', flush=True); raise SystemExit(3)"


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


def runs(pid: int) -> bool:
    """Whether a process lives; one that is dead and not yet waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    made = Supervisor(tmp_path / "logs")
    yield made
    made.stop()


def ups(supervisor: Supervisor, name: str) -> int:
    return supervisor.log_of(name).read_text().count("up")


def test_a_child_runs_with_its_output_in_its_log(supervisor: Supervisor, eventually: Eventually) -> None:
    code = "import os, sys; print('up', os.environ['MARK']); print('and down', file=sys.stderr)"
    supervisor.start(Child("one", python(code), 5, {"MARK": "north"}))
    eventually(lambda: "and down" in supervisor.log_of("one").read_text(), 10)
    assert "up north" in supervisor.log_of("one").read_text()


def test_a_child_that_is_killed_is_started_again(supervisor: Supervisor, eventually: Eventually) -> None:
    supervisor.start(Child("one", python(STAYS), 5))
    eventually(lambda: ups(supervisor, "one") == 1, 10)
    first = supervisor.pids["one"]
    supervisor.check()
    assert supervisor.pids["one"] == first, "what runs is left alone"
    os.kill(first, signal.SIGKILL)
    eventually(lambda: not runs(first), 5)
    supervisor.check()
    assert supervisor.pids == {}, "not at once"

    def back() -> bool:
        supervisor.check()
        return "one" in supervisor.pids

    eventually(back, 5)
    assert supervisor.pids["one"] != first
    eventually(lambda: ups(supervisor, "one") == 2, 10)


def test_a_child_that_falls_again_and_again_waits_longer_each_time(supervisor: Supervisor) -> None:
    child = Child("one", python(FALLS), 5)
    supervisor.start(child)
    delays = []
    end = time.monotonic() + 20
    while len(delays) < 3:
        assert time.monotonic() < end
        fallen = child.falls
        now = time.monotonic()
        supervisor.check()
        if child.falls > fallen:
            assert child.restart_at is not None
            delays.append(child.restart_at - now)
        time.sleep(0.01)
    assert delays == pytest.approx([0.2, 0.5, 1], abs=0.1)


def test_stopping_ends_all_the_last_started_first(tmp_path: Path, eventually: Eventually) -> None:
    supervisor = Supervisor(tmp_path / "logs")
    record = tmp_path / "order"
    for name in ("first", "second"):
        code = (
            "import signal, sys, time\n"
            f"signal.signal(signal.SIGTERM, lambda *_: (open({str(record)!r}, 'a').write('{name} '), sys.exit()))\n"
            "print('up', flush=True)\ntime.sleep(60)"
        )
        supervisor.start(Child(name, python(code), 10))
    eventually(lambda: all(ups(supervisor, name) for name in ("first", "second")), 10)
    pids = list(supervisor.pids.values())
    supervisor.stop()
    assert record.read_text() == "second first "
    assert not any(runs(pid) for pid in pids)
    supervisor.check()
    assert supervisor.pids == {}, "what was stopped stays so"


def test_a_child_that_will_not_stop_is_killed_after_its_grace(tmp_path: Path, eventually: Eventually) -> None:
    supervisor = Supervisor(tmp_path / "logs")
    supervisor.start(Child("stubborn", python(STUBBORN), 0.3))
    eventually(lambda: ups(supervisor, "stubborn") == 1, 10)
    pid = supervisor.pids["stubborn"]
    began = time.monotonic()
    supervisor.stop()
    assert 0.3 <= time.monotonic() - began < 3
    assert not runs(pid)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel's word to orphans is Linux's")
def test_children_end_with_a_parent_that_is_killed(tmp_path: Path, eventually: Eventually) -> None:
    code = (
        "import sys, time\nfrom pathlib import Path\n"
        "from services.standalone.supervisor import Child, Supervisor\n"
        f"supervisor = Supervisor(Path({str(tmp_path)!r}))\n"
        f"supervisor.start(Child('one', (sys.executable, '-c', {STAYS!r}), 5))\n"
        "print(supervisor.pids['one'], flush=True)\ntime.sleep(60)"
    )
    with subprocess.Popen(python(code), stdout=subprocess.PIPE, cwd=paths.ROOT) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        eventually(lambda: (tmp_path / "one.log").exists() and "up" in (tmp_path / "one.log").read_text(), 10)
        assert runs(pid)
        parent.kill()
    eventually(lambda: not runs(pid), 5)


def test_our_own_processes_run_under_this_interpreter() -> None:
    assert stancewire("worker", "--queues", "q") == (
        sys.executable,
        "-m",
        "services.cli.main",
        "worker",
        "--queues",
        "q",
    )
