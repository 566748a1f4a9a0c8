"""As an operator: something breaks; the page, Prometheus and an alert say so within a minute; the runbook's step mends it.

Each step is read where the page leads to, in the runbook, before it is taken. Then the page says again that all is well.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.faults.entry import Trigger
from tests.faults.load import story
from tests.support.browser import Watch, log_in, open_context
from tests.support.parts import Service, parts
from tests.support.stack import push_lines, sample_lines

pytestmark = pytest.mark.slow

Eventually = Callable[[Callable[[], bool], float], None]

WITHIN_S = 60
FEED_CAP = 30
_LINKS = "(told) => told.map((one) => one.querySelector('a[href^=\"/runbook#\"]')?.getAttribute('href') ?? '')"
_SECTION = """() => {
    const said = [];
    let part = document.querySelector(":target").nextElementSibling;
    for (; part && part.tagName !== "H2"; part = part.nextElementSibling) said.push(part.textContent);
    return said.join(" ");
}"""


@dataclass
class Operator:
    """Somebody before the overview, which stays open all the while, with a second window for the rest."""

    service: Service
    overview: Page
    other: Page
    sections: dict[str, str] = field(default_factory=dict)  # where the troubles that were seen led to

    def told(self, title: str) -> Locator:
        """What the overview says of a trouble."""
        return self.overview.get_by_role("region", name="What needs attention").locator(".trouble", has_text=title)

    def sees(self, title: str) -> bool:
        """Whether the overview tells of this trouble now; some are over soon, so where they lead is kept."""
        found = self.told(title).evaluate_all(_LINKS)
        for href in filter(None, found):
            self.sections[title] = href
        return bool(found)

    def hears(self, *alerts: str) -> bool:
        return set(alerts) <= self.service.prometheus.firing()

    def at_ease(self) -> bool:
        """Whether the page says that all is well, and no alert fires."""
        return self.overview.get_by_text("All is well").count() > 0 and not self.service.prometheus.firing()

    def looks_up(self, title: str, *steps: str) -> None:
        """Follows the link beside a trouble that was seen; the section that it leads to names these steps."""
        self.other.goto(self.sections[title])
        expect(self.other.locator("h2:target")).to_be_in_viewport()
        section = self.other.evaluate(_SECTION)
        assert [step for step in steps if step not in section] == [], section


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Operator]:
    settings = {
        "STANCEWIRE_LIMITS__QUEUED_PER_FEED": str(FEED_CAP),
        "STANCEWIRE_WORKER__MAX_ATTEMPTS": "1",  # one killed process makes dead letters
    }
    with parts(tmp_path_factory.mktemp("operator"), **settings) as service:
        up(service)
        watch = Watch()
        context = open_context(browser, str(service.client.base_url))
        watch.over(context)
        overview = context.new_page()
        log_in(overview, service.key)
        overview.goto("/")
        yield Operator(service, overview, context.new_page())
        context.close()
        watch.check()


def up(service: Service) -> None:
    end = time.monotonic() + WITHIN_S
    while service.prometheus.value("max(celery_active_process_count)") < 2:
        assert time.monotonic() < end, "the parts did not start"
        time.sleep(0.1)


@pytest.fixture
def calm(operator: Operator, eventually: Eventually) -> Operator:
    """The operator while nothing is wrong."""
    eventually(operator.at_ease, WITHIN_S)
    return operator


def all_at_once(*conditions: Callable[[], bool]) -> Callable[[], bool]:
    """Whether each of these held at some time: an alert may be quiet again before the next one fires."""
    open_ones = list(conditions)

    def met() -> bool:
        open_ones[:] = [condition for condition in open_ones if not condition()]
        return not open_ones

    return met


def test_the_workers_are_stopped(calm: Operator, eventually: Eventually) -> None:
    service, before = calm.service, calm.service.succeeded()
    service.end("worker")
    items = push_lines(service.client, sample_lines(5, "wire"))
    alerts = ("StancewireWorkersMissing", "StancewireWorkerDown", "StancewireQueueStuck")
    heard = [lambda name=name: calm.hears(name) for name in alerts]
    eventually(all_at_once(lambda: calm.sees("No worker is there"), *heard), WITHIN_S)
    assert service.prometheus.value("max(celery_active_process_count)") == 0
    assert "wire" in service.say("jobs", "list", "--state", "queued")
    calm.looks_up("No worker is there", "stancewire worker")
    service.start("worker")
    eventually(lambda: service.done(before + len(items)), WITHIN_S)
    eventually(calm.at_ease, WITHIN_S)


def test_redis_is_killed(calm: Operator, eventually: Eventually) -> None:
    service, before = calm.service, calm.service.succeeded()
    service.redis.kill()
    heard = all_at_once(lambda: calm.sees("Redis does not answer"), lambda: calm.hears("StancewireRedisDown"))
    eventually(heard, WITHIN_S)
    assert service.prometheus.value("max(stancewire_redis_up)") == 0
    push_lines(service.client, sample_lines(3, "meanwhile"))
    calm.looks_up("Redis does not answer", "Start Redis")
    service.redis.start()
    eventually(lambda: service.done(before + 3), WITHIN_S)
    eventually(calm.at_ease, WITHIN_S)


def test_the_sweeper_is_stopped(calm: Operator, eventually: Eventually) -> None:
    calm.service.end("sweeper")
    heard = all_at_once(lambda: calm.sees("No sweeper is there"), lambda: calm.hears("StancewireSweeperMissing"))
    eventually(heard, WITHIN_S)
    calm.looks_up("No sweeper is there", "stancewire sweeper")
    calm.service.start("sweeper")
    eventually(calm.at_ease, WITHIN_S)


def test_a_feed_floods(calm: Operator, eventually: Eventually) -> None:
    service, codes, number = calm.service, set[int](), iter(range(10_000))
    heard = all_at_once(
        lambda: calm.sees("The feed flood is full"), lambda: calm.hears("StancewireIntakeRefuses"), lambda: 429 in codes
    )

    def flooded() -> bool:
        bodies = [{"feed": "flood", "body": story(next(number), Trigger.STEADY)} for _ in range(20)]
        codes.update(item["status"] for item in push_lines(service.client, [json.dumps(body) for body in bodies]))
        return heard()

    eventually(flooded, WITHIN_S)
    calm.looks_up(
        "The feed flood is full",
        'stancewire pause --feed FEED --reason "floods by mistake"',
        "stancewire resume --feed FEED",
    )
    service.say("pause", "--feed", "flood", "--reason", "floods by mistake")
    refused = json.dumps({"feed": "flood", "body": story(next(number))})
    eventually(lambda: push_lines(service.client, [refused])[0]["status"] == 503, WITHIN_S)
    eventually(lambda: calm.sees("Paused: 1 feed") and not calm.sees("is full"), WITHIN_S)
    before = service.succeeded()
    push_lines(service.client, sample_lines(2, "other"))
    eventually(lambda: service.succeeded() >= before + 2, WITHIN_S)
    service.say("resume", "--feed", "flood")
    eventually(calm.at_ease, WITHIN_S)
    eventually(lambda: service.prometheus.value('max(stancewire_jobs{state="queued"})') == 0, WITHIN_S)
    assert push_lines(service.client, [refused])[0]["status"] == 202, "intake is open again"


def test_an_article_is_poison(calm: Operator, eventually: Eventually) -> None:
    service, before = calm.service, calm.service.succeeded()
    poison = {"feed": "poison", "title": "Poison", "body": story(8, Trigger.KILL)}
    items = push_lines(service.client, [json.dumps(poison), *sample_lines(20, "beside")])
    alerts = [lambda name=name: calm.hears(name) for name in ("StancewireDeadLetters", "StancewireLeasesLost")]
    eventually(all_at_once(lambda: calm.sees("dead"), lambda: service.dead() > 0, *alerts), WITHIN_S)
    expect(calm.told("dead")).to_contain_text("took the worker process with them (poison")
    calm.looks_up("dead", "stancewire jobs retry --all-dead", "stancewire jobs drop JOB")
    listed = service.say("jobs", "list", "--state", "dead")
    [job] = re.findall(r"([0-9a-f]{8}-[0-9a-f-]{27}).*Poison", listed)
    assert "worker_lost" in service.say("jobs", "show", job)
    # Those that were in the same hand are well; the one that kills is dead again, alone.
    lost = service.prometheus.value("max(stancewire_leases_lost_total)")
    service.say("jobs", "retry", "--all-dead")
    eventually(lambda: service.prometheus.value("max(stancewire_leases_lost_total)") > lost, WITHIN_S)
    eventually(lambda: service.succeeded() >= before + len(items) - 1, WITHIN_S)
    eventually(lambda: calm.sees("One job is dead"), WITHIN_S)
    calm.other.goto("/")
    calm.other.get_by_role("link", name="See why").click()
    calm.other.get_by_role("link", name="Poison").click()
    expect(calm.other.get_by_text("if it dies again, drop it")).to_be_visible()
    calm.other.get_by_text("Drop …").click()
    calm.other.get_by_role("button", name="Drop the job").click()
    expect(calm.other.get_by_role("status").get_by_text("dropped")).to_be_visible()
    assert service.client.get(f"/v1/jobs/{job}").json()["metadata"]["state"] == "canceled"
    eventually(lambda: calm.overview.get_by_text("All is well").count() > 0, WITHIN_S)
    eventually(lambda: not calm.hears("StancewireDeadLetters"), WITHIN_S)
