"""The groups of settings. The page docs/reference/settings.md is made from the descriptions."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from services.settings.addresses import DatabaseAddress, RedisAddress
from services.settings.proxies import HostList, OriginList, ProxyList, PublicUrl

Seconds = Annotated[float, Field(gt=0)]
Days = Annotated[float, Field(ge=0, le=36_500)]
Count = Annotated[int, Field(gt=0)]
Port = Annotated[int, Field(ge=0, le=65535)]
Rate = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Group(BaseModel):
    """Base of the groups. Immutable; unknown names are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


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


class Limits(Group):
    """Limits on articles, batches and intake."""

    body_bytes: Count = Field(
        10_000_000, description="Largest request body in bytes, unless it is a batch. Whole web pages have megabytes."
    )
    batch_bytes: Count = Field(32_000_000, description="Largest batch in bytes.")
    batch_lines: Count = Field(5_000, description="Most articles in a batch.")
    held_bytes: Count = Field(
        192_000_000,
        description="Most bytes of request bodies that one process holds at once, from their first byte to their "
        "answer; further ones get 503. The process needs up to four times as much memory for them.",
    )
    held_bytes_per_key: Count = Field(
        48_000_000,
        description="Most bytes of request bodies that one process holds at once for one key; further ones get 429. "
        "Requests without a key are counted by address. Not less than `batch_bytes` and `body_bytes`.",
    )
    body_s: Seconds = Field(120, description="Longest time in seconds that a request body may take to arrive.")
    text_chars: Count = Field(1_000_000, description="Longest text of an article in characters; markup does not count.")
    nesting: Count = Field(32, description="Deepest nesting of JSON in a request.")
    markup_nesting: Count = Field(200, description="Deepest nesting of elements in a pushed XML document.")
    markup_elements: Count = Field(100_000, description="Most elements in a pushed XML document.")
    metadata_bytes: Count = Field(
        16_000,
        description="Most bytes of a sender's own metadata (section, tags, subjects and others) that are kept with an "
        "article and its result. Fields that do not fit are left out, with a warning.",
    )
    published_from: date = Field(
        date(1600, 1, 1),
        description="Earliest credible date of publication. An article with an earlier one is accepted without a date, "
        "with a warning.",
    )
    published_ahead_days: Days = Field(
        366,
        description="Days that a date of publication may lie in the future. An article with a later one is accepted "
        "without a date, with a warning.",
    )
    embargo_days: Days = Field(
        366,
        description="Days that the end of an embargo may lie in the future. An article with a later one is refused, as "
        "it could be shown before its time without it.",
    )
    queued_per_feed: Count = Field(
        200_000, description="Most queued jobs of a feed that has no limit of its own; further pushes get 429."
    )
    feeds: Count = Field(2_000, description="Most feeds; a push that would register another one gets 429.")
    wait_s: Seconds = Field(
        86_400, description="Longest expected wait in seconds; articles that would wait longer are refused."
    )
    free_disk_ratio: float = Field(
        0.05, ge=0, lt=1, description="Share of free disk below which intake closes; 0 never closes it."
    )

    @model_validator(mode="after")
    def _check_held_bytes(self) -> Self:
        largest = max(self.batch_bytes, self.body_bytes)
        if not largest <= self.held_bytes_per_key <= self.held_bytes:
            msg = "limits: batch_bytes and body_bytes <= held_bytes_per_key <= held_bytes must hold"
            raise ValueError(msg)
        return self


class Feeds(Group):
    """How API processes apply the settings of feeds."""

    cache_s: Seconds = Field(
        5, description="Seconds for which a process caches the feeds, and so until it follows a change made elsewhere."
    )
    burst_s: Seconds = Field(
        2, description="Seconds of a feed's rate that may be used at once after a pause: the size of the burst."
    )


class Database(Group):
    """The database of ledger and results."""

    url: DatabaseAddress = Field("", description="Long form of `STANCEWIRE_DATABASE_URL`, which has precedence.")
    busy_timeout_s: Seconds = Field(
        5,
        description="Longest wait in seconds for a lock or a connection. A statement on PostgreSQL may take twice as "
        "long, a search six times.",
    )
    pool_size: Count = Field(10, description="Connections that an API process keeps.")
    pooler: Literal["none", "transaction"] = Field(
        "none",
        description="`transaction` if the address leads to PgBouncer, or another pooler, in transaction mode: nothing "
        "is then prepared or set for the length of a connection.",
    )
    slow_s: Seconds = Field(
        0.1, description="Time of one round trip in seconds above which the database is reported as slow."
    )


class Retention(Group):
    """Retention periods. Older data is removed; 0 days removes it after a minute."""

    bodies_days: Days = Field(7, description="Days for which a body is kept after its article's last job finished.")
    superseded_days: Days = Field(
        7, description="Days for which a result is kept after a later analysis of the article replaced it."
    )
    results_days: Days = Field(30, description="Days for which a result is kept after it was stored.")
    articles_days: Days = Field(
        90,
        description="Days for which an article and its jobs are kept after the last job finished, and the IDs of an "
        "erased article after its erasure. Not less than the three periods above.",
    )
    keys_days: Days = Field(7, description="Days for which an idempotency key is kept.")
    deliveries_days: Days = Field(
        30,
        description="Days for which a delivery to a webhook is kept after it ended, and a watch does not repeat a "
        "match of the same story. Not more than `articles_days`.",
    )
    every_s: float = Field(3600, ge=0, description="Seconds between two runs; 0 turns them off.")
    batch: Count = Field(200, description="Rows removed in one transaction.")
    pause_s: float = Field(0.05, ge=0, description="Seconds between two transactions, in which others may write.")

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if max(self.bodies_days, self.superseded_days, self.results_days, self.deliveries_days) > self.articles_days:
            msg = "retention: articles_days must be the longest: an article is removed with all that was made of it"
            raise ValueError(msg)
        return self


