from __future__ import annotations

import stat
from pathlib import Path

import pytest
from pydantic import SecretStr

from services.console import sessions as module
from services.console.sessions import Sessions, secret_of
from services.settings import Console, Settings


def test_a_cookie_comes_back_as_its_session() -> None:
    sessions = Sessions(b"secret", 60)
    session = sessions.begin("abc")
    assert sessions.open(sessions.seal(session)) == session
    assert Sessions(b"secret", 60).open(sessions.seal(session)) == session, (
        "another process with the secret understands it"
    )


def test_a_cookie_that_was_changed_or_is_not_ours_is_none() -> None:
    sessions = Sessions(b"secret", 60)
    cookie = sessions.seal(sessions.begin("abc"))
    payload, signature = cookie.split(".")
    other = sessions.seal(sessions.begin("xyz")).split(".")[0]
    changed = [f"{other}.{signature}", payload, f"{payload}.", f"{payload}.{signature[:-2]}", "", "é.é", "a.b.c"]
    assert [sessions.open(one) for one in changed] == [None] * len(changed)
    assert sessions.open(None) is None
    assert Sessions(b"another", 60).open(cookie) is None


def test_a_session_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    sessions = Sessions(b"secret", 60)
    session = sessions.begin()
    cookie = sessions.seal(session)
    monkeypatch.setattr(module.time, "time", lambda: session.ends_at - 1)
    assert sessions.open(cookie)
    monkeypatch.setattr(module.time, "time", lambda: session.ends_at)
    assert sessions.open(cookie) is None


def test_a_form_fits_its_own_session_alone() -> None:
    sessions = Sessions(b"secret", 60)
    mine, other = sessions.begin(), sessions.begin()
    assert sessions.fits(mine, sessions.token(mine))
    assert not sessions.fits(other, sessions.token(mine))
    assert not sessions.fits(mine, "")
    assert not sessions.fits(mine, sessions.seal(mine).split(".")[1]), "a cookie's signature is no token"


def test_the_secret_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path / "state")
    first = secret_of(settings)
    file = tmp_path / "state" / "console.secret"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert secret_of(settings) == first
    assert [one.name for one in file.parent.iterdir()] == ["console.secret"]


def test_the_secret_that_is_set_comes_first_and_none_is_written(tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path / "state", console=Console(secret=SecretStr("shared")))
    assert secret_of(settings) == secret_of(settings.model_copy(update={"state_dir": tmp_path / "other"}))
    assert not list(tmp_path.iterdir())


def test_without_a_place_to_keep_it_the_secret_lasts_as_long_as_the_process(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    settings = Settings(state_dir=tmp_path / "file")
    assert len(secret_of(settings)) == 32
    assert secret_of(settings) != secret_of(settings)
