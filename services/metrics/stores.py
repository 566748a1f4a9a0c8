"""Metrics of the stores as an API process sees them: Redis, the disk of an SQLite database, the connection pool."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from typing import Any

import redis
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from services.contracts import QueueName
from services.database.engine import Database
from services.metrics import catalogue
from services.metrics.families import labelled_family, unlabelled_family
from services.settings import Broker


class StoresCollector(Collector):
    """Collect metrics of the stores at the scrape.

    Redis is queried with the timeout of a push; if it does not answer, ``stancewire_redis_up`` is 0 and its other
    metrics are absent.
    """

    def __init__(self, database: Database, redis_url: str, broker: Broker) -> None:
        """Bind the stores; nothing is connected yet."""
        self._database = database
        self._queue = broker.key_prefix + QueueName.ANALYSE
        timeout_s = broker.send_timeout_s
        self._redis = redis.Redis.from_url(
            redis_url, socket_timeout=timeout_s, socket_connect_timeout=timeout_s, retry=None
        )

    def describe(self) -> list[Metric]:
        """Return no metrics: the registry then checks no names, and registering does not query the stores."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield the gauges and counters of Redis, the disk and the connection pool."""
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

    def _redis_families(self) -> Iterator[Metric]:
        try:
            self._redis.ping()  # connects if necessary, so that the next ping measures only the round trip
            began = time.perf_counter()
            self._redis.ping()
            ping_s = time.perf_counter() - began
            info: Any = self._redis.info()  # the client's types also allow an awaitable
            length: Any = self._redis.llen(self._queue)
        except (redis.RedisError, OSError):
            yield unlabelled_family(catalogue.REDIS_UP, 0)
            return
        yield unlabelled_family(catalogue.REDIS_UP, 1)
        yield unlabelled_family(catalogue.REDIS_PING, ping_s)
        yield unlabelled_family(catalogue.REDIS_MEMORY, info["used_memory"])
        yield unlabelled_family(catalogue.REDIS_LIMIT, info["maxmemory"])
        yield unlabelled_family(catalogue.REDIS_EVICTED, info["evicted_keys"])
        yield labelled_family(catalogue.QUEUE_LENGTH, {(QueueName.ANALYSE.value,): length})
