"""Deliveries in the ledger: who gets them, leases, their end, and articles that are withdrawn."""

from __future__ import annotations

import json
from uuid import uuid4

from services.access import keys
from services.caller import Scope, local
from services.contracts.event import EventType
from services.database.engine import Database, now_ms
from services.jobs import actions
from services.maintenance import erasure
from services.use_cases import webhooks as use_case
from services.use_cases.context import UseCaseContext
from services.webhooks import queue, store
from services.webhooks.distribution import distribute
from services.webhooks.records import DeliveryState, DisabledReason
from tests.support.api import complete_job, fail_job
from tests.support.webhooks import (
    SQLITE,
    Receiver,
    add_webhook,
    kept,
    push_job,
    run_deliverer,
    set_deliveries,
    set_webhook,
    states,
    wait_for,
    webhook_settings,
)


def test_a_webhook_is_sent_what_it_chose_of_the_feeds_that_it_sees(database: Database, receiver: Receiver) -> None:
    set_webhook(database, receiver.webhook_id, events='["job.failed"]', feeds='["wire"]')
    complete_job(database, push_job(database, feed="wire"))
    fail_job(database, push_job(database, feed="paper"))
    fail_job(database, push_job(database, "No.", feed="wire"))
    while distribute(database, webhook_settings()):
        pass
    assert [(each.type, each.state) for each in kept(database, receiver.webhook_id)] == [
        (EventType.JOB_FAILED, DeliveryState.PENDING)
    ]


def test_a_lease_that_ended_sends_the_same_message_again_and_the_late_outcome_counts_for_nothing(
    database: Database, receiver: Receiver
) -> None:
    """A deliverer was killed between sending and settling."""
    settings = webhook_settings()
    complete_job(database, push_job(database))
    distribute(database, settings)
    [claimed] = queue.claim(database, {}, 10, settings.webhooks)
    assert queue.claim(database, {}, 10, settings.webhooks) == []
    set_deliveries(database, next_at=now_ms() - 1)
    [again] = queue.claim(database, {}, 10, settings.webhooks)
    assert (again.id, again.attempt) == (claimed.id, 2)
    queue.settle(database, [queue.Outcome(claimed, 500, "answered 500")], settings.webhooks)
    queue.settle(database, [queue.Outcome(again, 200)], settings.webhooks)
    queue.settle(database, [queue.Outcome(claimed, 500, "answered 500")], settings.webhooks)
    assert states(database, receiver.webhook_id) == {"delivered": 1}


def test_a_delivery_is_given_up_after_its_time_and_sent_again_on_request(
    database: Database, receiver: Receiver
) -> None:
    complete_job(database, push_job(database))
    settings = webhook_settings()
    context = UseCaseContext(database, settings)
    distribute(database, settings)
    set_webhook(database, receiver.webhook_id, disabled_at=1, disabled_reason="request")
    set_deliveries(database, expires_at=1)
    assert queue.expire(database) == 1
    assert states(database, receiver.webhook_id) == {"failed": 1}
    [delivery] = kept(database, receiver.webhook_id)
    use_case.change(context, receiver.webhook_id, enabled=True, caller=local())
    assert use_case.redeliver_failed(context, receiver.webhook_id, local(), limit=10) == (1, False)
    with run_deliverer(database):
        wait_for(lambda: receiver.seen == [str(delivery.id)])
        wait_for(lambda: states(database, receiver.webhook_id) == {"delivered": 1})
        use_case.redeliver(context, receiver.webhook_id, delivery.id, local())
        wait_for(lambda: receiver.seen == [str(delivery.id)] * 2)


def test_a_withdrawn_or_erased_article_is_not_spoken_of_any_more(database: Database, receiver: Receiver) -> None:
    settings = webhook_settings()
    leased = [complete_job(database, push_job(database, f"Story {number}.", guid=str(number))) for number in range(3)]
    distribute(database, settings)
    actions.withdraw(database, leased[0].article_id)
    erasure.erase(database, leased[1].article_id, local())
    distribute(database, settings)
    by_event = {(each.type.value, each.article_id): each for each in kept(database, receiver.webhook_id)}
    assert {key: each.state.value for key, each in by_event.items()} == {
        ("result.ready", leased[0].article_id): "canceled",
        ("result.withdrawn", leased[0].article_id): "pending",
        ("result.withdrawn", leased[1].article_id): "pending",
        ("result.ready", leased[2].article_id): "pending",
    }
    erased = json.loads(by_event["result.withdrawn", leased[1].article_id].body)["data"]
    assert (erased["kind"], erased["guid"]) == ("erased", None)


@SQLITE
def test_a_webhook_whose_key_ended_is_disabled(database: Database, receiver: Receiver) -> None:
    key, _ = keys.create(database, name="client", scopes=[Scope.READ], feeds=None, by=local())
    set_webhook(database, receiver.webhook_id, key_id=key.id)
    keys.revoke(database, key.id, local())
    complete_job(database, push_job(database))
    assert distribute(database, webhook_settings()) == 1
    assert store.disable_ownerless(database) == 1
    assert kept(database, receiver.webhook_id) == []
    assert store.get(database, receiver.webhook_id, local()).disabled_reason == DisabledReason.KEY_ENDED


@SQLITE
def test_nothing_is_recorded_without_a_receiver(database: Database) -> None:
    complete_job(database, push_job(database))
    assert distribute(database, webhook_settings()) == 0
    webhook, _ = add_webhook(database, f"http://127.0.0.1:9/{uuid4()}")
    assert kept(database, webhook.id) == []
