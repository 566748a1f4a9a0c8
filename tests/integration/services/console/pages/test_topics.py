"""The pages of topics."""

from __future__ import annotations

import pytest

from services.database.engine import Database
from services.topics import store
from tests.support.api import Api
from tests.support.console_forms import audit_entries, get_page, post_form

TRAMS = {"name": "Tram plan", "claim": "The city should build trams.", "aliases": "trams\n\n light rail \n"}


def test_topic_is_registered_changed_retired_and_made_active_again(sqlite_api: Api, sqlite_database: Database) -> None:
    client = sqlite_api.client
    assert "No topics yet" in get_page(client, "/topics")
    assert post_form(client, "/topics", **TRAMS).status_code == 303
    assert "also trams, light rail" in get_page(client, "/topics")
    assert 'value="Tram plan"' in get_page(client, "/topics/tram-plan")
    assert post_form(client, "/topics/tram-plan", name="Trams", aliases="tram plan").status_code == 303
    topic = store.get(sqlite_database, "tram-plan").topic
    assert (topic.name, topic.aliases, topic.claim) == ("Trams", ("tram plan",), TRAMS["claim"])
    assert post_form(client, "/topics/tram-plan/retire").status_code == 303
    assert "retired" in get_page(client, "/topics")
    assert store.active(sqlite_database) == ()
    assert post_form(client, "/topics/tram-plan/resume").status_code == 303
    assert [topic.id for topic in store.active(sqlite_database)] == ["tram-plan"]
    assert [action for action, subject in audit_entries(sqlite_database) if subject == "tram-plan"].count(
        "topic.change"
    ) == 3


@pytest.mark.parametrize(
    ("fields", "field", "reason"),
    [
        ({"name": "", "claim": "x"}, "name", ""),
        ({"name": "Trams", "claim": ""}, "claim", ""),
        ({"name": "Trams", "claim": "x", "aliases": "good\n…"}, "aliases", "line 2 "),
        ({"name": "Trams", "claim": "x", "aliases": "\n".join(f"a{n}" for n in range(300))}, "aliases", "at most 200"),
    ],
)
def test_invalid_topic_form_is_shown_with_field_error(
    sqlite_api: Api, fields: dict[str, str], field: str, reason: str
) -> None:
    response = post_form(sqlite_api.client, "/topics", **fields)
    assert response.status_code == 422
    assert f'aria-describedby="wrong-{field}"' in response.text
    assert reason in response.text


def test_existing_topic_is_not_registered_again(sqlite_api: Api) -> None:
    post_form(sqlite_api.client, "/topics", **TRAMS)
    assert "already" in post_form(sqlite_api.client, "/topics", **TRAMS).text
    get_page(sqlite_api.client, "/topics/none", 404)
    get_page(sqlite_api.client, "/topics/A B", 404)
