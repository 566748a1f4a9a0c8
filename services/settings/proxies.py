"""Settings of addresses: lists in one variable, proxies, origins, and the address by which others know the service."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator

_HOST: Final = re.compile(r"(\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\]")


def items_of(value: str) -> list[str]:
    """Return the items of a list that is separated by commas."""
    return [item.strip() for item in value.split(",") if item.strip()]


def _check_networks(value: str) -> str:
    for item in items_of(value):
        try:
            ipaddress.ip_network(item)
        except ValueError as error:
            raise ValueError(f"{error}; write addresses or networks, such as 10.0.0.5 or 10.0.0.0/24") from None
    return value


def _check_hosts(value: str) -> str:
    for item in items_of(value):
        if not _HOST.fullmatch(item):
            raise ValueError(f"{item!r} is not a host; write names in lower case without a port, such as *.example.org")
    return value


def _check_public_url(value: str) -> str:
    parts = urlsplit(value)
    if value and (parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/") or parts.query):
        raise ValueError(f"{value!r} is not an address of the form https://HOST or https://HOST:PORT")
    return value.rstrip("/").lower()


ProxyList = Annotated[str, AfterValidator(_check_networks)]
HostList = Annotated[str, AfterValidator(_check_hosts)]


def _check_origins(value: str) -> str:
    for item in items_of(value):
        parts = urlsplit(item)
        is_origin = parts.scheme in {"http", "https"} and parts.hostname and item == f"{parts.scheme}://{parts.netloc}"
        if item != "*" and (not is_origin or item != item.lower()):
            raise ValueError(f"{item!r} is not an origin; write https://HOST or https://HOST:PORT in lower case, or *")
    return value


PublicUrl = Annotated[str, AfterValidator(_check_public_url)]
OriginList = Annotated[str, AfterValidator(_check_origins)]
