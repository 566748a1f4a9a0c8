"""The address of a Redis that Sentinels watch: the Sentinels, and the name under which they know its master.

``redis+sentinel://[[USER]:PASSWORD@]HOST[:PORT][,HOST[:PORT]…]/MASTER[/DATABASE][?sentinel_password=PASSWORD]``
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import parse_qsl, unquote

SCHEME: Final = "redis+sentinel"
FORM: Final = f"`{SCHEME}://HOST:26379,HOST:26379/MASTER`"
_PORT: Final = 26379
_PARTS: Final = re.compile(
    rf"{re.escape(SCHEME)}://(?:(?P<user>[^:@/]*)(?::(?P<password>[^@/]*))?@)?(?P<hosts>[^/?]+)"
    r"/(?P<master>[^/?]+)(?:/(?P<database>\d+))?(?:\?(?P<query>.*))?"
)
_HOST: Final = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^:\[\]]+)(?::(?P<port>\d{1,5}))?")


@dataclass(frozen=True, slots=True)
class SentinelAddress:
    """Sentinels by host and port. The password is that of master and replicas; the Sentinels may have their own."""

    sentinels: tuple[tuple[str, int], ...]
    master: str
    database: int = 0
    username: str | None = None
    password: str | None = None
    sentinel_password: str | None = None

    @classmethod
    def parse(cls, url: str) -> Self:
        """Read an address. Raises `ValueError`, without a part of the password in its message."""
        parts = _PARTS.fullmatch(url)
        if parts is None:
            raise ValueError(f"is not an address of Sentinels; write {FORM}")
        hosts = [_HOST.fullmatch(host) for host in parts["hosts"].split(",")]
        sentinels = tuple((host["host"].strip("[]"), int(host["port"] or _PORT)) for host in hosts if host)
        if len(sentinels) != len(hosts):
            raise ValueError(f"has a Sentinel that is not HOST:PORT; write {FORM}")
        query = dict(parse_qsl(parts["query"] or ""))
        unknown = query.keys() - {"sentinel_password"}
        if unknown:
            raise ValueError(f"has the parameter {min(unknown)!r}; only sentinel_password is known")
        return cls(
            sentinels,
            unquote(parts["master"]),
            int(parts["database"] or 0),
            unquote(parts["user"]) if parts["user"] else None,
            unquote(parts["password"]) if parts["password"] else None,
            query.get("sentinel_password"),
        )


def is_sentinel(url: str) -> bool:
    """Whether this is the address of Sentinels."""
    return url.startswith(f"{SCHEME}://")