class Broker(Group):
    """Redis, and the messages that tell workers about queued jobs."""

    url: RedisAddress = Field("", description="Long form of `STANCEWIRE_REDIS_URL`, which has precedence.")
    key_prefix: str = Field(
        "stancewire:", description="Prefix of all keys in Redis, so that deployments can share one."
    )
    send_timeout_s: Seconds = Field(0.3, description="Longest time in seconds to connect to Redis or send a message.")
    breaker_s: Seconds = Field(2, description="Seconds without an attempt to send after one failed.")
    slow_s: Seconds = Field(0.1, description="Time of one round trip in seconds above which Redis is reported as slow.")
    message_articles: int = Field(8, ge=1, le=16, description="Most articles in a message.")
    message_words: Count = Field(10_000, description="Most words in a message of several articles.")
    window_per_slot: Count = Field(3, description="Messages in Redis for each worker process.")
    overdue_s: Seconds = Field(
        5, description="Seconds after which a message whose jobs have not begun is looked for in Redis."
    )
    sweep_s: Seconds = Field(1, description="Seconds between two rounds of the sweeper.")


class Worker(Group):
    """The processes that analyse. The hard limit must be below the lease, or an article would be analysed twice."""

    processes: int = Field(
        0,
        ge=0,
        description="Processes that analyse at the same time; 0 is one for each core of the machine, or of the quota "
        "of its container.",
    )
    max_attempts: Count = Field(3, description="Attempts after which a job is dead.")
    lease_s: Seconds = Field(
        30, description="Seconds after which a job is given to another worker unless it is renewed."
    )
    renew_s: Seconds = Field(5, description="Seconds between two renewals of a lease.")
    soft_limit_s: Seconds = Field(20, description="Seconds after which the analysis of an article is ended.")
    hard_limit_s: Seconds = Field(25, description="Seconds after which a process that did not end it is killed.")
    backoff_s: Seconds = Field(5, description="Seconds before the second attempt; doubled with each further one.")
    backoff_max_s: float = Field(300, gt=0, le=3600, description="Longest time in seconds before an attempt.")
    recycle_messages: Count = Field(5_000, description="Messages after which a process is replaced by a new one.")
    niceness: int = Field(10, ge=0, le=19, description="Niceness of the processes: 19 gives way to all others.")
    metrics_host: str = Field("127.0.0.1", description="Address of the worker's metrics.")
    metrics_port: Port = Field(0, description="Port of the worker's metrics; 0 turns them off.")

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if not self.soft_limit_s <= self.hard_limit_s < self.lease_s:
            msg = "worker: soft_limit_s <= hard_limit_s < lease_s must hold"
            raise ValueError(msg)
        return self


class Pipeline(Group):
    """The analysis of an article."""

    model: Literal["trained", "rules"] = Field(
        "trained", description="`trained` uses the trained model, `rules` only rules and word lists."
    )
    max_words: Count = Field(20_000, description="Words of an article that are analysed; the rest is left out.")
    spacy_package: str = Field(
        "", description="spaCy package whose named entities are found before ours; empty for none."
    )
    min_stance_score: float = Field(0.5, ge=0, le=1, description="Lowest score of a stance that is reported.")
    topic_statements: Count = Field(40, description="Statements of one article that are judged for topics.")


class Metrics(Group):
    """Bounds on the number of time series."""

    feeds: Count = Field(
        100, description="Feeds with time series of their own, in the order of their first push; the others share one."
    )


class Topics(Group):
    """Topics, and the analysis of old articles for them."""

    active: Count = Field(200, description="Most active topics.")
    aliases: int = Field(200, gt=0, le=200, description="Most aliases of a topic.")
    cache_s: Seconds = Field(10, description="Seconds for which workers cache the topics.")
    reanalyze_waiting: Count = Field(
        1_000, description="Jobs that `stancewire topics reanalyze` keeps waiting in the background."
    )


class Stories(Group):
    """Copies of an article, which are linked as a story when they are analysed."""

    link: bool = Field(True, description="Whether copies are linked. Without it every article counts by itself.")
    similarity: float = Field(
        0.4,
        gt=0,
        le=1,
        description="Least share of their sequences of three words that two texts must have in common (Jaccard "
        "similarity, estimated) to be copies.",
    )
    window_days: Days = Field(
        7, description="Days for which an analysed text is remembered, to find its copies. 0 links only versions."
    )
    reuse: bool = Field(
        False,
        description="Whether an article whose text is exactly that of another one, remembered and read by the same "
        "pipeline, gets the analysis of that one instead of its own. Needs `link`.",
    )

    @model_validator(mode="after")
    def _check_link(self) -> Self:
        if self.reuse and not self.link:
            msg = "stories: reuse needs link, as texts are remembered for both"
            raise ValueError(msg)
        return self


class Log(Group):
    """Log lines."""

    format: Literal["auto", "json", "console"] = Field(
        "auto", description="`auto` is `console` on a terminal and `json` elsewhere."
    )
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Least level that is logged.")
