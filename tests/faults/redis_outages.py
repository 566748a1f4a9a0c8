"""A Redis that answers wrongly: a foreign type of the queue's key, missing permission, a replica, junk."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import redis

from tests.faults.deployment import Deployment

_JUNK = 20_000


@contextlib.contextmanager
def queue_of_a_foreign_type(deployment: Deployment) -> Iterator[None]:
    """Store a string under the key of the queue."""
    deployment.redis.set(deployment.queue, "not a list")
    try:
        yield
    finally:
        deployment.redis.delete(deployment.queue)


@contextlib.contextmanager
def no_permission(deployment: Deployment) -> Iterator[None]:
    """Take the right to receive messages away from the user."""
    deployment.redis.execute_command("ACL", "SETUSER", "default", "-brpop")
    try:
        yield
    finally:
        deployment.redis.execute_command("ACL", "SETUSER", "default", "+@all")


@contextlib.contextmanager
def replica(deployment: Deployment) -> Iterator[None]:
    """Make the server a replica of one that does not exist: it refuses writes."""
    deployment.redis.execute_command("REPLICAOF", "127.0.0.1", "1")
    try:
        yield
    finally:
        deployment.redis.execute_command("REPLICAOF", "NO", "ONE")


@contextlib.contextmanager
def junk(deployment: Deployment) -> Iterator[None]:
    """Put thousands of foreign messages before ours."""
    with contextlib.suppress(redis.RedisError):
        deployment.redis.rpush(deployment.queue, *[f"junk {number}" for number in range(_JUNK)])
    yield
