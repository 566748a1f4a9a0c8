"""`stancewire up`: from nothing to a running service, and back in order."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import redis
from rich.console import Console

from services.access import bootstrap
from services.contracts import JobState
from services.database import migrations
from services.database.counters import CounterName
from services.database.engine import Database
from services.errors import StoreUnavailable
from services.jobs import queries
from services.settings import Settings
from services.standalone import redis_server, state
from services.standalone.supervisor import Child, Supervisor, stancewire

_START_S: Final = 60
_TICK_S: Final = 0.25
_PROGRESS_S: Final = 1.0


class StartError(Exception):
    """Something did not come up in time; the message says what and where its log is."""


@dataclass(frozen=True, slots=True)
class Running:
    """A running service."""

    url: str
    database: Database
    supervisor: Supervisor
    seconds: float
    new_key: str | None  # the first admin key, where this start made it


@contextmanager
def running(settings: Settings, report: Callable[[str], None]) -> Iterator[Running]:
    """Start everything, yield when the API answers and a worker is there, stop all at the end.

    Raises TakenError, NoRedisServerError and :class:`StartError`.
    """
    began = time.monotonic()
    state_dir = settings.state_dir.resolve()
    with state.hold(state_dir):
        port = state.free_port(settings.api.host, settings.api.port)
        supervisor = Supervisor(state_dir / "logs")
        environment = {
            "STANCEWIRE_STATE_DIR": str(state_dir),
            "STANCEWIRE_DATABASE_URL": settings.resolved_database_url(),
            "STANCEWIRE_API__HOST": settings.api.host,
            "STANCEWIRE_API__PORT": str(port),
        }
        try:
            environment["STANCEWIRE_REDIS_URL"] = _start_redis(settings, supervisor, report)
            database = Database(settings.resolved_database_url(), settings.database)
            migrations.upgrade(database)
            new_key = bootstrap.ensure(database, settings)
            supervisor.start(Child("worker", stancewire("worker"), grace_s=40, environment=environment))
            supervisor.start(Child("sweeper", stancewire("sweeper"), grace_s=10, environment=environment))
            supervisor.start(Child("api", stancewire("api"), grace_s=15, environment=environment))
            url = f"http://{settings.api.host}:{port}"
            _wait_until_ready(url, supervisor)
            yield Running(url, database, supervisor, time.monotonic() - began, new_key)
        finally:
            report("stopping: articles at hand are finished or handed back")
            supervisor.stop()


def _start_redis(settings: Settings, supervisor: Supervisor, report: Callable[[str], None]) -> str:
    if settings.redis_url or settings.broker.url:
        return settings.resolved_redis_url()
    server = redis_server.prepare(settings.state_dir.resolve())
    report(f"Redis: {server.program} on a Unix socket")
    supervisor.start(Child("redis", server.command, grace_s=5))
    client = redis.Redis.from_url(server.url)
    end = time.monotonic() + _START_S
    while True:
        try:
            client.ping()
        except redis.RedisError as error:
            if time.monotonic() > end:
                raise StartError(f"Redis did not start; see {supervisor.log_of('redis')}") from error
            supervisor.check()
            time.sleep(0.02)
        else:
            return server.url


def _wait_until_ready(url: str, supervisor: Supervisor) -> None:
    end = time.monotonic() + _START_S
    last = "no answer yet"
    while time.monotonic() < end:
        supervisor.check()
        try:
            answer = httpx.get(f"{url}/readyz", timeout=2).json()
        except (httpx.HTTPError, ValueError):
            time.sleep(0.05)
            continue
        ailing = {name: state for name, state in answer["checks"].items() if state != "ok" and name != "intake"}
        if not ailing:  # intake that an operator paused before the restart stays paused
            return
        last = ", ".join(f"{name}: {state}" for name, state in ailing.items())
        time.sleep(0.05)
    raise StartError(f"not ready after {_START_S} s ({last}); see the logs in {supervisor.log_of('api').parent}")


def run(settings: Settings, console: Console) -> None:
    """Run until SIGINT or SIGTERM, with a line of progress: live on a terminal, else each time something changed."""
    stop_wanted = False

    def on_signal(_number: int, _frame: object) -> None:
        nonlocal stop_wanted
        stop_wanted = True

    previous = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with running(settings, console.print) as service:
            console.print(
                f"ready after {service.seconds:.1f} s: {service.url} (state in {settings.state_dir}); Ctrl-C stops"
            )
            if service.new_key is not None:
                _show(service.new_key, bootstrap.key_file(settings), console)
            _watch(service, console, lambda: stop_wanted)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
    console.print("stopped")


def _show(new_key: str, file: Path, console: Console) -> None:
    """Once, and to people alone: where output goes to a journal, the key must not stay there."""
    shown = f", shown this once: {new_key}" if console.is_terminal else ""
    console.print(f"the first admin key was made; commands read it from {file}{shown}")


def _watch(service: Running, console: Console, stopping: Callable[[], bool]) -> None:
    shown, shown_at, before = "", 0.0, (time.monotonic(), _finished(service.database) or 0.0)
    with console.status("", spinner="dots") if console.is_terminal else _nothing() as status:
        while not stopping():
            service.supervisor.check()
            time.sleep(_TICK_S)
            if time.monotonic() - shown_at < _PROGRESS_S:
                continue
            shown_at = time.monotonic()
            line, before = _progress(service.database, before)
            if status is not None:
                status.update(line)
            elif line != shown:
                console.print(line)
            shown = line


@contextmanager
def _nothing() -> Iterator[None]:
    yield None


def _finished(database: Database) -> float | None:
    try:
        counters = queries.backlog_snapshot(database).counters
    except StoreUnavailable:
        return None
    return sum(value for (name, _), value in counters.items() if name is CounterName.FINISHED)


def _progress(database: Database, before: tuple[float, float]) -> tuple[str, tuple[float, float]]:
    try:
        now = queries.backlog_snapshot(database)
    except StoreUnavailable as error:
        return f"the database does not answer: {error.detail}", before
    ended = {label: int(value) for (name, label), value in now.counters.items() if name is CounterName.FINISHED}
    moment = (time.monotonic(), float(sum(ended.values())))
    rate = (moment[1] - before[1]) / max(0.001, moment[0] - before[0])
    parts = [f"{now.jobs[JobState.QUEUED]} queued", f"{now.jobs[JobState.RUNNING]} running"]
    parts += [f"{number} {state}" for state, number in sorted(ended.items(), reverse=True)]
    parts.append(f"{rate:.1f} articles/s")
    if now.oldest_queued_s >= 1:
        parts.append(f"oldest {now.oldest_queued_s:.0f} s")
    return ", ".join(parts), moment
