"""Settings of the requests that the service itself sends: to polled addresses, hubs and receivers of webhooks."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from services.settings.group import Count, Group, Seconds
from services.settings.proxies import ProxyList


class Outbound(Group):
    """Requests that the service itself sends to addresses that others named."""

    allow_networks: ProxyList = Field(
        "",
        description="Addresses and networks that requests may go to although they are not public, separated by commas, "
        "such as `10.1.0.0/16`. Empty allows public addresses only.",
    )
    connect_s: Seconds = Field(5, description="Longest time in seconds to connect.")
    read_s: Seconds = Field(15, description="Longest silence in seconds of the other side.")
    total_s: Seconds = Field(
        60, description="Longest time in seconds of one request, from its first byte to the last one of its answer."
    )
    redirects: Count = Field(5, description="Most redirects that a request follows, where it follows them at all.")
    answer_bytes: Count = Field(10_000_000, description="Largest answer in bytes, after decompression.")
    ca_file: Path | None = Field(
        None, description="File (PEM) of the only certificate authorities to trust; if empty, the usual public ones."
    )
