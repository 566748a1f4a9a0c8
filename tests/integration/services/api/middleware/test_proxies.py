"""Requests through proxies: whose headers count, which hosts are answered, and where redirects lead."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from services.database.engine import Database
from services.settings import Api as ApiSettings
from services.settings import Settings
from tests.support.api import Api, assert_problem
from tests.support.console_forms import HTML, post_form

EVIL = {"Host": "evil.example"}
TRUSTED = {"trusted_proxies": "127.0.0.1"}
LIMITED = {"failures_per_s": 0.01, "burst_s": 100}  # one failure for each address


def statuses_of(api: Api, *forwarded_for: str) -> list[int]:
    """Return the answers to requests without a key that claim to come from these addresses."""
    client = api.client_of(None)
    return [client.get("/v1/jobs", headers={"X-Forwarded-For": value}).status_code for value in forwarded_for]


def test_forwarded_address_of_an_untrusted_proxy_does_not_evade_the_limit(
    sqlite_database: Database, serve: Any
) -> None:
    api = serve(sqlite_database, access=LIMITED)
    assert statuses_of(api, "203.0.113.7", "203.0.113.8", "203.0.113.9") == [401, 429, 429]


def test_forwarded_address_of_a_trusted_proxy_is_the_last_that_is_no_proxy(
    sqlite_database: Database, serve: Any
) -> None:
    api = serve(sqlite_database, api={"trusted_proxies": "127.0.0.1, 10.0.0.0/24"}, access=LIMITED)
    claimed = ("203.0.113.7", "198.51.100.1, 203.0.113.7, 10.0.0.9", "203.0.113.7, 203.0.113.8")
    assert statuses_of(api, *claimed) == [401, 429, 401]


@pytest.mark.parametrize(
    ("settings", "headers", "attributes"),
    [
        ({}, {"X-Forwarded-Proto": "https"}, {"HttpOnly"}),
        (TRUSTED, {"X-Forwarded-Proto": "https"}, {"HttpOnly", "Secure"}),
        (TRUSTED, {"X-Forwarded-Proto": "http"}, {"HttpOnly"}),
        ({"public_url": "https://news.example.org"}, {"Host": "news.example.org"}, {"HttpOnly", "Secure"}),
    ],
)
def test_cookie_is_secure_over_tls_behind_a_trusted_proxy(
    sqlite_database: Database, serve: Any, settings: dict[str, str], headers: dict[str, str], attributes: set[str]
) -> None:
    api = serve(sqlite_database, api=settings)
    cookie = api.client_of(None).get("/login", headers=HTML | headers).headers["set-cookie"]
    assert {"HttpOnly", "Secure"} & set(cookie.split("; ")) == attributes


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/jobs/", "/jobs"),
        ("/jobs//?state=queued", "/jobs?state=queued"),
        ("/login/", "/login"),
        ("//evil.example/", None),
        ("//evil.example/jobs/", None),
        ("/nothing/", None),
    ],
)
def test_slash_at_the_end_redirects_within_the_site(sqlite_api: Api, path: str, location: str | None) -> None:
    url = f"http://127.0.0.1:{sqlite_api.port}{path}"
    response = httpx.get(url, headers=EVIL, trust_env=False)
    assert response.headers.get("location") == location
    assert response.status_code == (308 if location else 404)


def test_no_redirect_repeats_the_host_of_the_request(sqlite_api: Api) -> None:
    client = sqlite_api.client_of(None)
    for path in ("/", "/jobs", "/jobs/", "/static", "/static/", "/login/", "/v1/articles/", "/docs"):
        response = client.get(path, headers=HTML | EVIL)
        assert "evil.example" not in str(response.headers) + response.text, path


def test_host_that_is_not_allowed_is_misdirected(sqlite_database: Database, serve: Any) -> None:
    hosts = {"allowed_hosts": "*.news.example.org, internal", "public_url": "https://news.example.org:8443"}
    api = serve(sqlite_database, api=hosts)
    for host in ("news.example.org", "news.example.org:8443", "A.NEWS.example.org", "internal:8400"):
        assert api.client.get("/v1/jobs", headers={"Host": host}).status_code == 200, host
    for host in ("evil.example", "news.example.org.evil.example", "evilnews.example.org", "127.0.0.1", ""):
        answer = api.client.get("/v1/jobs", headers={"Host": host})
        assert_problem(answer, 421, "host_not_allowed")
    assert api.client.get("/healthz", headers=EVIL).status_code == 200
    assert api.client.get("/metrics", headers=EVIL).status_code == 200


def test_form_from_the_public_address_is_accepted_although_the_proxy_drops_its_port(
    sqlite_database: Database, serve: Any
) -> None:
    api = serve(sqlite_database, api={"public_url": "http://news.example.org:8080"})
    client = api.client_of(None)
    client.headers.update({"Host": "news.example.org", "Origin": "http://news.example.org:8080"})
    assert post_form(client, "/login", "/login", key=api.key).status_code == 303
    client = api.client_of(None)
    client.headers.update({"Host": "news.example.org", "Origin": "http://evil.example"})
    assert post_form(client, "/login", "/login", key=api.key).status_code == 403


def test_guesser_behind_the_same_proxy_does_not_lock_out_others(sqlite_database: Database, serve: Any) -> None:
    api = serve(sqlite_database, console={"login_attempts": 2})
    guesser, other = api.client_of(None), api.client_of(None)
    answers = [post_form(guesser, "/login", "/login", key=f"wrong {number}").status_code for number in range(4)]
    assert answers == [401, 401, 429, 429]
    assert post_form(other, "/login", "/login", key=api.key).status_code == 303


def test_metrics_need_a_key_by_default_also_from_this_machine(sqlite_api: Api) -> None:
    assert sqlite_api.client_of(None).get("/metrics").status_code == 401
    assert sqlite_api.client.get("/metrics").status_code == 200


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("trusted_proxies", "10.0.0.5, nginx", "does not appear to be an IPv4 or IPv6 network"),
        ("trusted_proxies", "10.0.0.5/24", "has host bits set"),
        ("allowed_hosts", "news.example.org:443", "is not a host; write names in lower case without a port"),
        ("public_url", "news.example.org", "is not an address of the form https://HOST"),
        ("public_url", "https://news.example.org/console", "is not an address of the form https://HOST"),
    ],
)
def test_setting_of_another_form_is_refused(name: str, value: str, reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        ApiSettings.model_validate({name: value})


def test_settings_are_lists_in_one_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STANCEWIRE_API__TRUSTED_PROXIES", "10.0.0.5,2001:db8::/32")
    monkeypatch.setenv("STANCEWIRE_API__PUBLIC_URL", "https://News.example.org/")
    settings = Settings().api
    assert (settings.trusted_proxies, settings.public_url) == ("10.0.0.5,2001:db8::/32", "https://news.example.org")
