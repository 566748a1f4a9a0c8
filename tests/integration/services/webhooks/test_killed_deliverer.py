"""A deliverer process that is killed between sending a message and storing its outcome."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from services.caller import local
from services.database.engine import Database, now_ms
from services.standalone.supervisor import stancewire_command
from services.webhooks import deliveries
from services.webhooks.records import DeliveryState
from tests.support.api import complete_job, url_of
from tests.support.ledger import article, push
from tests.support.web_server import Reply
from tests.support.webhooks import QUICK, add_webhook, run_receiver, set_deliveries, wait_for


@contextmanager
def deliverer_process(database: Database) -> Iterator[subprocess.Popen[bytes]]:
    settings = {
        f"STANCEWIRE_WEBHOOKS__{name.upper()}": str(value) for name, value in (QUICK | {"timeout_s": 30}).items()
    }
    settings |= {"STANCEWIRE_DATABASE_URL": url_of(database), "STANCEWIRE_OUTBOUND__ALLOW_NETWORKS": "127.0.0.1"}
    process = subprocess.Popen(stancewire_command("deliverer"), env=os.environ | settings)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_a_message_whose_outcome_was_lost_comes_again_under_its_id_and_nothing_else_does(
    sqlite_database: Database,
) -> None:
    with run_receiver() as receiver:
        webhook, receiver.secret = add_webhook(sqlite_database, receiver.url)
        killed = threading.Event()

        def answer_late(_request: object) -> Reply:
            if len(receiver.seen) == 3:  # the third message is at the receiver when the deliverer dies
                killed.wait(20)
            return Reply()

        def states() -> list[DeliveryState]:
            listed = deliveries.list_deliveries(sqlite_database, webhook.id, local(), limit=10)
            return sorted(delivery.state for delivery in listed)

        receiver.answer = answer_late
        for number in range(2):
            complete_job(sqlite_database, push(sqlite_database, article(f"Story {number}."))[0].job_id)
        with deliverer_process(sqlite_database) as first:
            wait_for(lambda: states() == [DeliveryState.DELIVERED] * 2, 30)
            complete_job(sqlite_database, push(sqlite_database, article("The third."))[0].job_id)
            wait_for(lambda: len(receiver.seen) == 3)
            first.kill()
            first.wait()
        killed.set()
        assert states() == [DeliveryState.DELIVERED] * 2 + [DeliveryState.PENDING]
        set_deliveries(sqlite_database, next_at=now_ms() - 1)  # the lease ends
        with deliverer_process(sqlite_database):
            wait_for(lambda: states() == [DeliveryState.DELIVERED] * 3, 30)
    assert receiver.seen[2] == receiver.seen[3]
    assert (len(receiver.seen), len(set(receiver.seen))) == (4, 3)
