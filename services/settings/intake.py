"""Settings of what is pushed: the limits of articles, batches and queues, and the feeds."""

from __future__ import annotations

from datetime import date
from typing import Self

from pydantic import Field, model_validator

from services.settings.group import Count, Days, Group, Seconds


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
