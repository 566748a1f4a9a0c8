"""Metrics of the stores as an API process sees them: Redis, the disk of an SQLite database, the connection pool."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from typing import Any

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from services.contracts import QueueName
from services.database.engine import Database
from services.dispatch.store_watch import StoreWatch
from services.metrics import catalogue
from services.metrics.families import labelled_family, unlabelled_family
from services.redis_client import REDIS_ERRORS, connect
from services.settings import Broker


class StoresCollector(Collector):
    """Collect metrics of the stores at the scrape.

    Redis is queried with the timeout of a push; if it does not answer, ``stancewire_redis_up`` is 0 and its other
    metrics are absent.
    """

    def __init__(self, database: Database, redis_url: str, broker: Broker, watch: StoreWatch) -> None:
        """Bind the stores; nothing is connected yet."""
        self._database = database
        self._watch = watch
        self._queue = broker.key_prefix + QueueName.ANALYSE
        self._redis = connect(redis_url, broker.send_timeout_s)

    def describe(self) -> list[Metric]:
        """Return no metrics: the registry then checks no names, and registering does not query the stores."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield the gauges and counters of Redis, the disk and the connection pool."""
        yield from self._fault_families()
        yield from self._redis_families()
        file = self._database.sqlite_file()
        if file is not None and file.parent.exists():
            disk = shutil.disk_usage(file.parent)
            yield unlabelled_family(catalogue.DISK_FREE, disk.free)
            yield unlabelled_family(catalogue.DISK_SIZE, disk.total)
        pool = self._database.pool_usage()
        if pool is not None:
            in_use, size = pool
            yield unlabelled_family(catalogue.POOL_IN_USE, in_use)
            yield unlabelled_family(catalogue.POOL_SIZE, size)

    def close(self) -> None:
        """Close the connection to Redis."""
        self._redis.close()

    def _fault_families(self) -> Iterator[Metric]:
        states = {store: self._watch.last(store) for store in self._watch.stores}
        faults: dict[tuple[str, ...], float] = {
            (store.value, state.fault.fault.value): 1.0 for store, state in states.items() if state.fault
        }
        trips: dict[tuple[str, ...], float] = {
            (store.value,): state.round_trip_s for store, state in states.items() if state.round_trip_s is not None
        }
        yield labelled_family(catalogue.STORE_FAULT, faults)
        yield labelled_family(catalogue.STORE_ROUND_TRIP, trips)

    def _redis_families(self) -> Iterator[Metric]:
        try:
            self._redis.ping()  # connects if necessary, so that the next ping measures only the round trip
            began = time.perf_counter()
            self._redis.ping()
            ping_s = time.perf_counter() - began
        except REDIS_ERRORS:
            yield unlabelled_family(catalogue.REDIS_UP, 0)
            return
        yield unlabelled_family(catalogue.REDIS_UP, 1)
        yield unlabelled_family(catalogue.REDIS_PING, ping_s)
        try:
            info: Any = self._redis.info()  # the client's types also allow an awaitable
            length: Any = self._redis.llen(self._queue)
        except REDIS_ERRORS:  # it answers, but wrongly: the watch names the fault
            return
        yield unlabelled_family(catalogue.REDIS_MEMORY, info["used_memory"])
        yield unlabelled_family(catalogue.REDIS_LIMIT, info["maxmemory"])
        yield unlabelled_family(catalogue.REDIS_EVICTED, info["evicted_keys"])
        yield labelled_family(catalogue.QUEUE_LENGTH, {(QueueName.ANALYSE.value,): length})
