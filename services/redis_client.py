"""Connections to Redis: one reading of its address for every client, and the names of its faults."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import redis
from redis.exceptions import AuthenticationError, InvalidResponse
from redis.sentinel import Sentinel

from services.errors import BrokerUnavailable, StoreFault
from services.settings.addresses import certificate_check, host_in_url
from services.settings.sentinel import SentinelAddress, is_sentinel

# By the word that an error of the server begins with.
_BY_WORD: Final = {
    "READONLY": StoreFault.READ_ONLY,
    "WRONGTYPE": StoreFault.FOREIGN_KEY,
    "NOPERM": StoreFault.NO_PERMISSION,
    "NOAUTH": StoreFault.NO_PERMISSION,
    "WRONGPASS": StoreFault.NO_PERMISSION,
    "LOADING": StoreFault.STARTING,
    "MASTERDOWN": StoreFault.READ_ONLY,
    "OOM": StoreFault.FULL,
    "MISCONF": StoreFault.FULL,
    "NOREPLICAS": StoreFault.READ_ONLY,
    "BUSY": StoreFault.SLOW,
    "MOVED": StoreFault.CLUSTER,
    "ASK": StoreFault.CLUSTER,
    "CROSSSLOT": StoreFault.CLUSTER,
    "CLUSTERDOWN": StoreFault.CLUSTER,
}
_BY_PHRASE: Final = {
    "unknown command": StoreFault.SENTINEL,
    "IDONTKNOW": StoreFault.SENTINEL,
    "max number of clients": StoreFault.CONNECTIONS,
    "Authentication required": StoreFault.NO_PERMISSION,
    "without any password": StoreFault.NO_PERMISSION,
}
# Whatever a server that is not Redis, or not the Redis that we need, makes a client raise.
REDIS_ERRORS: Final = (redis.RedisError, OSError, ValueError)


def connect(url: str, timeout_s: float) -> redis.Redis:
    """Return a client that waits at most ``timeout_s`` for a connection and for an answer, and never tries again."""
    options: dict[str, Any] = {"socket_timeout": timeout_s, "socket_connect_timeout": timeout_s, "retry": None}
    if is_sentinel(url):
        return _master(SentinelAddress.parse(url), options)
    if urlsplit(url).scheme == "rediss":
        url, options["ssl_cert_reqs"] = _without(url, "ssl_cert_reqs"), certificate_check(url)
    return redis.Redis.from_url(url, **options)


def _master(address: SentinelAddress, options: dict[str, Any]) -> redis.Redis:
    """Return a client of the master that the Sentinels name when a connection is opened."""
    asking = _sentinel_options(address) | options
    sentinels = Sentinel(address.sentinels, sentinel_kwargs=asking)  # type: ignore[no-untyped-call]  # redis has no types for it
    client: redis.Redis = sentinels.master_for(  # type: ignore[no-untyped-call]  # as above
        address.master, db=address.database, username=address.username, password=address.password, **options
    )
    return client


def _sentinel_options(address: SentinelAddress) -> dict[str, Any]:
    return {} if address.sentinel_password is None else {"password": address.sentinel_password}


def kombu_transport_options(url: str, connect_s: float) -> dict[str, Any]:
    """Return what Kombu needs to know beside the address of Sentinels: the master's name, and how to ask them."""
    if not is_sentinel(url):
        return {}
    address = SentinelAddress.parse(url)
    # The next Sentinel is asked at once: by default a client tries for seconds to reach one that is down.
    asking = {"socket_timeout": connect_s, "socket_connect_timeout": connect_s, "retry": None}
    return {"master_name": address.master, "sentinel_kwargs": asking | _sentinel_options(address)}


def kombu_address(url: str) -> tuple[str, dict[str, Any] | None]:
    """Return Kombu's form of an address, and its TLS options if there are any.

    The form differs for Sentinels, Unix sockets and their ``?db=``. Without explicit options Kombu would check no
    certificate.
    """
    if is_sentinel(url):
        address = SentinelAddress.parse(url)
        user, password = quote(address.username or "", safe=""), quote(address.password or "", safe="")
        login = f"{user}:{password}@" if user or password else ""
        hosts = (f"sentinel://{login}{host_in_url(host)}:{port}" for host, port in address.sentinels)
        return ";".join(f"{host}/{address.database}" for host in hosts), None
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    if parts.scheme == "unix":
        database = f"?virtual_host={query['db']}" if "db" in query else ""
        return f"redis+socket://{parts.netloc}{parts.path}{database}", None
    if parts.scheme != "rediss":
        return url, None
    options: dict[str, Any] = {name: value for name, value in query.items() if name.startswith("ssl_")}
    if "ssl_check_hostname" in options:
        options["ssl_check_hostname"] = options["ssl_check_hostname"].lower() not in {"false", "no", "0"}
    options["ssl_cert_reqs"] = certificate_check(url)
    return _without(url, *options), options


def _without(url: str, *names: str) -> str:
    """Return the address without these parameters of its query."""
    parts = urlsplit(url)
    query = [(name, value) for name, value in parse_qsl(parts.query) if name not in names]
    return urlunsplit(parts._replace(query=urlencode(query)))


def redis_fault(error: BaseException) -> StoreFault:
    """Return how Redis fails, from an error of its client."""
    message = str(error)
    # redis-py moves the word of some errors to an attribute, and puts the command of a pipeline before the message.
    word = getattr(error, "status_code", None) or message.rpartition(" caused error: ")[2].partition(" ")[0]
    if word in _BY_WORD:
        return _BY_WORD[word]
    for phrase, fault in _BY_PHRASE.items():
        if phrase in message:
            return fault
    if isinstance(error, AuthenticationError):
        return StoreFault.NO_PERMISSION
    if isinstance(error, redis.ResponseError | InvalidResponse) or not isinstance(error, redis.RedisError | OSError):
        return StoreFault.UNEXPECTED
    return StoreFault.NO_ANSWER


def unavailable(what: str, error: BaseException) -> BrokerUnavailable:
    """Return the error that says what Redis did not do, and why. Kombu's errors wrap those of the client."""
    cause = error if isinstance(error, REDIS_ERRORS) else error.__cause__ or error
    reason = str(cause).strip().splitlines() or [type(cause).__name__]
    return BrokerUnavailable(f"Redis {what}: {reason[0]}", redis_fault(cause))
