from __future__ import annotations

from services.settings_reference import page
from tests.support.paths import ROOT


def test_page_of_settings_equals_the_settings() -> None:
    assert (ROOT / "docs/reference/settings.md").read_text(encoding="utf-8") == page(), "run `make reference`"
