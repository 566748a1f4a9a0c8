"""The thread that fetches sources when they are due, in one process at a time: the holder of a lock in the ledger."""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from http import HTTPStatus
from typing import Final

import structlog
from sqlalchemy import Connection

from services.access.rate_limiter import RateLimiter
from services.database import locks
from services.database.engine import Database
from services.database.locks import DatabaseLock
from services.errors import StoreUnavailable
from services.feeds.activity import ActivityRecorder
from services.feeds.store import FeedCache
from services.ingest.admission import AdmissionControl
from services.ingest.submit import Intake
from services.jobs.acceptor import Acceptor
from services.outbound.client import guarded_client
from services.settings import Settings
from services.sources import hubs, schedule
from services.sources.fetcher import Fetcher, SourceFailed
from services.sources.records import SourceKind, SourceState
from services.sources.robots import RobotsRules
from services.sources.schedule import DueSource

log = structlog.get_logger(__name__)

_LOCK: Final = "sources"
_ROUND_EVERY_S: Final = 1.0
_EXTEND_EVERY: Final = 3  # rounds, after which the lock is extended
_ACQUIRE_EVERY_S: Final = 2.0
# Short: until another process takes over from one that was killed, entries of a busy address are lost.
_LOCK_MS: Final = 12_000


class SourceRunner:
    """Fetches due sources, several at a time."""

    def __init__(self, database: Database, settings: Settings, stopping: threading.Event) -> None:
        """Connect the parts; nothing is read or sent yet."""
        self._settings = settings
        self._claims: dict[str, int] = {}
        self._client = guarded_client(settings.outbound, follow_redirects=True)
        feed_cache = FeedCache(database, settings.feeds.cache_s, settings.limits.feeds)
        admission = AdmissionControl(database, settings.limits, settings.state_dir.resolve())
        rates = RateLimiter(settings.feeds.burst_s)
        self._fetcher = Fetcher(
            database=database,
            settings=settings,
            client=self._client,
            robots=RobotsRules(self._client, enabled=settings.sources.robots),
            intake=Intake(Acceptor(database), admission, feed_cache, rates, settings.limits),
            recorder=ActivityRecorder(database, settings.sources),
            stopping=stopping,
        )

    def run_due(self, running: dict[str, Future[None]], pool: ThreadPoolExecutor) -> None:
        """Begin to fetch the sources that are due, as many as there are free threads. Raises `StoreUnavailable`."""
        for source_id in [source_id for source_id, future in running.items() if future.done()]:
            running.pop(source_id)
            self._claims.pop(source_id, None)
        free = self._settings.sources.parallel - len(running)
        if free > 0:
            for due in schedule.claim_due(self._fetcher.database, running, free):
                self._claims[due.source.id] = due.claimed_until
                running[due.source.id] = pool.submit(self.attempt, due)
        self._fetcher.recorder.flush()

    def extend_claims(self, connection: Connection) -> None:
        """Keep the claims of attempts that take long."""
        self._claims = schedule.extend_claims(connection, self._claims)

    def attempt(self, due: DueSource) -> None:
        """Fetch a source once, and store the outcome."""
        source, database, settings = due.source, self._fetcher.database, self._settings.sources
        try:
            if source.state is SourceState.LEAVING:
                hubs.unsubscribe(self._fetcher, due)
            elif source.kind is SourceKind.WEBSUB:
                hubs.subscribe(self._fetcher, due)
            else:
                progress = self._fetcher.poll(due)
                schedule.save_progress(database, source, progress, settings)
        except SourceFailed as error:
            log.warning("source_failed", source=source.id, feed=source.feed, kind=source.kind, reason=str(error))
            is_gone = error.status == HTTPStatus.GONE
            with contextlib.suppress(StoreUnavailable):  # the claim ends by itself
                schedule.save_failure(database, source, str(error), settings, retry_s=error.retry_s, is_gone=is_gone)
        except StoreUnavailable as error:
            log.warning("source_postponed", source=source.id, fault=error.fault, reason=error.detail)
        except Exception as error:  # one source must not end the others
            log.exception("source_defect", source=source.id)
            with contextlib.suppress(StoreUnavailable):
                schedule.save_failure(database, source, f"a defect: {type(error).__name__}; it was logged", settings)

    def close(self) -> None:
        """Write the last figures and close connections."""
        with contextlib.suppress(StoreUnavailable):
            self._fetcher.recorder.flush()
        self._client.close()


class SourcesThread:
    """Fetches sources in a thread of the sweeper, while its process holds the lock."""

    def __init__(self, database: Database, settings: Settings, stopping: threading.Event) -> None:
        """Create the thread, which ends when ``stopping`` is set. Without ``sources.fetch`` it is never started."""
        self._database = database
        self._settings = settings
        self._stopping = stopping
        self._thread = threading.Thread(target=self._run, name="sources", daemon=True)

    def start(self) -> None:
        """Start, if addresses are to be fetched."""
        if self._settings.sources.fetch:
            self._thread.start()

    def join(self) -> None:
        """Wait for what is being fetched, once ``stopping`` is set; at most ten seconds."""
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def _run(self) -> None:
        log.info("sources_started", parallel=self._settings.sources.parallel)
        while not self._stopping.is_set():
            try:
                lock = locks.acquire(self._database, _LOCK, _LOCK_MS)
                if lock is not None:
                    self._lead(lock)
            except StoreUnavailable as error:
                log.warning("sources_postponed", fault=error.fault, reason=error.detail)
            except Exception:  # a defect here must not end the sweeper
                log.exception("sources_defect")
            self._stopping.wait(_ACQUIRE_EVERY_S)

    def _lead(self, lock: DatabaseLock) -> None:
        """Fetch until the process stops, the lock is lost, or the database fails."""
        running: dict[str, Future[None]] = {}
        runner = SourceRunner(self._database, self._settings, self._stopping)
        pool = ThreadPoolExecutor(self._settings.sources.parallel, thread_name_prefix="source")
        rounds = 0
        try:
            while not self._stopping.is_set():
                rounds += 1
                if rounds % _EXTEND_EVERY == 0:
                    with self._database.write() as connection:
                        if not locks.extend(connection, lock):
                            return
                        runner.extend_claims(connection)
                runner.run_due(running, pool)
                self._stopping.wait(_ROUND_EVERY_S)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
            runner.close()
            with contextlib.suppress(StoreUnavailable):
                locks.release(self._database, lock)
