from __future__ import annotations

import base64
from pathlib import Path

import pytest

from services.database.sealing import Sealer, SecretUnreadable, new_key, sealer_of
from services.errors import InvalidInput
from services.settings import Settings

OLD, NEW = new_key().encode(), new_key().encode()


def test_sealed_secret_opens_with_each_key_and_shows_nothing_of_itself() -> None:
    stored = Sealer([OLD]).seal("whsec_a-secret")
    assert "a-secret" not in stored
    assert Sealer([NEW, OLD]).open(stored) == "whsec_a-secret"
    assert stored != Sealer([OLD]).seal("whsec_a-secret"), "equal secrets must not be seen to be equal"


def test_secret_stored_before_there_was_a_key_is_read_as_it_is() -> None:
    assert Sealer([OLD]).open("whsec_plain") == "whsec_plain"
    assert Sealer().seal("whsec_plain") == "whsec_plain"


@pytest.mark.parametrize("keys", [[], [NEW]])
def test_secret_of_another_key_is_refused(keys: list[bytes]) -> None:
    stored = Sealer([OLD]).seal("s")
    with pytest.raises(SecretUnreadable):
        Sealer(keys).open(stored)
    with pytest.raises(SecretUnreadable):
        Sealer([OLD]).open(stored[:-4] + "AAA=")


def test_only_what_the_first_key_encrypted_is_current() -> None:
    stored = Sealer([OLD]).seal("s")
    assert [Sealer(keys).is_current(stored) for keys in ([OLD], [OLD, NEW], [NEW, OLD], [])] == [
        True,
        True,
        False,
        False,
    ]
    assert not Sealer([OLD]).is_current("plain")
    assert Sealer().is_current("plain")


def test_keys_come_from_the_environment_else_from_a_file(tmp_path: Path) -> None:
    sealed = Sealer([OLD]).seal("s")
    ordinary_base64 = base64.b64encode(base64.urlsafe_b64decode(OLD)).decode()
    given = Settings(state_dir=tmp_path, secrets={"keys": f"{new_key()}, {ordinary_base64}"})
    assert sealer_of(given).open(sealed) == "s"
    assert not sealer_of(Settings(state_dir=tmp_path)).has_key
    (tmp_path / "secrets.key").write_text(f"{NEW.decode()}\n{OLD.decode()}\n")
    assert sealer_of(Settings(state_dir=tmp_path)).open(sealed) == "s"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text(OLD.decode())
    assert sealer_of(Settings(state_dir=tmp_path, secrets={"key_file": elsewhere})).is_current(sealed)


@pytest.mark.parametrize("key", ["change-me", base64.b64encode(bytes(range(16))).decode(), "é" * 44])
def test_key_that_is_not_one_is_refused_without_being_shown(tmp_path: Path, key: str) -> None:
    with pytest.raises(InvalidInput, match=r"secrets\.keys: a key has to be the base64 of 32 bytes") as refusal:
        sealer_of(Settings(state_dir=tmp_path, secrets={"keys": key}))
    assert key not in str(refusal.value)


@pytest.mark.parametrize(("content", "reason"), [(None, "does not exist"), ("\n", "has no key"), ("é", "is not ASCII")])
def test_key_file_that_cannot_be_used_is_refused(tmp_path: Path, content: str | None, reason: str) -> None:
    file = tmp_path / "key"
    if content is not None:
        file.write_text(content)
    with pytest.raises(InvalidInput, match=reason):
        sealer_of(Settings(secrets={"key_file": file}))
