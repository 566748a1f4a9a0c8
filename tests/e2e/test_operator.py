"""Faults from an operator's view: the console and an alert report each fault within a minute, and the runbook fixes it.

A test follows the console's link to the runbook, checks that the section names its steps, and takes them. In the end
the console reports again that all is well.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.faults.fault_injection import Trigger
from tests.faults.load import story
from tests.support.browser import Watch, log_in, open_context
from tests.support.parts import ServiceParts, start_parts
from tests.support.stack import push_lines, sample_lines

pytestmark = pytest.mark.slow

Eventually = Callable[[Callable[[], bool], float], None]

WITHIN_S = 60
QUEUE_LIMIT = 30
_RUNBOOK_LINKS = (
    "(messages) => messages.map((item) => item.querySelector('a[href^=\"/runbook#\"]')?.getAttribute('href') ?? '')"
)
_SECTION_TEXT = """() => {
    const texts = [];
    let part = document.querySelector(":target").nextElementSibling;
    for (; part && part.tagName !== "H2"; part = part.nextElementSibling) texts.push(part.textContent);
    return texts.join(" ");
}"""


@dataclass
class Operator:
    """An operator with two windows: the overview stays open, other pages open in the second window."""

    service: ServiceParts
    overview: Page
    second_window: Page
    sections: dict[str, str] = field(default_factory=dict)  # runbook links by the title of their message

    def message(self, title: str) -> Locator:
        """Return the health message with this title on the overview."""
        return self.overview.get_by_role("region", name="What needs attention").locator(
            ".health-message", has_text=title
        )

    def sees(self, title: str) -> bool:
        """Return whether the overview shows this message now, and remember its link: some messages disappear soon."""
        links = self.message(title).evaluate_all(_RUNBOOK_LINKS)
        for href in filter(None, links):
            self.sections[title] = href
        return bool(links)

    def has_alerts(self, *alerts: str) -> bool:
        """Return whether these alerts are firing."""
        return set(alerts) <= self.service.prometheus.firing_alerts()

    def is_all_well(self) -> bool:
        """Return whether the overview reports that all is well and no alert fires."""
        return self.overview.get_by_text("All is well").count() > 0 and not self.service.prometheus.firing_alerts()

    def check_runbook(self, title: str, *steps: str) -> None:
        """Follow the runbook link of a message that was shown, and assert that the section names these steps."""
        self.second_window.goto(self.sections[title])
        expect(self.second_window.locator("h2:target")).to_be_in_viewport()
        section = self.second_window.evaluate(_SECTION_TEXT)
        assert [step for step in steps if step not in section] == [], section


@pytest.fixture(scope="module")
def operator(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Operator]:
    settings = {
        "STANCEWIRE_LIMITS__QUEUED_PER_FEED": str(QUEUE_LIMIT),
        "STANCEWIRE_WORKER__MAX_ATTEMPTS": "1",  # one killed process is enough to make its jobs dead
    }
    with start_parts(tmp_path_factory.mktemp("operator"), **settings) as service:
        wait_for_workers(service)
        watch = Watch()
        context = open_context(browser, str(service.client.base_url))
        watch.attach(context)
        overview = context.new_page()
        log_in(overview, service.key)
        overview.goto("/")
        yield Operator(service, overview, context.new_page())
        context.close()
        watch.check()


def wait_for_workers(service: ServiceParts) -> None:
    end = time.monotonic() + WITHIN_S
    while service.prometheus.value("max(celery_active_process_count)") < 2:
        assert time.monotonic() < end, "the workers did not start"
        time.sleep(0.1)


@pytest.fixture
def healthy(operator: Operator, eventually: Eventually) -> Operator:
    """The operator, once nothing is wrong."""
    eventually(operator.is_all_well, WITHIN_S)
    return operator


def each_at_some_time(*conditions: Callable[[], bool]) -> Callable[[], bool]:
    """Return whether each condition held at some time: an alert may end before the next one fires."""
    pending = list(conditions)

    def all_held() -> bool:
        pending[:] = [condition for condition in pending if not condition()]
        return not pending

    return all_held


def test_stopped_workers(healthy: Operator, eventually: Eventually) -> None:
    service, succeeded_before = healthy.service, healthy.service.succeeded_count()
    service.stop("worker")
    items = push_lines(service.client, sample_lines(5, "wire"))
    alerts = ("StancewireWorkersMissing", "StancewireWorkerDown", "StancewireQueueStuck")
    alerts_fired = [lambda name=name: healthy.has_alerts(name) for name in alerts]
    eventually(each_at_some_time(lambda: healthy.sees("No worker is running"), *alerts_fired), WITHIN_S)
    assert service.prometheus.value("max(celery_active_process_count)") == 0
    assert "wire" in service.run("jobs", "list", "--state", "queued")
    healthy.check_runbook("No worker is running", "stancewire worker")
    service.start("worker")
    eventually(lambda: service.has_succeeded(succeeded_before + len(items)), WITHIN_S)
    eventually(healthy.is_all_well, WITHIN_S)


def test_killed_redis(healthy: Operator, eventually: Eventually) -> None:
    service, succeeded_before = healthy.service, healthy.service.succeeded_count()
    service.redis.kill()
    reported = each_at_some_time(
        lambda: healthy.sees("Redis does not answer"), lambda: healthy.has_alerts("StancewireRedisDown")
    )
    eventually(reported, WITHIN_S)
    assert service.prometheus.value("max(stancewire_redis_up)") == 0
    push_lines(service.client, sample_lines(3, "meanwhile"))
    healthy.check_runbook("Redis does not answer", "Start Redis")
    service.redis.start()
    eventually(lambda: service.has_succeeded(succeeded_before + 3), WITHIN_S)
    eventually(healthy.is_all_well, WITHIN_S)


def test_stopped_sweeper(healthy: Operator, eventually: Eventually) -> None:
    healthy.service.stop("sweeper")
    reported = each_at_some_time(
        lambda: healthy.sees("No sweeper is running"), lambda: healthy.has_alerts("StancewireSweeperMissing")
    )
    eventually(reported, WITHIN_S)
    healthy.check_runbook("No sweeper is running", "stancewire sweeper")
    healthy.service.start("sweeper")
    eventually(healthy.is_all_well, WITHIN_S)


def test_flooding_feed(healthy: Operator, eventually: Eventually) -> None:
    service, codes, number = healthy.service, set[int](), iter(range(10_000))
    reported = each_at_some_time(
        lambda: healthy.sees("The feed flood is full"),
        lambda: healthy.has_alerts("StancewireIntakeRefuses"),
        lambda: 429 in codes,
    )

    def flood() -> bool:
        bodies = [{"feed": "flood", "body": story(next(number), Trigger.STEADY)} for _ in range(20)]
        codes.update(item["status"] for item in push_lines(service.client, [json.dumps(body) for body in bodies]))
        return reported()

    eventually(flood, WITHIN_S)
    healthy.check_runbook(
        "The feed flood is full",
        'stancewire pause --feed FEED --reason "floods by mistake"',
        "stancewire resume --feed FEED",
    )
    service.run("pause", "--feed", "flood", "--reason", "floods by mistake")
    refused = json.dumps({"feed": "flood", "body": story(next(number))})
    eventually(lambda: push_lines(service.client, [refused])[0]["status"] == 503, WITHIN_S)
    eventually(lambda: healthy.sees("Paused: 1 feed") and not healthy.sees("is full"), WITHIN_S)
    succeeded_before = service.succeeded_count()
    push_lines(service.client, sample_lines(2, "other"))
    eventually(lambda: service.succeeded_count() >= succeeded_before + 2, WITHIN_S)
    service.run("resume", "--feed", "flood")
    eventually(healthy.is_all_well, WITHIN_S)
    eventually(lambda: service.prometheus.value('max(stancewire_jobs{state="queued"})') == 0, WITHIN_S)
    assert push_lines(service.client, [refused])[0]["status"] == 202, "intake is open again"


def test_article_that_kills_its_worker(healthy: Operator, eventually: Eventually) -> None:
    service, succeeded_before = healthy.service, healthy.service.succeeded_count()
    poison = {"feed": "poison", "title": "Poison", "body": story(8, Trigger.KILL)}
    items = push_lines(service.client, [json.dumps(poison), *sample_lines(20, "beside")])
    alerts = [lambda name=name: healthy.has_alerts(name) for name in ("StancewireDeadLetters", "StancewireLeasesLost")]
    eventually(each_at_some_time(lambda: healthy.sees("dead"), lambda: service.dead_count() > 0, *alerts), WITHIN_S)
    expect(healthy.message("dead")).to_contain_text("killed the worker process (poison")
    healthy.check_runbook("dead", "stancewire jobs retry --all-dead", "stancewire jobs drop JOB")
    listed = service.run("jobs", "list", "--state", "dead")
    [job] = re.findall(r"([0-9a-f]{8}-[0-9a-f-]{27}).*Poison", listed)
    assert "worker_lost" in service.run("jobs", "show", job)
    # The other jobs of the killed process succeed; the poisonous one is dead again, alone.
    lost = service.prometheus.value("max(stancewire_leases_lost_total)")
    service.run("jobs", "retry", "--all-dead")
    eventually(lambda: service.prometheus.value("max(stancewire_leases_lost_total)") > lost, WITHIN_S)
    eventually(lambda: service.succeeded_count() >= succeeded_before + len(items) - 1, WITHIN_S)
    eventually(lambda: healthy.sees("One job is dead"), WITHIN_S)
    healthy.second_window.goto("/")
    healthy.second_window.get_by_role("link", name="Show dead jobs").click()
    healthy.second_window.get_by_role("link", name="Poison").click()
    expect(healthy.second_window.get_by_text("if it dies again, drop it")).to_be_visible()
    healthy.second_window.get_by_text("Drop …").click()
    healthy.second_window.get_by_role("button", name="Drop the job").click()
    expect(healthy.second_window.get_by_role("status").get_by_text("dropped")).to_be_visible()
    assert service.client.get(f"/v1/jobs/{job}").json()["metadata"]["state"] == "canceled"
    eventually(lambda: healthy.overview.get_by_text("All is well").count() > 0, WITHIN_S)
    eventually(lambda: not healthy.has_alerts("StancewireDeadLetters"), WITHIN_S)
