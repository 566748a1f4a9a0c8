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
    """Asks Redis at each scrape and waits as long as a push would; without an answer ``stancewire_redis_up`` is 0."""

    def __init__(self, database: Database, redis_url: str, broker: Broker) -> None:
        """Bind the stores; nothing is connected yet."""
        self._database = database
        self._queue = broker.key_prefix + QueueName.ANALYSE
        wait = broker.send_timeout_s
        self._redis = redis.Redis.from_url(redis_url, socket_timeout=wait, socket_connect_timeout=wait, retry=None)

    def describe(self) -> list[Metric]:
        """Nothing, so that registering asks nobody."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Redis, disk, pool."""
        yield from self._of_redis()
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
        """Let go of the connection to Redis."""
        self._redis.close()

    def _of_redis(self) -> Iterator[Metric]:
        try:
            self._redis.ping()  # connects where need be: the next one is the round trip
            began = time.perf_counter()
            self._redis.ping()
            seconds = time.perf_counter() - began
            facts: Any = self._redis.info()  # the client's types allow for an asynchronous answer, too
            length: Any = self._redis.llen(self._queue)
        except (redis.RedisError, OSError):
            yield unlabelled_family(catalogue.REDIS_UP, 0)
            return
        yield unlabelled_family(catalogue.REDIS_UP, 1)
        yield unlabelled_family(catalogue.REDIS_PING, seconds)
        yield unlabelled_family(catalogue.REDIS_MEMORY, facts["used_memory"])
        yield unlabelled_family(catalogue.REDIS_LIMIT, facts["maxmemory"])
        yield unlabelled_family(catalogue.REDIS_EVICTED, facts["evicted_keys"])
        yield labelled_family(catalogue.QUEUE_LENGTH, {(QueueName.ANALYSE.value,): length})
