from __future__ import annotations

import pytest
import typer

from services.cli.arguments import check_feed_name, fail


@pytest.mark.parametrize("name", ["wire", "a", "wire-2.news_desk", "0" * 63])
def test_valid_feed_name_is_returned(name: str) -> None:
    assert check_feed_name(name) == name


@pytest.mark.parametrize("name", ["", "Wire", "-wire", "a b", "0" * 64, "*"])
def test_invalid_feed_name_is_rejected(name: str) -> None:
    with pytest.raises(typer.BadParameter, match="is not valid"):
        check_feed_name(name)


def test_fail_prints_the_reason_and_exits_with_status_1(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as raised:
        fail("no service answers")
    assert raised.value.exit_code == 1
    assert capsys.readouterr() == ("", "stancewire: no service answers\n")
