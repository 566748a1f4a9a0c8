"""The addresses of the stores: forms that other programs use are understood, and all others are refused by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Final
from urllib.parse import parse_qsl, urlsplit

from pydantic import AfterValidator

from services.settings.sentinel import FORM as SENTINEL_FORM
from services.settings.sentinel import SentinelAddress, is_sentinel

_POSTGRESQL: Final = "postgresql+psycopg"
_POSTGRESQL_ALIASES: Final = frozenset({"postgres", "postgresql", _POSTGRESQL})
_DATABASE_FORMS: Final = "`sqlite:///PATH` or `postgresql://USER:PASSWORD@HOST:PORT/NAME`"
_REDIS_FORMS: Final = f"`redis://`, `rediss://` (TLS), `unix:///PATH` or {SENTINEL_FORM}"
_CERTIFICATE_CHECKS: Final = {
    "none": "none",
    "optional": "optional",
    "required": "required",
    "cert_none": "none",
    "cert_optional": "optional",
    "cert_required": "required",
}


def database_address(url: str) -> str:
    """Return the address with the driver that we use. Raises `ValueError` for one that no database of ours can have."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        raise ValueError(f"is not an address; write {_DATABASE_FORMS}")
    if scheme in _POSTGRESQL_ALIASES:
        _check_port(url)
        return f"{_POSTGRESQL}://{rest}"
    if scheme != "sqlite":
        raise ValueError(f"{scheme!r} is neither SQLite nor PostgreSQL; write {_DATABASE_FORMS}")
    return url


def redis_address(url: str) -> str:
    """Return the address unchanged. Raises `ValueError` unless it is that of a Redis server, or of its Sentinels."""
    scheme, separator, _ = url.partition("://")
    if not separator:
        raise ValueError(f"is not an address; write {_REDIS_FORMS}")
    if is_sentinel(url):
        SentinelAddress.parse(url)
        return url
    if scheme == "sentinel":
        raise ValueError(f"the form of an address of Sentinels is {SENTINEL_FORM}")
    if scheme not in {"redis", "rediss", "unix"}:
        raise ValueError(f"{scheme!r} is not a scheme of Redis; write {_REDIS_FORMS}")
    if scheme != "unix":
        _check_port(url)
        database = urlsplit(url).path.strip("/")
        if database and not database.isdecimal():
            raise ValueError(f"the database {database!r} is not a number")
    certificate_check(url)
    return url


def certificate_check(url: str) -> str:
    """Return how the certificate of a ``rediss://`` server is checked: ``required`` (default), ``optional``, ``none``.

    Redis' clients disagree on the spelling of ``ssl_cert_reqs``; all of theirs are understood. Raises `ValueError`.
    """
    value = dict(parse_qsl(urlsplit(url).query)).get("ssl_cert_reqs", "required")
    try:
        return _CERTIFICATE_CHECKS[value.lower()]
    except KeyError:
        raise ValueError(f"ssl_cert_reqs is {value!r}; write none, optional or required") from None


def host_in_url(host: str) -> str:
    """Return the host as an address has it: one of IPv6 in brackets (RFC 3986)."""
    return f"[{host}]" if ":" in host else host


def _check_port(url: str) -> None:
    try:
        _ = urlsplit(url).port
    except ValueError:  # its message could quote a part of the password
        reason = "the port is not a number; in a password, write `@`, `/`, `:` and `#` as %40, %2F, %3A and %23"
        raise ValueError(reason) from None


def _unless_empty(check: Callable[[str], str]) -> Callable[[str], str]:
    return lambda url: check(url) if url else url


DatabaseAddress = Annotated[str, AfterValidator(_unless_empty(database_address))]
RedisAddress = Annotated[str, AfterValidator(_unless_empty(redis_address))]
