"""Settings of everything that HTTP reaches: the API, the console, and the keys to both."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr

from services.settings.group import Count, Group, Port, Rate, Seconds
from services.settings.proxies import HostList, OriginList, ProxyList, PublicUrl


class Api(Group):
    """The HTTP server: its address, long polling, and the size of answers."""

    host: str = Field("127.0.0.1", description="Address that the API listens on.")
    port: Port = Field(8400, description="Port that the API listens on; 0 takes a free one.")
    trusted_proxies: ProxyList = Field(
        "",
        description="Addresses and networks of the proxies in front of the API, separated by commas. Only from these "
        "`X-Forwarded-For` (the client) and `X-Forwarded-Proto` (whether it used TLS) count.",
    )
    allowed_hosts: HostList = Field(
        "",
        description="Host names that requests may use, separated by commas; `*.example.org` allows every name under "
        "it. Others get 421. Empty allows all, unless `public_url` is set. Health checks and metrics take any.",
    )
    public_url: PublicUrl = Field(
        "",
        description="Address under which clients reach the service, such as `https://news.example.org`. Its host is "
        "allowed; with `https`, the console's cookie is sent over TLS only.",
    )
    cors_origins: OriginList = Field(
        "",
        description="Web pages that may call the API with a key from a browser (CORS), by their origin, such as "
        "`https://desk.example.org`, separated by commas; `*` allows every page. Empty allows none.",
    )
    wait_limit_s: Seconds = Field(
        30, description="Longest time in seconds that a request may wait for its job to finish."
    )
    waiters: Count = Field(
        200, description="Requests that one process lets wait for a job or for results; further ones do not wait."
    )
    streams: Count = Field(200, description="Streams of results that one process serves at once; further ones get 503.")
    streams_per_key: Count = Field(10, description="Streams of results that one key may have open in a process.")
    stream_s: Seconds = Field(
        3_600, description="Seconds after which a stream of results ends; clients connect again and continue there."
    )
    heartbeat_s: Seconds = Field(
        15, description="Seconds after which a stream without news sends a heartbeat, and checks its key again."
    )
    connections: Count = Field(
        1_000,
        description="Connections that one process serves at once; further ones get 503. Fewer where the "
        "process may open fewer files.",
    )
    keep_alive_s: int = Field(
        75,
        gt=0,
        description="Seconds for which an idle connection stays open. Longer than any sender or proxy keeps it: a "
        "request on a connection that is just being closed is answered by nobody.",
    )
    poll_s: Seconds = Field(0.1, description="Seconds between two looks into the ledger while requests wait.")
    page_limit: Count = Field(500, description="Most items in a page of JSON.")
    hsts_s: int = Field(
        0,
        ge=0,
        description="`max-age` in seconds of the header Strict-Transport-Security; 0 leaves the header out. "
        "Set it only where all access is by HTTPS.",
    )
    export_limit: Count = Field(100_000, description="Most items in an export as NDJSON, CSV or Parquet.")
    timeline_buckets: Count = Field(1_000, description="Most buckets in a timeline.")


class Console(Group):
    """The web pages."""

    secret: SecretStr = Field(
        SecretStr(""),
        description="Key that signs sessions. API processes on several machines must share it; if it is empty, "
        "the processes of one machine share a random key in the state directory.",
    )
    session_s: Seconds = Field(43_200, description="Seconds after which a login ends.")
    login_attempts: Count = Field(
        10, description="Failed logins a minute that one address may make before it must wait."
    )
    feed: str = Field(
        "console",
        pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$",
        description="Feed of the articles that the page Try it submits.",
    )


class Access(Group):
    """API keys, and how often a key may ask."""

    required: bool = Field(
        True, description="Whether requests need a key. If not, a request without a key may do everything."
    )
    query_keys: bool = Field(
        False,
        description="Whether feeds of searches (`/v1/attributions.atom`, `/v1/stances.atom`) take a key as the "
        "parameter `key`, for readers that send no headers. Addresses end up in histories and logs: use keys "
        "with the scope `read` and few feeds.",
    )
    cache_s: Seconds = Field(
        5, description="Seconds for which a process caches a key, and so for which a key revoked elsewhere still works."
    )
    requests_per_s: Rate = Field(
        500, description="Requests a second that one process answers for each key; 0 sets no limit."
    )
    failures_per_s: Rate = Field(
        20,
        description="Requests a second without a valid key that one process answers for each address before it "
        "refuses them with 429; 0 sets no limit.",
    )
    burst_s: Seconds = Field(
        2, description="Seconds of these two rates that may be used at once after a pause: the size of the burst."
    )
    metrics: Literal["loopback", "key", "open"] = Field(
        "key",
        description="Who may read `/metrics`: only requests with a key (`key`), also requests from this machine "
        "(`loopback`; not with a proxy on this machine, whose requests come from it, too), or all (`open`).",
    )
