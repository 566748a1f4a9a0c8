"""Settings of webhooks and watches."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from services.settings.group import Count, Group, Seconds


class Webhooks(Group):
    """Webhooks: their number, and how deliveries are sent and repeated."""

    per_key: Count = Field(20, description="Most webhooks of one key.")
    plain_http: bool = Field(False, description="Whether the address of a receiver may begin with `http://`.")
    timeout_s: Seconds = Field(
        15, description="Longest time in seconds of one attempt: connecting, sending, and the head of the answer."
    )
    concurrency: Count = Field(32, description="Deliveries that one deliverer sends at the same time.")
    per_webhook: Count = Field(
        4, description="Deliveries that one deliverer sends to a webhook at the same time; to one that fails, 1."
    )
    retry_s: Seconds = Field(
        86_400, description="Seconds for which a delivery is repeated; after that it counts as failed."
    )
    backoff_s: Seconds = Field(
        5, description="Seconds before the second attempt; tripled with each further one, and shortened at random."
    )
    backoff_max_s: Seconds = Field(7_200, description="Longest time in seconds between two attempts.")
    disable_after_s: Seconds = Field(
        259_200, description="Seconds of failures without a success after which a webhook is disabled."
    )
    overlap_s: float = Field(
        86_400, ge=0, description="Seconds for which messages are also signed with the old secret after a rotation."
    )
    poll_s: Seconds = Field(0.5, description="Seconds between two looks of a deliverer into the ledger.")

    @model_validator(mode="after")
    def _check_sizes(self) -> Self:
        if self.per_webhook > self.concurrency:
            msg = "webhooks: per_webhook <= concurrency must hold"
            raise ValueError(msg)
        return self


class Watches(Group):
    """Watches, which tell a webhook of items in new results."""

    per_webhook: Count = Field(50, description="Most watches of one webhook.")
    matches_per_result: Count = Field(20, description="Most matches of a watch in one result that are sent.")
