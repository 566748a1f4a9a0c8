"""Settings of the sources of feeds: signed pushes, polled addresses, and subscriptions at hubs."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from services.settings.group import Count, Days, Group, Seconds


class Sources(Group):
    """Sources of feeds: signed pushes, polled addresses, and subscriptions at hubs (WebSub)."""

    fetch: bool = Field(
        False,
        description="Whether the sweeper polls addresses and subscribes at hubs. Set it for the sweeper; pushes need "
        "nothing.",
    )
    per_feed: Count = Field(100, description="Most sources of a feed.")
    every_s: Seconds = Field(900, description="Seconds between two polls of an address that has no interval itself.")
    every_min_s: Seconds = Field(60, description="Shortest interval in seconds that an address may be given.")
    backoff_max_s: Seconds = Field(
        86_400, description="Longest time in seconds before a source that fails is tried again."
    )
    parallel: Count = Field(4, description="Sources that are fetched at the same time.")
    entries: Count = Field(
        5_000, description="Most entries of a polled document that are read: the newest of a sitemap, else the first."
    )
    pages: Count = Field(20, description="Most pages that are read in one poll; the next poll follows after a minute.")
    page_pause_s: Seconds = Field(
        1, description="Seconds between two pages of a source; a `Crawl-delay` of up to a minute has precedence."
    )
    sitemap_days: Days = Field(
        2,
        description="Age in days beyond which a page of a sitemap is not read. Pages without a date are read if they "
        "appear after the first poll.",
    )
    robots: bool = Field(True, description="Whether addresses that `robots.txt` excludes are left alone (RFC 9309).")
    lease_s: Count = Field(864_000, description="Seconds for which a hub is asked to push; renewed in time.")
    signature_age_s: Seconds = Field(
        300, description="Greatest difference in seconds between the time in a signature and the clock of the service."
    )
    refusals: Count = Field(200, description="Most refusals of a feed that are kept, the latest.")
    kept_bytes: Count = Field(
        50_000_000, description="Most bytes of documents of a feed that were refused and kept, the latest."
    )

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if not self.every_min_s <= self.every_s <= self.backoff_max_s:
            msg = "sources: every_min_s <= every_s <= backoff_max_s must hold"
            raise ValueError(msg)
        return self
