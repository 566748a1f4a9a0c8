from __future__ import annotations

import pytest

from services.settings.addresses import certificate_check, database_address, redis_address


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_postgresql_gets_our_driver(scheme: str) -> None:
    assert database_address(f"{scheme}://me:pw@db:5432/news") == "postgresql+psycopg://me:pw@db:5432/news"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("mysql://db/x", "'mysql' is neither SQLite nor PostgreSQL"),
        ("postgresql+psycopg2://db/x", "'postgresql.psycopg2' is neither"),
        ("ledger.db", "is not an address"),
        ("postgres://me:hid/den@db/x", "the port is not a number"),
    ],
)
def test_database_address_of_another_form_is_refused_without_its_password(url: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as caught:
        database_address(url)
    assert "hid" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("sentinel://127.0.0.1:26379", r"the form of an address of Sentinels is `redis\+sentinel://HOST:26379"),
        ("redis+sentinel://127.0.0.1:26379", "is not an address of Sentinels"),
        ("redis+sentinel://a:1,b:x/main", "has a Sentinel that is not HOST:PORT"),
        ("redis+sentinel://a/main?password=secret", "has the parameter 'password'; only sentinel_password"),
        ("http://127.0.0.1", "'http' is not a scheme of Redis"),
        ("127.0.0.1:6379", "is not an address"),
        ("redis://127.0.0.1:port/0", "the port is not a number"),
        ("redis://127.0.0.1/zero", "the database 'zero' is not a number"),
        ("rediss://127.0.0.1?ssl_cert_reqs=never", "ssl_cert_reqs is 'never'; write none, optional or required"),
    ],
)
def test_redis_address_of_another_form_is_refused(url: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        redis_address(url)


@pytest.mark.parametrize(
    ("query", "check"),
    [("", "required"), ("?ssl_cert_reqs=CERT_NONE", "none"), ("?ssl_cert_reqs=optional&ssl_ca_certs=/ca", "optional")],
)
def test_every_spelling_of_the_certificate_check_is_understood(query: str, check: str) -> None:
    assert certificate_check(f"rediss://127.0.0.1:6380/0{query}") == check
