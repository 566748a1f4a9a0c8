"""The settings of the keys that encrypt stored secrets."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pydantic import Field, SecretStr

from services.settings.group import Group

KEY_FILE: Final = "secrets.key"  # in the state directory


class Secrets(Group):
    """Keys that encrypt the secrets of sources and webhooks in the database."""

    keys: SecretStr = Field(
        SecretStr(""),
        description="Keys of 32 bytes in base64 (`openssl rand -base64 32`), separated by commas. The first one "
        "encrypts, all of them decrypt.",
    )
    key_file: Path | None = Field(
        None,
        description="File with such keys, one a line, instead of `keys`. If neither is set, `secrets.key` in the state "
        "directory if it exists, which `stancewire up` makes. Without a key, secrets are stored as they are.",
    )
