from __future__ import annotations

import base64

import pytest
from standardwebhooks import Webhook

from services.sources.records import SourceKind
from services.sources.signatures import (
    SignatureInvalid,
    SignedHeaders,
    is_signed_by_hub,
    is_signed_by_superdesk,
    signing_key,
)
from services.sources.store import new_secret
from tests.support.signing import hex_signature, standard_headers

SECRET = new_secret(SourceKind.SIGNED)
BODY = "Mayor Ida Berg said “no”.".encode()


def test_signature_that_the_reference_library_accepts_is_accepted() -> None:
    headers = standard_headers(SECRET, BODY)
    Webhook(SECRET).verify(BODY, headers, json_parse=False)
    assert SignedHeaders.read(headers).match(SECRET, BODY)


def test_signature_of_another_secret_body_id_or_time_does_not_match() -> None:
    headers = standard_headers(SECRET, BODY, at=1_000)
    assert SignedHeaders.read(headers).match(SECRET, BODY)
    assert not SignedHeaders.read(headers).match(new_secret(SourceKind.SIGNED), BODY)
    assert not SignedHeaders.read(headers).match(SECRET, BODY + b" ")
    for changed in ({"webhook-id": "msg_2"}, {"webhook-timestamp": "1001"}):
        assert not SignedHeaders.read(headers | changed).match(SECRET, BODY)


def test_any_of_several_signatures_may_match() -> None:
    headers = standard_headers(SECRET, BODY)
    other = standard_headers(new_secret(SourceKind.SIGNED), BODY)["webhook-signature"]
    both = headers | {"webhook-signature": f"v1a,AAAA {other} v1,%% {headers['webhook-signature']}"}
    assert SignedHeaders.read(both).match(SECRET, BODY)


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("webhook-id", ""),
        ("webhook-id", "a" * 256),
        ("webhook-timestamp", "yesterday"),
        ("webhook-timestamp", "-1"),
        ("webhook-signature", ""),
        ("webhook-signature", "v2,AAAA"),
    ],
)
def test_missing_or_malformed_header_is_named(header: str, value: str) -> None:
    with pytest.raises(SignatureInvalid, match=header):
        SignedHeaders.read(standard_headers(SECRET, BODY) | {header: value})


@pytest.mark.parametrize("offset_s", [-301, 301])
def test_request_outside_the_window_is_refused(offset_s: int) -> None:
    with pytest.raises(SignatureInvalid, match="more than 300 s away"):
        SignedHeaders.read(standard_headers(SECRET, BODY, at=10_000 + offset_s)).check_age(10_000, 300)


@pytest.mark.parametrize("method", ["sha1", "sha256", "sha384", "sha512"])
def test_hub_may_sign_with_every_method_of_the_recommendation(method: str) -> None:
    signature = hex_signature("a secret of a subscription", BODY, method)
    assert is_signed_by_hub("a secret of a subscription", BODY, signature)
    assert not is_signed_by_hub("a secret of another one", BODY, signature)
    assert not is_signed_by_hub("a secret of a subscription", BODY + b"!", signature)


@pytest.mark.parametrize("header", [None, "", "sha1", "sha1=", "md5=00", "SHA1=zz", "=", "sha1=é"])
def test_signature_without_a_known_method_is_refused(header: str | None) -> None:
    assert not is_signed_by_hub("secret", BODY, header)
    assert not is_signed_by_superdesk("secret", BODY, header)


@pytest.mark.parametrize(
    ("secret", "reason"), [("whsec_%%%%", "is not base64"), (base64.b64encode(b"short").decode(), "has 5 bytes")]
)
def test_secret_of_another_form_is_refused(secret: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        signing_key(secret)
