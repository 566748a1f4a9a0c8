"""The configurations of `deploy` for nginx and Caddy, run by these programs in front of an API."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest

from services.database.engine import Database
from services.settings import Settings
from tests.support import paths
from tests.support.api import Api, api_settings
from tests.support.console_forms import FORM_TOKEN, HTML
from tests.support.proxies import NAME, Proxy, run_caddy, run_nginx

RUN: dict[str, Callable[[Path, int], AbstractContextManager[Proxy]]] = {"nginx": run_nginx, "caddy": run_caddy}
PUBLIC = f"https://{NAME}"


class Visitor:
    """A client of the proxy with an address of its own, as all of 127.0.0.0/8 is this machine."""

    def __init__(self, proxy: Proxy, address: str, name: str = NAME) -> None:
        self._name = name
        self._url = f"https://127.0.0.1:{proxy.https}"
        transport = httpx.HTTPTransport(verify=False, local_address=address)
        self.client = httpx.Client(transport=transport, headers={"Host": name}, trust_env=False, timeout=30)

    def request(self, method: str, path: str, **options: object) -> httpx.Response:
        extensions = {"sni_hostname": self._name}
        return self.client.request(method, self._url + path, extensions=extensions, **options)  # type: ignore[arg-type]

    def log_in(self, key: str) -> httpx.Response:
        page = self.request("GET", "/login", headers=HTML)
        token = FORM_TOKEN.search(page.text)
        assert token, page.text
        data = {"csrf": token.group(1), "key": key}
        return self.request("POST", "/login", data=data, headers=HTML | {"Origin": PUBLIC})


NewVisitor = Callable[..., Visitor]


@pytest.fixture
def new_visitor() -> Iterator[NewVisitor]:
    """Return a factory of visitors, whose connections end with the test."""
    visitors: list[Visitor] = []

    def make(proxy: Proxy, address: str, name: str = NAME) -> Visitor:
        visitors.append(Visitor(proxy, address, name))
        return visitors[-1]

    yield make
    for visitor in visitors:
        visitor.client.close()


@pytest.fixture(params=RUN)
def proxied(request: pytest.FixtureRequest, tmp_path: Path, sqlite_database: Database) -> Iterator[tuple[Proxy, Api]]:
    api = Api(
        api_settings(
            sqlite_database,
            api={"trusted_proxies": "127.0.0.1", "public_url": PUBLIC},
            console={"login_attempts": 2},
            access={"metrics": "loopback"},
        )
    )
    api.start()
    try:
        with RUN[request.param](tmp_path, api.port) as proxy:
            yield proxy, api
    finally:
        api.stop()


def test_proxy_passes_on_clients_and_tls_and_keeps_metrics_to_itself(
    proxied: tuple[Proxy, Api], new_visitor: NewVisitor
) -> None:
    proxy, api = proxied
    visitor, guesser = new_visitor(proxy, "127.0.0.2"), new_visitor(proxy, "127.0.0.3")
    headers = {"Authorization": f"Bearer {api.key}"}
    assert visitor.request("POST", "/v1/articles", json={"body": "No."}, headers=headers).status_code == 202

    redirect = visitor.request("GET", "/jobs/", headers=HTML)
    assert (redirect.status_code, redirect.headers["location"]) == (308, "/jobs")
    assert "Secure" in visitor.request("GET", "/login", headers=HTML).headers["set-cookie"]
    assert visitor.request("GET", "/metrics").status_code == 404

    guesser.client.headers["X-Forwarded-For"] = "192.0.2.77"
    assert [guesser.log_in(f"wrong {number}").status_code for number in range(4)] == [401, 401, 429, 429]
    assert visitor.log_in("wrong, but of another client").status_code == 401
    assert visitor.log_in(api.key).status_code == 303


def test_proxy_answers_no_other_name_and_redirects_http_to_the_public_address(
    proxied: tuple[Proxy, Api], new_visitor: NewVisitor
) -> None:
    proxy, _ = proxied
    plain = httpx.get(f"http://127.0.0.1:{proxy.http}/jobs?x=1", headers={"Host": NAME}, trust_env=False)
    assert plain.status_code in {301, 308}
    assert re.fullmatch(rf"{PUBLIC}(:\d+)?/jobs\?x=1", plain.headers["location"])
    with pytest.raises((httpx.ConnectError, httpx.ReadError, ssl.SSLError)):
        new_visitor(proxy, "127.0.0.2", "evil.example").request("GET", "/")


def test_limits_of_the_proxies_are_above_those_of_the_api() -> None:
    limits, api = Settings().limits, Settings().api
    for file in ("deploy/nginx/stancewire.conf", "deploy/caddy/Caddyfile"):
        text = (paths.ROOT / file).read_text()
        [size] = re.findall(r"(?:client_max_body_size|max_size) (\d+)(?:m|MB)", text)
        [timeout] = re.findall(r"(?:proxy_read_timeout|response_header_timeout) (\d+)s", text)
        assert int(size) * 1_000_000 > limits.batch_bytes
        assert int(timeout) > api.wait_limit_s
