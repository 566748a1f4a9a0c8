from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import PHONE, Watch, find_job, wait_for_job
from tests.support.console_pages import page_paths
from tests.support.stack import Stack

OpenWindow = Callable[..., Page]
SLOW_MS = 120_000  # for a worker on a busy machine


def test_login_and_logout(open_window: OpenWindow, stack: Stack, watch: Watch) -> None:
    page = open_window(key=None)
    page.goto("/jobs?state=failed")
    expect(page).to_have_title("Log in · Stancewire")
    watch.expected.append("status of 401")
    page.get_by_label("Key").fill("swk_wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_text("This key is not valid")).to_be_visible()
    page.get_by_label("Key").fill(stack.key)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/jobs\?state=failed$"))
    page.get_by_role("button", name="Log out").click()
    expect(page).to_have_title("Log in · Stancewire")
    page.goto("/")
    expect(page).to_have_title("Log in · Stancewire")


def test_overview_updates_itself_and_keeps_open_details_open(page: Page, stack: Stack) -> None:
    page.goto("/")
    expect(page.get_by_text("All is well")).to_be_visible()
    expect(page.get_by_role("region", name="What needs attention")).to_have_count(0)
    page.get_by_text("Show the figures as a table").click()
    stack.client.post("/v1/articles", json={"title": "Fresh from the press", "body": "Mayor Ida Berg said no."})
    expect(page.get_by_role("link", name="Fresh from the press")).to_be_visible(timeout=SLOW_MS)
    expect(page.get_by_role("columnheader", name="Minute from")).to_be_visible()


def test_failed_job_is_found_retried_and_dropped(page: Page, stack: Stack) -> None:
    failed = find_job(stack, "Le ministre")
    page.goto("/")
    page.get_by_role("link", name="Le ministre a parlé").first.click()
    expect(page.get_by_role("heading", name="Reason")).to_be_visible()
    expect(page.get_by_text("Only English is supported")).to_be_visible()
    page.get_by_role("button", name="Retry").click()
    expect(page.get_by_role("status").get_by_text("queued again")).to_be_visible()
    expect(page).to_have_url(re.compile(failed))
    wait_for_job(stack, f"/v1/jobs/{failed}")
    page.goto(f"/jobs/{failed}")
    page.get_by_text("Drop …").click()
    page.get_by_role("button", name="Drop the job").click()
    expect(page.get_by_role("status").get_by_text("dropped")).to_be_visible()
    expect(page.locator(".page-head .badge")).to_have_text(re.compile("Canceled"))


def test_jobs_are_filtered_selected_and_dropped_by_keyboard(page: Page, stack: Stack) -> None:
    for number in range(2):
        stack.client.post("/v1/articles", json={"guid": f"k{number}", "language": "de", "body": f"Es regnet {number}."})
    job = stack.client.get("/v1/jobs", params={"guid": "k1"}).json()["items"][0]["id"]
    wait_for_job(stack, f"/v1/jobs/{job}")
    page.goto("/jobs")
    page.get_by_label("State").focus()
    page.keyboard.type("Failed")
    page.keyboard.press("Tab")
    page.keyboard.type("default")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("state=failed&feed=default"))
    expect(page.get_by_role("row", name=re.compile("Analysed"))).to_have_count(0)
    for name in ("k0", "k1"):
        page.get_by_role("checkbox", name=f"Select {name}").focus()
        page.keyboard.press("Space")
    page.get_by_role("button", name="Drop").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").get_by_text("2 jobs were dropped")).to_be_visible()


def test_article_shows_unchanged_text_with_all_annotations(page: Page, stack: Stack) -> None:
    job = find_job(stack, "Foreign minister")
    result = stack.client.get(f"/v1/jobs/{job}/result").json()
    page.goto(f"/jobs/{job}/article")
    shown = page.evaluate("[...document.querySelectorAll('.story h1, .text p')].map((part) => part.textContent)")
    assert shown == [part for part in result["text"].split("\n\n") if part]
    for attribution in result["attributions"]:
        for role, parts in (
            ("source", [attribution["source"]]),
            ("cue", [attribution["cue"]]),
            ("content", attribution["content"]),
        ):
            expected = "".join(result["text"][part["start"] : part["end"]] for part in parts if part)
            marked = page.evaluate(
                "(marks) => [...document.querySelectorAll(marks)].map((mark) => mark.textContent).join('')",
                f".m.{role}[data-of~='{attribution['id']}']",
            )
            assert expected.replace("\n", "") in marked.replace("\n", ""), (role, attribution["id"])
    assert page.locator("#statements .card").count() == len(result["attributions"])
    assert page.locator("#stances .card").count() == len(result["positions"]) > 0
    assert page.locator("#stances .evidence-item").count() == len(result["stances"])
    assert page.locator(".names li").count() == len(result["entities"])


