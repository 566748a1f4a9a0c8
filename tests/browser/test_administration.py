"""Administration in the browser: pausing intake, erasing an article, creating and revoking keys, the audit log."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.support.browser import PHONE, Watch, serious_violations
from tests.support.stack import Stack

OpenWindow = Callable[..., Page]


def test_intake_is_paused_by_keyboard_and_resumed(page: Page, stack: Stack) -> None:
    page.goto("/feeds")
    page.get_by_text("Pause all intake …").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Reason").focus()
    page.keyboard.type("upgrade of the database")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").get_by_text("Intake is paused")).to_be_visible()
    expect(page.get_by_text("upgrade of the database, since")).to_be_visible()
    assert serious_violations(page) == []
    page.goto("/")
    messages = page.get_by_role("region", name="What needs attention")
    expect(messages.get_by_text("Intake is paused", exact=True)).to_be_visible()
    refused = stack.client.post("/v1/articles", json={"body": "Mayor Ida Berg said no."})
    assert (refused.status_code, refused.json()["code"]) == (503, "intake_paused")
    assert serious_violations(page) == []
    messages.get_by_role("link", name="Resume intake").click()
    page.get_by_role("button", name="Resume intake").click()
    expect(page.get_by_role("heading", name="Intake is open")).to_be_visible()
    page.goto("/")
    expect(page.get_by_text("All is well")).to_be_visible()


def test_article_is_erased_after_confirmation(page: Page, stack: Stack, watch: Watch) -> None:
    watch.expected.append("status of 410")
    article = {"title": "To be forgotten", "guid": "forget", "language": "de", "body": "Es regnet heute nicht."}
    job = stack.client.post("/v1/articles", json=article, headers={"Prefer": "wait=20"}).json()["id"]
    page.goto(f"/jobs/{job}")
    page.get_by_role("link", name="Erase …").click()
    expect(page.get_by_role("definition").get_by_text(job)).to_be_visible()
    page.get_by_role("button", name="Erase the article").click()
    expect(page.get_by_role("heading", name="Erase this article everywhere?")).to_be_visible()
    page.get_by_label("I want to erase this article").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").get_by_text("was erased with 1 job")).to_be_visible()
    expect(page.get_by_role("link", name="To be forgotten")).to_have_count(0)
    page.goto(f"/jobs/{job}")
    expect(page.get_by_role("heading", name="Permanently removed")).to_be_visible()
    assert stack.client.get(f"/v1/jobs/{job}").json()["code"] == "erased"


def test_key_is_created_used_and_revoked(page: Page, open_window: OpenWindow, watch: Watch) -> None:
    watch.expected.append("status of 422")
    page.goto("/keys")
    page.get_by_text("Create a key").click()
    page.get_by_label("Name").fill("Newsroom")
    page.get_by_role("textbox", name="Feeds").fill("Not A Name")
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name="Feeds")).to_have_attribute("aria-invalid", "true")
    assert serious_violations(page) == []
    page.get_by_role("textbox", name="Feeds").fill("samples")
    page.get_by_label("Expires").select_option("after 90 days")
    page.get_by_role("button", name="Create the key").click()
    token = page.get_by_role("status").locator("code").inner_text()
    assert re.fullmatch(r"swk_[0-9a-f]{12}_[0-9a-f]{48}", token)
    assert serious_violations(page) == []
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("link", name="I have copied it").click()
    expect(page.get_by_text(token)).to_have_count(0)

    reader = open_window(key=token)
    expect(reader.get_by_text("Your key gives access to the feed samples")).to_be_visible()
    expect(reader.get_by_role("link", name="Keys")).to_have_count(0)

    row = page.get_by_role("row", name=re.compile("Newsroom"))
    row.get_by_text("Revoke …").click()
    row.get_by_role("button", name="Revoke the key").click()
    expect(page.get_by_role("status").get_by_text("was revoked")).to_be_visible()
    expect(row).to_contain_text("revoked")
    reader.goto("/jobs")
    expect(reader).to_have_title("Log in · Stancewire")


def test_audit_log_is_filtered_by_keyboard(page: Page, stack: Stack) -> None:
    stack.client.post("/v1/feeds", json={"name": "noted"}).raise_for_status()
    page.goto("/audit")
    expect(page.get_by_role("row", name=re.compile("created a key")).first).to_be_visible()
    page.get_by_label("Action").select_option("registered a feed")
    page.get_by_label("Subject").fill("noted")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("action=feed.add.*subject=noted"))
    expect(page.get_by_role("row", name=re.compile("created a key"))).to_have_count(0)
    page.get_by_role("link", name="noted").click()
    expect(page.get_by_role("heading", name="noted")).to_be_visible()


def test_search_becomes_a_watch_and_its_webhook_is_tested(page: Page, stack: Stack) -> None:
    page.goto("/said?target=Ministry&stance=oppose")
    page.get_by_role("link", name="Watch this").click()
    expect(page.get_by_label("Target")).to_have_value("Ministry")
    page.get_by_label("Name of the watch").fill("Against the ministry")
    page.get_by_role("button", name="Create the watch").click()
    expect(page.get_by_role("status").get_by_text("Against the ministry")).to_be_visible()
    page.get_by_role("listitem").filter(has_text="Against the ministry").get_by_role("link", name="News desk").click()
    page.get_by_role("button", name="Send a test").click()
    expect(page.get_by_role("row").filter(has_text="webhook.test")).to_be_visible()
    page.get_by_text("New secret …").click()
    page.get_by_role("button", name="Make a new secret").click()
    expect(page.get_by_role("status", name="The secret of this webhook").get_by_text("whsec_")).to_be_visible()
    assert serious_violations(page) == []
    [watch] = stack.client.get("/v1/watches", params={"limit": 1}).json()["items"]
    assert watch["filters"] == {"target": "Ministry", "stance": "oppose"}
    stack.client.delete(f"/v1/watches/{watch['id']}").raise_for_status()
