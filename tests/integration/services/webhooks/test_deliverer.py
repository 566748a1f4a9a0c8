"""The deliverer and its receivers: working, hanging, failing, gone, elsewhere, and back again."""

from __future__ import annotations

import threading
import time
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.caller import local
from services.database.engine import Database, now_ms
from services.errors import StoreUnavailable
from services.events.backlog import delivery_backlog
from services.jobs import actions
from services.use_cases import webhooks as use_case
from services.use_cases.context import UseCaseContext
from services.webhooks import queue, store
from services.webhooks.records import DisabledReason
from tests.support.api import complete_job, exhaust_attempts, fail_job
from tests.support.web_server import Reply, Request
from tests.support.webhooks import (
    SQLITE,
    Receiver,
    add_webhook,
    kept,
    push_job,
    run_deliverer,
    run_receiver,
    set_deliveries,
    set_webhook,
    states,
    wait_for,
    webhook_settings,
)


def answer_late(_request: Request) -> Reply:
    time.sleep(1.5)
    return Reply(status=500)


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
        assert time.monotonic() - began < 3, "the receiver that works did not wait for the one that hangs, for 4.5 s"
        wait_for(lambda: max(Counter(failing.seen).values(), default=0) > 1 and len(hanging.seen) > 1)
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


@SQLITE
def test_outcomes_are_kept_and_nothing_is_sent_again_while_the_ledger_does_not_answer(
    database: Database, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle, tries, is_down = queue.settle, Counter[str](), threading.Event()

    def settle_later(*arguments: Any) -> None:
        tries["all"] += 1
        if is_down.is_set():
            raise StoreUnavailable("the ledger is away")
        settle(*arguments)

    monkeypatch.setattr(queue, "settle", settle_later)
    is_down.set()
    complete_job(database, push_job(database))
    with run_deliverer(database):
        wait_for(lambda: tries["all"] > 0)
        set_deliveries(database, next_at=now_ms() - 1)  # the lease ends
        until = tries["all"] + 4
        wait_for(lambda: tries["all"] > until)
        is_down.clear()
        wait_for(lambda: states(database, receiver.webhook_id) == {"delivered": 1})
    assert len(receiver.seen) == 1
