"""A Redis that answers wrongly: a foreign type of the key, no permission, a replica, a full disk, junk."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import redis

from tests.faults.deployment import Deployment
from tests.faults.runbook import ask_redis

_JUNK = 20_000


def _command(deployment: Deployment, *words: str) -> None:
    deployment.redis.execute_command(*words)  # type: ignore[no-untyped-call]  # the client has no types here


@contextlib.contextmanager
def queue_of_a_foreign_type(deployment: Deployment) -> Iterator[None]:
    """Store a string under the key of the queue."""
    deployment.redis.set(deployment.queue, "not a list")
    try:
        yield
    finally:
        ask_redis(deployment.redis, "StancewireRedisFault", "del ")


@contextlib.contextmanager
def no_permission(deployment: Deployment) -> Iterator[None]:
    """Take the right to receive messages away from the user."""
    _command(deployment, "ACL", "SETUSER", "default", "-brpop")
    try:
        yield
    finally:
        ask_redis(deployment.redis, "StancewireRedisFault", "acl setuser", user="default")
        _command(deployment, "ACL", "SETUSER", "default", "+@all", "~*")


@contextlib.contextmanager
def replica(deployment: Deployment) -> Iterator[None]:
    """Make the server a replica of one that does not exist: it refuses writes."""
    _command(deployment, "REPLICAOF", "127.0.0.1", "1")
    try:
        yield
    finally:
        ask_redis(deployment.redis, "StancewireRedisFault", "replicaof")


@contextlib.contextmanager
def unsaved(deployment: Deployment) -> Iterator[None]:
    """Put a folder where the server, which shall save its data, has its file: it then refuses to change anything."""
    obstacle = deployment.folder / "dump.rdb"
    obstacle.mkdir()
    deployment.redis.config_set("save", "1 1")
    deployment.redis.bgsave()
    try:
        yield
    finally:
        deployment.redis.config_set("save", "")
        obstacle.rmdir()


@contextlib.contextmanager
def junk(deployment: Deployment) -> Iterator[None]:
    """Put thousands of foreign messages before ours."""
    with contextlib.suppress(redis.RedisError):
        deployment.redis.rpush(deployment.queue, *[f"junk {number}" for number in range(_JUNK)])
    yield
