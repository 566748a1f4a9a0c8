"""The address of a client for rate limits."""

from __future__ import annotations

import ipaddress
from typing import Final

from starlette.types import Scope

_LENGTH_MAX: Final = 64  # a trusted proxy may pass on a name of any length instead of an address


def client_network(scope: Scope) -> str:
    """Return the client's network: an IPv4 address, or the /64 prefix that one IPv6 site has to itself."""
    host = str((scope.get("client") or ("",))[0])
    try:
        address = ipaddress.ip_address(host)
    except ValueError:  # a Unix socket has no address
        return host[:_LENGTH_MAX]
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped
        return str(ipaddress.ip_network((address, 64), strict=False)) if mapped is None else str(mapped)
    return host
