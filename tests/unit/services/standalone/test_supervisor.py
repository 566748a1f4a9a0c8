from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.standalone.supervisor import Child, Supervisor, stancewire_command
from tests.support import paths

Eventually = Callable[[Callable[[], bool], float], None]

RUNS = "import time; print('up', flush=True); time.sleep(60)"
IGNORES_SIGTERM = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
)
FAILS = "print('up', flush=True); raise SystemExit(3)"


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


def is_running(pid: int) -> bool:
    """Whether a process is running; a zombie is not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    supervisor = Supervisor(tmp_path / "logs")
    yield supervisor
    supervisor.stop()


def start_count(supervisor: Supervisor, name: str) -> int:
    return supervisor.log_file(name).read_text().count("up")


def test_output_of_a_child_is_in_its_log(supervisor: Supervisor, eventually: Eventually) -> None:
    code = "import os, sys; print('up', os.environ['MARK']); print('and stderr', file=sys.stderr)"
    supervisor.start(Child("one", python(code), 5, {"MARK": "north"}))
    eventually(lambda: "and stderr" in supervisor.log_file("one").read_text(), 10)
    assert "up north" in supervisor.log_file("one").read_text()


def test_child_has_a_process_group_but_no_session_of_its_own(supervisor: Supervisor, eventually: Eventually) -> None:
    supervisor.start(Child("one", python(RUNS), 5))
    eventually(lambda: start_count(supervisor, "one") == 1, 10)
    pid = supervisor.pids["one"]
    assert os.getpgid(pid) == pid, "Ctrl-C must not reach it"
    assert os.getsid(pid) == os.getsid(0), "niceness counts between processes of one session only"


def test_killed_child_is_restarted(supervisor: Supervisor, eventually: Eventually) -> None:
    supervisor.start(Child("one", python(RUNS), 5))
    eventually(lambda: start_count(supervisor, "one") == 1, 10)
    pid = supervisor.pids["one"]
    supervisor.restart_ended()
    assert supervisor.pids["one"] == pid, "a running child is left alone"
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: not is_running(pid), 5)
    supervisor.restart_ended()
    assert supervisor.pids == {}, "the restart is delayed"

    def is_restarted() -> bool:
        supervisor.restart_ended()
        return "one" in supervisor.pids

    eventually(is_restarted, 5)
    assert supervisor.pids["one"] != pid
    eventually(lambda: start_count(supervisor, "one") == 2, 10)


def test_restart_delay_of_a_failing_child_grows(supervisor: Supervisor) -> None:
    child = Child("one", python(FAILS), 5)
    supervisor.start(child)
    delays: list[float] = []
    end = time.monotonic() + 20
    while len(delays) < 3:
        assert time.monotonic() < end
        failures = child.failures
        now = time.monotonic()
        supervisor.restart_ended()
        if child.failures > failures:
            assert child.restart_at is not None
            delays.append(child.restart_at - now)
        time.sleep(0.01)
    assert delays == pytest.approx([0.2, 0.5, 1], abs=0.1)


def test_children_are_stopped_in_reverse_order(tmp_path: Path, eventually: Eventually) -> None:
    supervisor = Supervisor(tmp_path / "logs")
    record = tmp_path / "order"
    for name in ("first", "second"):
        code = (
            "import signal, sys, time\n"
            f"signal.signal(signal.SIGTERM, lambda *_: (open({str(record)!r}, 'a').write('{name} '), sys.exit()))\n"
            "print('up', flush=True)\ntime.sleep(60)"
        )
        supervisor.start(Child(name, python(code), 10))
    eventually(lambda: all(start_count(supervisor, name) for name in ("first", "second")), 10)
    pids = list(supervisor.pids.values())
    supervisor.stop()
    assert record.read_text() == "second first "
    assert not any(is_running(pid) for pid in pids)
    supervisor.restart_ended()
    assert supervisor.pids == {}, "a stopped child is not restarted"


def test_child_that_ignores_sigterm_is_killed_after_its_timeout(tmp_path: Path, eventually: Eventually) -> None:
    supervisor = Supervisor(tmp_path / "logs")
    supervisor.start(Child("stubborn", python(IGNORES_SIGTERM), 0.3))
    eventually(lambda: start_count(supervisor, "stubborn") == 1, 10)
    pid = supervisor.pids["stubborn"]
    began = time.monotonic()
    supervisor.stop()
    assert 0.3 <= time.monotonic() - began < 3
    assert not is_running(pid)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux signals a child when its parent ends")
def test_children_end_when_their_parent_is_killed(tmp_path: Path, eventually: Eventually) -> None:
    code = (
        "import sys, time\nfrom pathlib import Path\n"
        "from services.standalone.supervisor import Child, Supervisor\n"
        f"supervisor = Supervisor(Path({str(tmp_path)!r}))\n"
        f"supervisor.start(Child('one', (sys.executable, '-c', {RUNS!r}), 5))\n"
        "print(supervisor.pids['one'], flush=True)\ntime.sleep(60)"
    )
    with subprocess.Popen(python(code), stdout=subprocess.PIPE, cwd=paths.ROOT) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        eventually(lambda: (tmp_path / "one.log").exists() and "up" in (tmp_path / "one.log").read_text(), 10)
        assert is_running(pid)
        parent.kill()
    eventually(lambda: not is_running(pid), 5)


def test_stancewire_command_uses_this_interpreter() -> None:
    assert stancewire_command("worker", "--queues", "q") == (
        sys.executable,
        "-m",
        "services.cli.main",
        "worker",
        "--queues",
        "q",
    )
