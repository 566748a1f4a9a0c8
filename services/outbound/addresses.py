"""Which addresses requests may go to: public ones, and those that an operator allowed.

Server-side request forgery (OWASP): whoever names an address could otherwise have the service read from the network
that it stands in, from this machine, or from a cloud's metadata service.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from typing import Final

import httpx

from services.settings.proxies import items_of

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address


class AddressNotAllowed(httpx.ConnectError):
    """A host has an address that requests may not go to. Like any failure to connect, an `httpx.HTTPError`."""


class AddressGuard:
    """Resolves host names, and lets through those whose addresses are all allowed."""

    def __init__(self, allow_networks: str) -> None:
        """Allow public addresses and the networks in the list ``allow_networks`` (separated by commas)."""
        self._allowed: tuple[Network, ...] = tuple(ipaddress.ip_network(item) for item in items_of(allow_networks))

    def resolve(self, host: str, port: int) -> Sequence[str]:
        """Return the addresses of a host, in the order in which to try them.

        The system's resolver reads numeric hosts in all their forms (``2130706433``, ``0x7f.1``), so that they are
        checked as what they mean. Raises `OSError` or `UnicodeError` (no such host) and `AddressNotAllowed`: one
        address that is not allowed is enough, since nobody publishes such a mixture in good faith.
        """
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(str(answer[4][0]) for answer in answers))
        for address in addresses:
            if not self.allows(ipaddress.ip_address(address)):
                is_numeric = len(addresses) == 1 and address == host.strip("[]")
                named = host if is_numeric else f"{host} ({address})"
                reason = "is not a public address; `outbound.allow_networks` allows others"
                raise AddressNotAllowed(f"{named} {reason}")
        return addresses

    def allows(self, address: Address) -> bool:
        """Return whether requests may go to an address."""
        meant = _meant(address)
        if any(candidate in network for candidate in {address, meant} for network in self._allowed):
            return True
        return _is_public(address) and _is_public(meant)


def _meant(address: Address) -> Address:
    """Return the IPv4 address inside an IPv6 address that leads to one, or the address itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _is_public(address: Address) -> bool:
    is_mapped = isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None
    if is_mapped:  # the address meant decides; releases of Python differ in what they say of the mapped form
        return True
    is_site_local = isinstance(address, ipaddress.IPv6Address) and address.is_site_local
    is_special = address.is_multicast or address.is_unspecified or is_site_local
    return address.is_global and not is_special and (address in _NAT64 or not address.is_reserved)
