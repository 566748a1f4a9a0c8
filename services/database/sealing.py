"""Secrets are encrypted before they are stored, under keys that are not in the database.

The secrets of sources and webhooks sign messages, so they are needed themselves, and a hash does not do. They are
stored as a Fernet token (AES-128-CBC with HMAC-SHA256) behind a prefix; without the prefix a value is a secret as it
is, stored before there was a key.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from services.errors import InvalidInput, Refused
from services.settings import Settings
from services.settings.secret_keys import KEY_FILE

_PREFIX: Final = "sealed:"
_KEY_BYTES: Final = 32
_RETRY_S: Final = 60


class SecretUnreadable(Refused):
    """A stored secret that none of the keys decrypts."""

    def __init__(self) -> None:
        """Say which setting is at fault."""
        detail = "a stored secret is encrypted with a key that this process does not have (settings secrets.keys)"
        super().__init__(detail, code="secret_unreadable", status=503, retry_after=_RETRY_S)


class Sealer:
    """Encrypts with the first of its keys and decrypts with all of them. Without keys secrets stay as they are."""

    def __init__(self, keys: Sequence[bytes] = ()) -> None:
        """Take keys in the base64 of Fernet."""
        self._boxes = [Fernet(key) for key in keys]

    @property
    def has_key(self) -> bool:
        """Whether secrets are encrypted."""
        return bool(self._boxes)

    def seal(self, secret: str) -> str:
        """Return a secret as it is to be stored."""
        return _PREFIX + self._boxes[0].encrypt(secret.encode()).decode("ascii") if self._boxes else secret

    def open(self, stored: str) -> str:
        """Return a stored secret. Raises `SecretUnreadable`."""
        if not stored.startswith(_PREFIX):
            return stored
        if not self._boxes:
            raise SecretUnreadable
        try:
            return MultiFernet(self._boxes).decrypt(_token(stored)).decode()
        except InvalidToken:
            raise SecretUnreadable from None

    def is_current(self, stored: str) -> bool:
        """Return whether a secret is stored as `seal` would store it now: with the first key, if there is one."""
        if not self._boxes:
            return not stored.startswith(_PREFIX)
        try:
            return bool(stored.startswith(_PREFIX) and self._boxes[0].decrypt(_token(stored)))
        except InvalidToken:
            return False


def _token(stored: str) -> bytes:
    return stored.removeprefix(_PREFIX).encode()


def new_key() -> str:
    """Return a random key."""
    return Fernet.generate_key().decode("ascii")


def key_file(settings: Settings) -> Path:
    """Return the file that keys are read from if they are not in the environment. It need not exist."""
    return settings.secrets.key_file or settings.state_dir / KEY_FILE


def sealer_of(settings: Settings) -> Sealer:
    """Return the sealer with the keys in the settings. Raises `InvalidInput` for keys that cannot be used."""
    given = settings.secrets.keys.get_secret_value()
    if given.strip():
        return Sealer([_checked("secrets.keys", key) for key in given.split(",") if key.strip()])
    file = key_file(settings)
    try:
        lines = file.read_text(encoding="ascii").splitlines()
    except FileNotFoundError:
        if settings.secrets.key_file is None:
            return Sealer()
        raise InvalidInput("secrets.key_file", f"{file} does not exist") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not ASCII"
        raise InvalidInput("secrets.key_file", f"{file}: {reason}") from error
    keys = [_checked(str(file), line) for line in lines if line.strip()]
    if not keys:
        raise InvalidInput("secrets.key_file", f"{file} has no key")
    return Sealer(keys)


def _checked(source: str, key: str) -> bytes:
    """Return a key in the base64 of Fernet; ordinary base64 is fine, too."""
    try:
        value = base64.b64decode(key.strip().replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        value = b""
    if len(value) != _KEY_BYTES:
        raise InvalidInput(source, f"a key has to be the base64 of {_KEY_BYTES} bytes: openssl rand -base64 32")
    return base64.urlsafe_b64encode(value)
