from __future__ import annotations

import stat
import time
from pathlib import Path

import pytest
from pydantic import SecretStr

from services.console.sessions import SessionSigner, load_secret
from services.settings import Console, Settings


def test_session_round_trips_through_cookie() -> None:
    signer = SessionSigner(b"secret", 60)
    session = signer.create("abc")
    assert signer.from_cookie(signer.to_cookie(session)) == session
    other_process = SessionSigner(b"secret", 60)
    assert other_process.from_cookie(signer.to_cookie(session)) == session


def test_forged_or_changed_cookie_is_rejected() -> None:
    signer = SessionSigner(b"secret", 60)
    cookie = signer.to_cookie(signer.create("abc"))
    payload, signature = cookie.split(".")
    other_payload = signer.to_cookie(signer.create("xyz")).split(".")[0]
    forged = [
        f"{other_payload}.{signature}",
        payload,
        f"{payload}.",
        f"{payload}.{signature[:-2]}",
        "",
        "é.é",
        "a.b.c",
    ]
    assert [signer.from_cookie(value) for value in forged] == [None] * len(forged)
    assert signer.from_cookie(None) is None
    assert SessionSigner(b"another", 60).from_cookie(cookie) is None


def test_session_expires_after_its_lifetime(monkeypatch: pytest.MonkeyPatch) -> None:
    signer = SessionSigner(b"secret", 60)
    session = signer.create()
    cookie = signer.to_cookie(session)
    monkeypatch.setattr(time, "time", lambda: session.ends_at - 1)
    assert signer.from_cookie(cookie)
    monkeypatch.setattr(time, "time", lambda: session.ends_at)
    assert signer.from_cookie(cookie) is None


def test_session_is_accepted_if_signed_by_a_host_whose_clock_is_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    signer = SessionSigner(b"secret", 60)
    session = signer.create()
    cookie = signer.to_cookie(session)
    monkeypatch.setattr(time, "time", lambda: session.ends_at - 65)
    assert signer.from_cookie(cookie) == session


def test_form_token_is_accepted_by_its_own_session_only() -> None:
    signer = SessionSigner(b"secret", 60)
    session, other_session = signer.create(), signer.create()
    token = signer.form_token(session)
    assert signer.accepts_form_token(session, token)
    assert not signer.accepts_form_token(other_session, token)
    assert not signer.accepts_form_token(session, "")
    assert not signer.accepts_form_token(session, "é")
    signature = signer.to_cookie(session).split(".")[1]
    assert not signer.accepts_form_token(session, signature), "the signature of a cookie is not a form token"
    assert not SessionSigner(b"another", 60).accepts_form_token(session, token)


def test_notice_is_accepted_with_its_mark_in_its_own_session_only() -> None:
    signer = SessionSigner(b"secret", 60)
    session, other_session = signer.create(), signer.create()
    mark = signer.mark_notice(session, "The key was revoked.")
    assert signer.accepts_notice(session, "The key was revoked.", mark)
    assert not signer.accepts_notice(session, "Send us your key.", mark)
    assert not signer.accepts_notice(other_session, "The key was revoked.", mark)
    assert not signer.accepts_notice(session, "", "")
    assert not signer.accepts_notice(session, "x", "\u00e9")


def test_secret_file_is_created_once_and_private(tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path / "state")
    secret = load_secret(settings)
    file = tmp_path / "state" / "console.secret"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert load_secret(settings) == secret
    assert [path.name for path in file.parent.iterdir()] == ["console.secret"]


def test_configured_secret_takes_precedence_and_no_file_is_written(tmp_path: Path) -> None:
    settings = Settings(state_dir=tmp_path / "state", console=Console(secret=SecretStr("shared")))
    assert load_secret(settings) == load_secret(settings.model_copy(update={"state_dir": tmp_path / "other"}))
    assert not list(tmp_path.iterdir())


def test_secret_is_random_if_state_dir_is_not_writable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    settings = Settings(state_dir=tmp_path / "file")
    assert len(load_secret(settings)) == 32
    assert load_secret(settings) != load_secret(settings)
