"""The API reference names every operation and equals what the OpenAPI document gives."""

from __future__ import annotations

from services import api_reference
from tests.support.paths import ROOT


def test_api_reference_equals_the_openapi_document() -> None:
    page = (ROOT / "docs" / "reference" / "api.md").read_text("utf-8")
    assert page == api_reference.page(), "run `make reference`"
    assert "### `POST /v1/articles:batch`" in page
