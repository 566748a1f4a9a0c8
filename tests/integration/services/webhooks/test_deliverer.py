"""The deliverer and its receivers: working, hanging, failing, gone, elsewhere, and back again."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from services.access import keys
from services.caller import Scope, local
from services.contracts.event import EventType
from services.database.engine import Database, now_ms
from services.events.backlog import delivery_backlog
from services.jobs import actions
from services.maintenance import erasure
from services.use_cases import webhooks as use_case
from services.use_cases.context import UseCaseContext
from services.webhooks import deliveries, queue, store
from services.webhooks.distribution import distribute
from services.webhooks.records import Delivery, DeliveryState, DisabledReason
from tests.support.api import complete_job, exhaust_attempts, fail_job
from tests.support.ledger import article, push
from tests.support.web_server import Reply, Request
from tests.support.webhooks import (
    Receiver,
    add_webhook,
    run_deliverer,
    run_receiver,
    set_deliveries,
    set_webhook,
    wait_for,
    webhook_settings,
)


def answer_late(_request: Request) -> Reply:
    time.sleep(1.5)
    return Reply(status=500)


def push_job(database: Database, body: str = "The minister said no.", **fields: str) -> UUID:
    return push(database, article(body, **fields))[0].job_id


def kept(database: Database, webhook_id: UUID) -> list[Delivery]:
    return deliveries.list_deliveries(database, webhook_id, local(), limit=100)


def states(database: Database, webhook_id: UUID) -> Counter[str]:
    return Counter(delivery.state.value for delivery in kept(database, webhook_id))


# For tests of receivers, which do not depend on the kind of database.
SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def receiver(database: Database) -> Iterator[Receiver]:
    with ExitStack() as stack:
        started = stack.enter_context(run_receiver())
        webhook, started.secret = add_webhook(database, started.url)
        started.webhook_id = webhook.id
        yield started


def test_each_event_is_sent_once_signed_and_with_its_article(database: Database, receiver: Receiver) -> None:
    job_id = push_job(database, guid="1", title="Talks", url="https://example.org/1")
    complete_job(database, job_id)
    fail_job(database, push_job(database, "Le ministre a dit non."))
    exhaust_attempts(database, push_job(database, "Another."))
    with run_deliverer(database):
        wait_for(lambda: len(receiver.messages) == 3)
        withdrawn = next(message for message in receiver.messages if message["type"] == "result.ready")["data"]
        actions.withdraw(database, UUID(withdrawn["article_id"]))
        actions.withdraw(database, UUID(withdrawn["article_id"]))
        wait_for(lambda: len(receiver.messages) == 4)
    by_type = {message["type"]: message["data"] for message in receiver.messages}
    assert withdrawn | {"article_id": ""} == {
        "job_id": str(job_id),
        "article_id": "",
        "feed": "default",
        "guid": "1",
        "title": "Talks",
        "url": "https://example.org/1",
        "published_at": None,
        "href": f"/v1/jobs/{job_id}/result",
        "attributions": 0,
        "stances": 0,
    }
    assert by_type["job.failed"]["code"] == "language_unsupported"
    assert by_type["job.dead"]["attempts"] == 1
    assert by_type["result.withdrawn"]["job_ids"] == [str(job_id)]
    assert by_type["result.withdrawn"]["kind"] == "withdrawn"
    assert len(set(receiver.seen)) == len(receiver.seen) == 4
    assert states(database, receiver.webhook_id) == {"delivered": 4}
    assert delivery_backlog(database).pending == 0


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


@SQLITE
def test_a_receiver_that_hangs_or_fails_does_not_hold_up_another(database: Database, receiver: Receiver) -> None:
    with ExitStack() as stack:
        hanging, failing = stack.enter_context(run_receiver()), stack.enter_context(run_receiver())
        hanging.answer = answer_late
        failing.answer = lambda _request: Reply(status=500)
        others = [add_webhook(database, other.url)[0].id for other in (hanging, failing)]
        stack.enter_context(run_deliverer(database, webhook_settings(concurrency=4, per_webhook=2)))
        for number in range(6):
            complete_job(database, push_job(database, f"Story {number}."))
        began = time.monotonic()
        wait_for(lambda: len(receiver.messages) == 6)
        assert time.monotonic() - began < 1.5, "the receiver that works did not wait for the one that hangs"
        wait_for(lambda: Counter(failing.seen).most_common(1)[0][1] > 1 and len(hanging.seen) > 1)
    for webhook_id in others:
        assert store.get(database, webhook_id, local()).failing_since is not None
        assert states(database, webhook_id)["pending"] == 6
    errors = {each.error for webhook_id in others for each in kept(database, webhook_id) if each.error}
    assert errors == {"no answer in time", "answered 500"}


@SQLITE
def test_a_receiver_that_comes_back_gets_all_that_it_missed_once(database: Database, receiver: Receiver) -> None:
    answers = iter([500, 503, 302, 404, 500])
    receiver.answer = lambda _request: Reply(status=next(answers, 200))
    with run_deliverer(database):
        for number in range(5):
            complete_job(database, push_job(database, f"Story {number}."))
        wait_for(lambda: len(receiver.messages) == 5)
        wait_for(lambda: states(database, receiver.webhook_id) == {"delivered": 5})
    assert len({message["data"]["job_id"] for message in receiver.messages}) == 5
    assert store.get(database, receiver.webhook_id, local()).failing_since is None


@SQLITE
def test_410_disables_at_once(database: Database, receiver: Receiver) -> None:
    receiver.answer = lambda _request: Reply(status=410)
    complete_job(database, push_job(database))
    with run_deliverer(database):
        wait_for(lambda: store.get(database, receiver.webhook_id, local()).disabled_at)
    webhook = store.get(database, receiver.webhook_id, local())
    assert (webhook.disabled_reason, len(receiver.seen)) == (DisabledReason.GONE, 1)
    assert delivery_backlog(database).disabled == 1


@SQLITE
def test_failures_for_long_disable_and_enabling_sends_again(database: Database, receiver: Receiver) -> None:
    receiver.answer = lambda _request: Reply(status=500)
    complete_job(database, push_job(database))
    settings = webhook_settings(disable_after_s=0.2)
    context = UseCaseContext(database, settings)
    with run_deliverer(database, settings):
        wait_for(lambda: store.get(database, receiver.webhook_id, local()).disabled_reason == DisabledReason.FAILING)
        receiver.answer = lambda _request: Reply()
        use_case.change(context, receiver.webhook_id, enabled=True, caller=local())
        wait_for(lambda: receiver.types == ["result.ready"])


@SQLITE
def test_a_redirect_is_not_followed(database: Database, receiver: Receiver) -> None:
    assert receiver.web is not None
    elsewhere = {"Location": receiver.web.url("/elsewhere")}
    receiver.answer = lambda _request: Reply(status=307, headers=elsewhere)
    complete_job(database, push_job(database))
    with run_deliverer(database, webhook_settings(backoff_s=60, backoff_max_s=60)):
        wait_for(lambda: [each.status for each in kept(database, receiver.webhook_id)] == [307])
    assert [request.path for request in receiver.web.requests] == ["/hook"]
    [delivery] = kept(database, receiver.webhook_id)
    assert delivery.error is not None
    assert "redirects are not followed" in delivery.error


@SQLITE
def test_a_private_address_is_never_connected_to(database: Database, receiver: Receiver) -> None:
    assert receiver.web is not None
    set_webhook(database, receiver.webhook_id, url=receiver.web.url("/hook", "localhost"))
    complete_job(database, push_job(database))
    with run_deliverer(database, webhook_settings(outbound={}, backoff_s=60, backoff_max_s=60)):
        wait_for(lambda: [each.error for each in kept(database, receiver.webhook_id) if each.error])
    [delivery] = kept(database, receiver.webhook_id)
    assert (delivery.error, delivery.status) == ("the host does not lead to public addresses only", None)
    assert receiver.web.requests == []


@SQLITE
def test_retry_after_pauses_the_webhook(database: Database, receiver: Receiver) -> None:
    later = (datetime.now(UTC) + timedelta(minutes=10)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    receiver.answer = lambda _request: Reply(status=429, headers={"Retry-After": later})
    complete_job(database, push_job(database))
    with run_deliverer(database):
        wait_for(lambda: states(database, receiver.webhook_id)["pending"] and receiver.seen)
        wait_for(lambda: kept(database, receiver.webhook_id)[0].status == 429)
        complete_job(database, push_job(database, "Another."))
        wait_for(lambda: len(kept(database, receiver.webhook_id)) == 2)
    assert len(receiver.seen) == 1
    [tried] = [each for each in kept(database, receiver.webhook_id) if each.attempts]
    assert tried.next_at is not None
    assert tried.next_at > datetime.now(UTC) + timedelta(minutes=8)


@SQLITE
def test_a_rotated_secret_and_the_old_one_are_both_valid_during_the_overlap(
    database: Database, receiver: Receiver
) -> None:
    old = receiver.secret
    context = UseCaseContext(database, webhook_settings())
    _, new = use_case.rotate(context, receiver.webhook_id, local(), overlap_s=60)
    use_case.test(context, receiver.webhook_id, local())
    with run_deliverer(database):
        wait_for(lambda: receiver.types == ["webhook.test"])  # verified with the old secret
        receiver.secret = new
        use_case.test(context, receiver.webhook_id, local())
        wait_for(lambda: len(receiver.messages) == 2)
        set_webhook(database, receiver.webhook_id, previous_until=0)
        use_case.test(context, receiver.webhook_id, local())
        wait_for(lambda: len(receiver.messages) == 3)
    assert old != new


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
