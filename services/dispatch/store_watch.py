"""Watches the stores of one process, so that `/readyz`, console and metrics name a fault at once.

Each store has a thread that probes it every few seconds, and at once on request. A request never waits for long, also
for a store that is frozen: a probe that does not return means after a while that the store does not answer.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import structlog

from services.database import probe as database_probe
from services.database.engine import Database
from services.database.replica import Replica
from services.dispatch import redis_probe
from services.errors import BrokerUnavailable, ReplicaUnavailable, StoreFault, StoreUnavailable, Unavailable
from services.redis_client import connect
from services.settings import Settings

log = structlog.get_logger(__name__)

_DATABASE_SECTIONS: Final = {
    StoreFault.NO_ANSWER: "StancewireLedgerDown",
    StoreFault.SLOW: "StancewireDatabaseSlow",
    StoreFault.SCHEMA_NEW: "StancewireSchemaNewer",
}
_REDIS_SECTIONS: Final = {StoreFault.NO_ANSWER: "StancewireRedisDown", StoreFault.SLOW: "StancewireRedisSlow"}
# Faults whose details the probe words itself, without an address.
_OPEN_DETAILS: Final = frozenset({StoreFault.SCHEMA_OLD, StoreFault.SCHEMA_NEW, StoreFault.SLOW, StoreFault.LOCKED})
_EVERY_S: Final = 2.0
_PATIENCE_S: Final = 1.5  # longest wait of a request in seconds
_SPARE_S: Final = 0.5  # a probe that exceeds its own timeouts by this many seconds will not return


class Store(StrEnum):
    """The stores of the service. Not every deployment has a replica."""

    DATABASE = "database"
    REPLICA = "replica"
    REDIS = "redis"


_ERRORS: Final = {
    Store.DATABASE: StoreUnavailable,
    Store.REPLICA: ReplicaUnavailable,
    Store.REDIS: BrokerUnavailable,
}


@dataclass(frozen=True, slots=True)
class StoreState:
    """A store as last seen. ``fault`` is what is wrong with it, if anything.

    ``usable``: it does its part in spite of the fault. ``round_trip_s`` is None while it does not answer.
    """

    fault: Unavailable | None = None
    usable: bool = True
    round_trip_s: float | None = None

    @property
    def runbook(self) -> str:
        """The section of the runbook about the fault; empty without one."""
        return "" if self.fault is None else runbook_section(self.fault)

    def reason(self, *, detailed: bool) -> str:
        """Return the fault in words with its section of the runbook, or "ok".

        Only with ``detailed`` the words may contain addresses.
        """
        if self.fault is None:
            return "ok"
        is_open = detailed or self.fault.fault in _OPEN_DETAILS
        words = f"{self.fault.summary}: {self.fault.detail}" if is_open else self.fault.summary
        return f"{words} (runbook: {self.runbook})"


def runbook_section(error: Unavailable) -> str:
    """Return the section of the runbook about a fault, which is called like its alert."""
    if isinstance(error, ReplicaUnavailable):
        return "StancewireReplicaFault"
    of_redis = isinstance(error, BrokerUnavailable)
    return (_REDIS_SECTIONS if of_redis else _DATABASE_SECTIONS).get(
        error.fault, "StancewireRedisFault" if of_redis else "StancewireDatabaseFault"
    )


class StoreWatch:
    """The states of the stores. Start it with the process, or nothing is known of them."""

    def __init__(self, database: Database, settings: Settings) -> None:
        """Prepare the probes, without connecting yet."""
        self._redis = connect(settings.resolved_redis_url(), settings.broker.send_timeout_s)
        self._watchers = {
            Store.DATABASE: _Watcher(
                Store.DATABASE,
                lambda: _probe_database(database, settings.database.slow_s),
                settings.database.busy_timeout_s + _SPARE_S,
            ),
            Store.REDIS: _Watcher(
                Store.REDIS, lambda: self._probe_redis(settings), 2 * settings.broker.send_timeout_s + _SPARE_S
            ),
        }
        replica = database.replica
        if replica is not None:
            self._watchers[Store.REPLICA] = _Watcher(
                Store.REPLICA, lambda: _probe_replica(replica), settings.database.busy_timeout_s + _SPARE_S
            )

    @property
    def stores(self) -> tuple[Store, ...]:
        """The stores of this deployment."""
        return tuple(self._watchers)

    def start(self) -> None:
        """Start watching."""
        for watcher in self._watchers.values():
            watcher.start()

    def stop(self) -> None:
        """Stop watching."""
        for watcher in self._watchers.values():
            watcher.stop()
        self._redis.close()

    def look(self) -> dict[Store, StoreState]:
        """Probe the stores now and return their states."""
        end = time.monotonic() + _PATIENCE_S
        asked_for = {store: watcher.ask() for store, watcher in self._watchers.items()}
        return {store: watcher.state_of(asked_for[store], end) for store, watcher in self._watchers.items()}

    def last(self, store: Store) -> StoreState:
        """Return the state as last seen, without waiting."""
        return self._watchers[store].state_of(0, 0.0)

    def _probe_redis(self, settings: Settings) -> StoreState:
        try:
            round_trip_s = redis_probe.probe(self._redis, settings.broker.key_prefix)
        except BrokerUnavailable as error:
            return StoreState(error, usable=False)
        slow = BrokerUnavailable(_slow(round_trip_s), StoreFault.SLOW)
        return StoreState(slow if round_trip_s > settings.broker.slow_s else None, round_trip_s=round_trip_s)


def _probe_database(database: Database, slow_s: float) -> StoreState:
    try:
        result = database_probe.probe(database)
    except StoreUnavailable as error:
        return StoreState(error, usable=error.fault in {StoreFault.LOCKED, StoreFault.CONNECTIONS})
    fault = result.degraded
    if fault is None and result.round_trip_s > slow_s:
        fault = StoreUnavailable(_slow(result.round_trip_s), StoreFault.SLOW)
    return StoreState(fault, round_trip_s=result.round_trip_s)


def _probe_replica(replica: Replica) -> StoreState:
    try:
        replica.probe()
    except ReplicaUnavailable as error:
        return StoreState(error)  # the database itself serves searches meanwhile
    return StoreState()


def _slow(round_trip_s: float) -> str:
    return f"one round trip takes {round_trip_s * 1000:.0f} ms; each article needs several"


class _Watcher:
    """Probes one store in a thread, and knows the state of the last probe and the number of those begun and ended."""

    def __init__(self, store: Store, probe: Callable[[], StoreState], limit_s: float) -> None:
        self._store = store
        self._probe = probe
        self._limit_s = limit_s
        self._changed = threading.Condition()
        self._begun = self._ended = 0
        self._wanted = 1
        self._began_at = 0.0
        self._stopping = False
        self._state = StoreState()
        self._thread = threading.Thread(target=self._run, name=f"watch-{store}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join(timeout=_PATIENCE_S)

    def ask(self) -> int:
        """Ask for a probe that begins after this call, and return its number."""
        with self._changed:
            self._wanted = self._begun + 1
            self._changed.notify_all()
            return self._wanted

    def state_of(self, number: int, end: float) -> StoreState:
        """Return the state that a probe found, waiting for it until ``end`` (monotonic), or the last one known."""
        with self._changed:
            while self._ended < number and (remaining := end - time.monotonic()) > 0:
                self._changed.wait(remaining)
            asked_for_s = time.monotonic() - self._began_at
            if self._begun > self._ended and asked_for_s > self._limit_s:
                error = _ERRORS[self._store](f"no answer for {asked_for_s:.0f} s")
                return StoreState(error, usable=self._store is Store.REPLICA)
            return self._state

    def _run(self) -> None:
        while True:
            with self._changed:
                if self._begun >= self._wanted:
                    self._changed.wait(_EVERY_S)
                if self._stopping:
                    return
                self._begun += 1
                self._began_at = time.monotonic()
            state = self._probed()
            with self._changed:
                self._log_change(state)
                self._state, self._ended = state, self._begun
                self._changed.notify_all()

    def _probed(self) -> StoreState:
        try:
            return self._probe()
        except Exception:  # a defect must not end the watch
            log.exception("probe_defect", store=self._store)
            return self._state

    def _log_change(self, state: StoreState) -> None:
        before = self._state.fault.fault if self._state.fault else None
        after = state.fault.fault if state.fault else None
        if after is not None and after is not before and state.fault is not None:
            log.warning("store_fault", store=self._store, fault=after, reason=state.fault.detail)
        elif before is not None and after is None:
            log.info("store_repaired", store=self._store, fault=before)
