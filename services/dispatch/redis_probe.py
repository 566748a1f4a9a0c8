"""Whether Redis can do its whole part now: take a message, hand it out, and list the queue."""

from __future__ import annotations

import contextlib
import time
from typing import Final
from uuid import uuid4

import redis

from services.contracts import QueueName
from services.redis_client import REDIS_ERRORS, unavailable

_EXPIRES_S: Final = 60  # of the probe's key, should it stay behind


def probe(client: redis.Redis, key_prefix: str) -> float:
    """Pass a message through a list of its own, and return the seconds of one round trip.

    Raises `BrokerUnavailable` with the fault.
    """
    key = f"{key_prefix}probe.{uuid4().hex}"
    try:
        client.ping()  # connects if necessary
        began = time.perf_counter()
        client.ping()
        round_trip_s = time.perf_counter() - began
        pipe = client.pipeline(transaction=False)
        pipe.lrange(key_prefix + QueueName.ANALYSE, 0, 0)
        pipe.lpush(key, b"")
        pipe.expire(key, _EXPIRES_S)
        listed, pushed, _ = pipe.execute(raise_on_error=False)
        popped = None if isinstance(pushed, Exception) else _pop(client, key)
    except REDIS_ERRORS as error:
        raise unavailable("does not answer", error) from error
    steps = (("does not list the queue", listed), ("does not accept messages", pushed))
    for what, answer in (*steps, ("does not hand out messages", popped)):
        if isinstance(answer, Exception):
            raise unavailable(what, answer)
    return round_trip_s


def _pop(client: redis.Redis, key: str) -> Exception | None:
    """Take the message out again as a worker does; return the error if that is refused."""
    try:
        client.brpop([key], timeout=1)
    except redis.ResponseError as error:
        with contextlib.suppress(*REDIS_ERRORS):
            client.delete(key)
        return error
    return None