def test_pronoun_shows_its_name_on_hover_and_focus(page: Page, stack: Stack) -> None:
    page.goto(f"/jobs/{find_job(stack, 'Foreign minister')}/article")
    pronoun = page.locator(".text a.m[data-name='Tomas Keller']", has_text=re.compile("^He$")).first
    tooltip = "(element) => getComputedStyle(element, '::after').content"
    assert pronoun.evaluate(tooltip) == "none"
    steps: list[tuple[Callable[[], None], Callable[[], None]]] = [
        (pronoun.hover, lambda: page.mouse.move(0, 0)),
        (pronoun.focus, pronoun.blur),
    ]
    for enter, leave in steps:
        enter()
        assert pronoun.evaluate(tooltip) == '"Tomas Keller"'
        expect(page.locator(".names li.lit")).to_contain_text("Tomas Keller")
        assert page.locator(".text .m.lit").count() > 3, "other mentions of the same person are highlighted"
        leave()
        expect(page.locator(".lit")).to_have_count(0)
    pronoun.press("Enter")
    assert page.evaluate("document.querySelector(':target').textContent").startswith("Tomas Keller")


def test_hovered_statement_highlights_its_text(page: Page, stack: Stack) -> None:
    page.goto(f"/jobs/{find_job(stack, 'Foreign minister')}/article")
    card = page.locator("#statements .card").nth(4)
    card.hover()
    attribution_id = card.get_attribute("id")
    assert page.locator(".m.lit").count() == page.locator(f".m[data-of~='{attribution_id}']").count() > 1
    card.get_by_role("link", name="show in text").click()
    expect(page.locator(f"#t-{attribution_id}")).to_be_in_viewport()


def test_search_finds_stances_and_statements_and_links_to_the_article(page: Page) -> None:
    page.goto("/said")
    page.get_by_label("Holder").fill("Keller")
    page.get_by_role("button", name="Search").click()
    results = page.get_by_role("list", name="Results").get_by_role("listitem")
    expect(results.first).to_contain_text("Tomas Keller")
    page.get_by_role("link", name="Statements").click()
    page.get_by_label("Speaker").fill("minister Keller")
    page.locator("select[name=act]").select_option("accuses")
    page.keyboard.press("Enter")
    expect(results.first).to_contain_text("accuses")
    results.first.get_by_role("link", name=re.compile("Foreign minister")).click()
    expect(page.locator(".card:target")).to_be_in_viewport()


def test_box_completes_a_name_whose_page_leads_to_its_stances(page: Page) -> None:
    page.goto("/said")
    page.get_by_role("link", name="Entities").click()
    box = page.get_by_label("Name")
    box.press_sequentially("kell")
    expect(page.locator("#known-names option").first).to_have_attribute("value", "Tomas Keller")
    box.fill("Tomas Keller")
    page.keyboard.press("Enter")
    page.get_by_role("row", name="Tomas Keller").get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Tomas Keller")
    page.get_by_role("link", name=re.compile("^1 stance in which Tomas Keller")).first.click()
    expect(page.get_by_label("Holder")).to_have_value("Tomas Keller")
    expect(page.get_by_role("list", name="Results").get_by_role("listitem")).to_have_count(1)


def test_feed_is_registered_and_given_limits(page: Page, watch: Watch) -> None:
    watch.expected.append("status of 422")
    page.goto("/feeds")
    expect(page.get_by_role("row", name=re.compile("samples"))).to_be_visible()
    page.get_by_text("Register a feed").click()
    page.get_by_label("Name").fill("Not A Name")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Name")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Name").fill("evening-wire")
    page.get_by_label("Queue limit").fill("70")
    page.get_by_role("button", name="Register the feed").click()
    expect(page.get_by_role("status").get_by_text("evening-wire was registered")).to_be_visible()
    page.get_by_role("link", name="evening-wire").click()
    page.get_by_label("Rate limit").fill("4")
    page.get_by_role("button", name="Change the feed").click()
    expect(page.get_by_role("row", name=re.compile("evening-wire .* 70 .*4"))).to_be_visible()


