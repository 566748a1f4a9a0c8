"""A receiver with a webhook that leads to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from services.database.engine import Database
from tests.support.webhooks import Receiver, add_webhook, run_receiver


@pytest.fixture
def receiver(database: Database) -> Iterator[Receiver]:
    with run_receiver() as started:
        webhook, started.secret = add_webhook(database, started.url)
        started.webhook_id = webhook.id
        yield started
