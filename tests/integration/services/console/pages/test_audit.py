"""The page of the audit log."""

from __future__ import annotations

import re

from services.audit import log
from services.database.engine import Database
from tests.support.api import Api
from tests.support.console_forms import HTML, audit_entries, get_page, post_form


def test_audit_log_is_listed_and_filtered(sqlite_api: Api, sqlite_database: Database) -> None:
    client = sqlite_api.client
    job_id = sqlite_api.push_id("Waits.", feed="wire")
    post_form(client, f"/jobs/{job_id}/cancel")
    post_form(client, "/feeds", name="evening", description="<b>late</b>")
    html = client.get("/audit", headers=HTML).text
    assert "&lt;b&gt;late" in html or "\\u003cb\\u003elate" in html, "input is escaped"
    assert f'href="/jobs/{job_id}"' in html
    assert 'href="/feeds/evening"' in html
    actor = f"key:{sqlite_api.key.split('_')[1]}"
    for query, expected in (
        ({"action": "job.cancel"}, (True, False)),
        ({"subject": " evening "}, (False, True)),
        ({"actor": actor}, (True, True)),
        ({"actor": actor, "action": "", "subject": ""}, (True, True)),
        ({"actor": "shell:nobody"}, (False, False)),
    ):
        entries = get_page(client, "/audit", **query)
        assert (f"/jobs/{job_id}" in entries, "/feeds/evening" in entries) == expected, query
    assert "No entry matches" in get_page(client, "/audit", actor="shell:nobody")
    assert "Invalid request" in get_page(client, "/audit", 422, cursor="nonsense")
    assert ("job.cancel", str(job_id)) in audit_entries(sqlite_database)


def test_pages_of_audit_entries_do_not_overlap(sqlite_api: Api, sqlite_database: Database) -> None:
    with sqlite_database.write() as connection:
        for number in range(60):
            log.record(connection, "shell:me", "feed.add", f"feed-{number}.")
    first = get_page(sqlite_api.client, "/audit", actor="shell:me", action="feed.add")
    next_link = re.search(r'href="(/audit\?[^"]*cursor=[^"]*)"', first)
    assert next_link
    second = get_page(sqlite_api.client, next_link.group(1))
    feeds = [set(re.findall(r"feed-\d+\.", html)) for html in (first, second)]
    assert [len(names) for names in feeds] == [50, 10]
    assert not feeds[0] & feeds[1]