def test_topic_is_registered_and_retired(page: Page) -> None:
    page.goto("/topics")
    page.get_by_text("Register a topic").click()
    page.get_by_role("textbox", name="Name for example").fill("Crane strike")
    page.get_by_label("Claim").fill("The crane drivers are right to strike.")
    page.get_by_label("Aliases").fill("walkout")
    page.get_by_role("button", name="Register the topic").click()
    expect(page.get_by_role("status").get_by_text("Crane strike was registered")).to_be_visible()
    page.get_by_role("link", name="Crane strike").click()
    page.get_by_text("Retire …").click()
    page.get_by_role("button", name="Retire the topic").click()
    expect(page.get_by_role("listitem").filter(has_text="Crane strike")).to_contain_text("retired")


def test_annotations_can_be_hidden(page: Page, stack: Stack) -> None:
    page.goto(f"/jobs/{find_job(stack, 'Foreign minister')}/article")
    content = page.locator(".text .m.content").first
    marked = content.evaluate("(element) => getComputedStyle(element).backgroundColor")
    page.get_by_label("Statements").uncheck()
    assert content.evaluate("(element) => getComputedStyle(element).backgroundColor") != marked
    assert (
        page.locator(".text .m[data-begins]").first.evaluate("(e) => getComputedStyle(e, '::before').display") == "none"
    )


@pytest.mark.parametrize("scripts", [True, False])
def test_trial_text_is_analysed_with_and_without_scripts(open_window: OpenWindow, scripts: bool) -> None:  # noqa: FBT001 -- a parameter of the test
    page = open_window(java_script_enabled=scripts)
    page.goto("/try")
    page.get_by_label("Headline").fill(f"Trams {scripts}")
    page.get_by_label("Text", exact=True).fill(
        "Mayor Ida Berg said on Monday that the tram plan was “reckless”. She praised Oslo."
    )
    page.get_by_role("button", name="Analyse").click()
    expect(page.locator("#statements .card").first).to_contain_text("Ida Berg", timeout=SLOW_MS)
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Trams {scripts}")


def test_trial_text_in_another_language_leads_to_the_reason(page: Page) -> None:
    page.goto("/try")
    page.get_by_label("Text", exact=True).fill(
        "Der Minister sagte am Montag, dass er nicht kommen werde und alles gut sei."
    )
    page.get_by_role("button", name="Analyse").click()
    expect(page.get_by_role("heading", name="Reason")).to_be_visible(timeout=SLOW_MS)
    expect(page.get_by_text("Only English is supported")).to_be_visible()


def test_banner_is_shown_while_the_service_does_not_answer(page: Page, watch: Watch) -> None:
    page.goto("/")
    watch.expected += ["ERR_INTERNET_DISCONNECTED", "Failed to fetch"]
    page.context.set_offline(True)
    expect(page.get_by_text("The service does not answer")).to_be_visible()
    page.context.set_offline(False)
    expect(page.get_by_text("The service does not answer")).to_be_hidden()


def test_error_page_links_to_the_overview(page: Page, watch: Watch) -> None:
    watch.expected.append("status of 404")
    page.goto("/nothing")
    expect(page.get_by_role("heading", name="Not found")).to_be_visible()
    page.get_by_role("main").get_by_role("link", name="Overview").click()
    expect(page.get_by_text("All is well")).to_be_visible()


def test_skip_link_is_first_and_focus_is_visible(page: Page) -> None:
    page.goto("/jobs")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    expect(page.get_by_role("link", name="Skip to content")).to_be_in_viewport()
    page.keyboard.press("Tab")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


def test_pages_fit_the_width_of_a_phone(open_window: OpenWindow, stack: Stack, watch: Watch) -> None:
    page = open_window(size=PHONE)
    watch.expected.append("status of 404")
    for path in page_paths(stack).values():
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


def test_api_docs_list_the_operations_under_the_policy_of_the_page(page: Page) -> None:
    page.goto("/docs")
    built_at_first_use_s = 30
    expect(page.locator("#operations-articles-push_article")).to_be_visible(timeout=built_at_first_use_s * 1000)
    expect(page.get_by_role("button", name="Authorize")).to_be_visible()
