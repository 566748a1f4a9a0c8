from __future__ import annotations

import ipaddress
import socket
from typing import Any

import pytest

from services.outbound.addresses import AddressGuard, AddressNotAllowed
from services.settings import Outbound


@pytest.mark.parametrize("address", ["93.184.215.14", "1.1.1.1", "2606:4700::1111", "64:ff9b::101:101"])
def test_public_address_is_allowed(address: str) -> None:
    assert AddressGuard("").allows(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "0.0.0.0",  # noqa: S104 -- refused here, not bound to
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",  # the metadata of clouds
        "100.64.0.1",  # shared by carriers
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fc00::1",
        "fec0::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::1",
    ],
)
def test_address_that_is_not_public_is_refused(address: str) -> None:
    assert not AddressGuard("").allows(ipaddress.ip_address(address))


def test_allowed_network_is_allowed_and_its_neighbour_is_not() -> None:
    guard = AddressGuard("10.1.0.0/16, fd00:1::/32")
    allowed = ["10.1.2.3", "::ffff:10.1.2.3", "fd00:1::5"]
    refused = ["10.2.0.1", "fd00:2::5", "127.0.0.1"]
    assert [guard.allows(ipaddress.ip_address(each)) for each in allowed + refused] == [True] * 3 + [False] * 3


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "0177.0.0.1", "127.1", "localhost", "::1"])
def test_loopback_in_any_spelling_is_refused(host: str) -> None:
    with pytest.raises(AddressNotAllowed, match="is not a public address"):
        AddressGuard("").resolve(host, 80)


def test_host_with_a_public_and_a_private_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(*_arguments: Any, **_options: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 80)) for each in ("93.184.215.14", "10.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    with pytest.raises(AddressNotAllowed, match=r"mixed\.example \(10\.0\.0\.1\) is not a public address"):
        AddressGuard("").resolve("mixed.example", 80)


def test_setting_with_anything_but_networks_is_refused() -> None:
    with pytest.raises(ValueError, match="write addresses or networks"):
        Outbound(allow_networks="localhost")
