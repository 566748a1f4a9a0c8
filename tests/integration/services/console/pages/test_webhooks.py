"""The pages of webhooks and watches."""

from __future__ import annotations

import re

import httpx
import pytest

from services.caller import local
from services.database.engine import Database
from services.webhooks import store, watches
from services.webhooks.distribution import distribute
from tests.integration.conftest import Serve
from tests.support.api import Api, complete_job
from tests.support.console_forms import audit_entries, get_page, post_form
from tests.support.webhooks import webhook_settings

URL = "https://receiver.example/hook"


@pytest.fixture
def client(sqlite_database: Database, serve: Serve) -> httpx.Client:
    return serve(sqlite_database).client


def make_webhook(client: httpx.Client, database: Database) -> str:
    created = post_form(client, "/webhooks", url=URL, description="Desk", events=["result.ready"])
    assert created.status_code == 201, created.text
    assert re.search(r"whsec_[A-Za-z0-9+/=]{40,}", created.text.replace("&#43;", "+"))
    return str(store.list_webhooks(database, local(), limit=1)[0].id)


def test_webhook_is_made_tested_rotated_disabled_and_deleted(client: httpx.Client, sqlite_database: Database) -> None:
    webhook_id = make_webhook(client, sqlite_database)
    page = f"/webhooks/{webhook_id}"
    assert "Desk" in get_page(client, "/webhooks")
    assert "whsec_" not in get_page(client, page)
    assert post_form(client, f"{page}/test").status_code == 303
    assert "webhook.test" in get_page(client, page)
    delivery_id = re.search(r"/deliveries/([0-9a-f-]{36})/redeliver", get_page(client, page))
    assert delivery_id
    assert post_form(client, f"{page}/deliveries/{delivery_id[1]}/redeliver").status_code == 303
    assert post_form(client, f"{page}/redeliver").status_code == 303
    assert "No deliveries in this state" in get_page(client, page, state="failed")
    rotated = post_form(client, f"{page}/rotate")
    assert "The old secret stays valid" in rotated.text
    for action, shown in (("disable", "– disabled"), ("enable", "Send a test")):
        assert post_form(client, f"{page}/{action}").status_code == 303
        assert shown in get_page(client, page)
    assert post_form(client, page, url=f"{URL}/2", description="New", events=[]).status_code == 303
    assert "watches only" in get_page(client, "/webhooks")
    assert post_form(client, f"{page}/delete").status_code == 303
    assert "No webhooks yet" in get_page(client, "/webhooks")
    assert audit_entries(sqlite_database)[0] == ("webhook.delete", webhook_id)


@pytest.mark.parametrize("url", ["", "http://receiver.example", "https://10.0.0.1"])
def test_address_that_is_refused_is_shown_with_its_reason(client: httpx.Client, url: str) -> None:
    refused = post_form(client, "/webhooks", url=url, events=["result.ready"])
    assert refused.status_code == 422
    assert 'id="wrong-url"' in refused.text


def test_watch_is_made_from_a_search_changed_and_deleted(client: httpx.Client, sqlite_database: Database) -> None:
    assert "A watch needs a webhook" in get_page(client, "/watches")
    webhook_id = make_webhook(client, sqlite_database)
    form = get_page(client, "/watches", kind="stances", target="Tarva Bank", stance="oppose")
    assert 'value="Tarva Bank"' in form
    assert 'value="oppose" selected' in form
    fields = {"kind": "stances", "webhook_id": webhook_id, "name": "Against", "target": "Tarva Bank"}
    assert post_form(client, "/watches", **fields).status_code == 303
    [watch] = watches.list_watches(sqlite_database, local(), limit=5)
    assert (watch.name, watch.filters) == ("Against", {"target": "Tarva Bank"})
    page = f"/watches/{watch.id}"
    assert "Against" in get_page(client, "/watches")
    assert post_form(client, page, name="Against all", target="Tarva Bank", since="").status_code == 303
    assert post_form(client, page, name="Against all").status_code == 422
    client.patch(f"/v1{page}", json={"filters": {"target": "Tarva Bank", "min_score": 0.7}}).raise_for_status()
    assert post_form(client, page, name="Against all", target="Norvane").status_code == 303
    assert watches.get(sqlite_database, watch.id, local()).filters == {"target": "Norvane", "min_score": 0.7}
    assert post_form(client, f"{page}/pause").status_code == 303
    assert "– paused" in get_page(client, page)
    assert post_form(client, f"{page}/resume").status_code == 303
    assert "Against all" in get_page(client, f"/webhooks/{webhook_id}")
    assert post_form(client, f"{page}/delete").status_code == 303
    assert "No watches yet" in get_page(client, "/watches")


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"name": "w"}, "give at least one"),
        ({"name": "w", "target": "…"}, "has no letter"),
        ({"target": "x"}, "wrong-name"),
    ],
)
def test_watch_that_is_refused_keeps_the_form_and_says_why(
    client: httpx.Client, sqlite_database: Database, fields: dict[str, str], wrong: str
) -> None:
    webhook_id = make_webhook(client, sqlite_database)
    refused = post_form(client, "/watches", kind="stances", webhook_id=webhook_id, **fields)
    assert refused.status_code == 422
    assert wrong in refused.text


def test_delivery_links_to_its_job(serve: Serve, sqlite_database: Database) -> None:
    api: Api = serve(sqlite_database)
    webhook_id = make_webhook(api.client, sqlite_database)
    job_id = api.push_id()
    complete_job(sqlite_database, job_id)
    distribute(sqlite_database, webhook_settings())
    assert f'href="/jobs/{job_id}"' in get_page(api.client, f"/webhooks/{webhook_id}")
