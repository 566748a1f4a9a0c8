"""`stancewire up`: start the whole service on one machine, show its progress, and stop it in order."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import redis
from rich.console import Console

from services.access import bootstrap
from services.database import migrations, sealing
from services.database.engine import Database
from services.settings import Settings
from services.settings.addresses import host_in_url
from services.standalone import redis_server, state
from services.standalone.progress import Progress
from services.standalone.supervisor import Child, Supervisor, stancewire_command

_START_TIMEOUT_S: Final = 60
_SUPERVISE_EVERY_S: Final = 0.25
_PROGRESS_EVERY_S: Final = 1.0


class StartError(Exception):
    """A part did not start in time; the message names it and its log."""


@dataclass(frozen=True, slots=True)
class RunningService:
    """A service that `start_service` has started. ``startup_s`` is the time that the start took."""

    url: str
    database: Database
    supervisor: Supervisor
    startup_s: float
    new_admin_key: str | None  # the first admin key, if this start created it


@contextmanager
def start_service(settings: Settings, report: Callable[[str], None]) -> Iterator[RunningService]:
    """Start all parts, yield once the API answers and a worker is running, and stop all parts at the end.

    ``report`` is called with lines for the user. Raises `InUseError`, `NoRedisServerError` and `StartError`.
    """
    began = time.monotonic()
    state_dir = settings.state_dir.resolve()
    with state.lock_state_dir(state_dir):
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
            database = Database.of(settings)
            migrations.upgrade(database)
            _ensure_secrets_key(settings)
            new_admin_key = bootstrap.ensure(database, settings)
            for part, stop_timeout_s in (("worker", 40), ("sweeper", 10), ("deliverer", 20), ("api", 15)):
                supervisor.start(Child(part, stancewire_command(part), stop_timeout_s, environment))
            url = f"http://{host_in_url(settings.api.host)}:{port}"
            _wait_for(lambda: _readiness_problem(url), supervisor, interval_s=0.05)
            yield RunningService(url, database, supervisor, time.monotonic() - began, new_admin_key)
        finally:
            report("stopping: articles in progress are finished or handed back")
            supervisor.stop()


def _ensure_secrets_key(settings: Settings) -> None:
    """Make a key for the secrets of a database that is this directory's own, unless the settings give one.

    Another database may have other processes, which need the same key.
    """
    file = sealing.key_file(settings)
    is_given = settings.secrets.keys.get_secret_value() or settings.secrets.key_file is not None
    is_own = not settings.database_url and not settings.database.url
    if is_own and not is_given and not file.exists():
        bootstrap.save(file, sealing.new_key())


def run(settings: Settings, console: Console) -> None:
    """Run the service until SIGINT or SIGTERM.

    Prints a line of progress: updated in place on a terminal, elsewhere a new line for each change.
    """
    stop_requested = False

    def request_stop(_number: int, _frame: object) -> None:
        nonlocal stop_requested
        stop_requested = True

    previous = {number: signal.signal(number, request_stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with start_service(settings, console.print) as service:
            console.print(
                f"ready after {service.startup_s:.1f} s: {service.url} (state in {settings.state_dir}); Ctrl-C stops"
            )
            if service.new_admin_key is not None:
                _print_new_key(service.new_admin_key, bootstrap.key_file(settings), console)
            _supervise(service, console, lambda: stop_requested)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
    console.print("stopped")


def _start_redis(settings: Settings, supervisor: Supervisor, report: Callable[[str], None]) -> str:
    """Return the address of Redis, starting the embedded server unless the settings name one."""
    if settings.redis_url or settings.broker.url:
        return settings.resolved_redis_url()
    server = redis_server.prepare(settings.state_dir.resolve())
    report(f"Redis: {server.program} on a Unix socket")
    supervisor.start(Child("redis", server.command, stop_timeout_s=5))
    client = redis.Redis.from_url(server.url)
    _wait_for(lambda: _redis_problem(client), supervisor, interval_s=0.02)
    return server.url


def _wait_for(problem: Callable[[], str], supervisor: Supervisor, interval_s: float) -> None:
    """Call ``problem`` until it returns an empty string. Raises `StartError` after `_START_TIMEOUT_S`."""
    deadline = time.monotonic() + _START_TIMEOUT_S
    while reason := problem():
        if time.monotonic() > deadline:
            raise StartError(f"not ready after {_START_TIMEOUT_S} s ({reason}); see the logs in {supervisor.log_dir}")
        supervisor.restart_ended()
        time.sleep(interval_s)


def _redis_problem(client: redis.Redis) -> str:
    try:
        client.ping()
    except redis.RedisError as error:
        return f"Redis does not answer: {error}"
    return ""


def _readiness_problem(url: str) -> str:
    try:
        checks: dict[str, str] = httpx.get(f"{url}/readyz", timeout=2).json()["checks"]
    except (httpx.HTTPError, ValueError):
        return "the API does not answer"
    # Intake that an operator paused before a restart stays paused.
    return ", ".join(f"{name}: {status}" for name, status in checks.items() if status != "ok" and name != "intake")


def _print_new_key(key: str, file: Path, console: Console) -> None:
    """Say where the new key is stored, and show it on a terminal only: a journal must not keep it."""
    shown = f", shown this once: {key}" if console.is_terminal else ""
    console.print(f"the first admin key was made; commands read it from {file}{shown}")


def _supervise(service: RunningService, console: Console, stop_requested: Callable[[], bool]) -> None:
    progress = Progress(service.database)
    last_line, printed_at = "", 0.0
    with console.status("", spinner="dots") if console.is_terminal else nullcontext() as status:
        while not stop_requested():
            service.supervisor.restart_ended()
            time.sleep(_SUPERVISE_EVERY_S)
            if time.monotonic() - printed_at < _PROGRESS_EVERY_S:
                continue
            printed_at = time.monotonic()
            line = progress.line()
            if status is not None:
                status.update(line)
            elif line != last_line:
                console.print(line)
            last_line = line
