"""The cookies of the console's sessions, the token that every form must send back, and the marks of notices.

The cookie holds the ID of the session, the ID of the API key and the end of the session, signed with HMAC-SHA256. A
session of somebody who is logged in is also stored (`services.access.sessions`): without its row the cookie is
worthless.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from itsdangerous import BadData, Signer, URLSafeSerializer

from services.settings import Settings

_FILE_NAME: Final = "console.secret"
_SECRET_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Session:
    """A browser session. ``key_id`` is empty before the login; ``ends_at`` is in seconds since 1970."""

    id: str
    key_id: str
    ends_at: int


class SessionSigner:
    """Creates sessions, signs them into cookies and verifies them.

    All processes that share the secret accept each other's cookies.
    """

    def __init__(self, secret: bytes, lifetime_s: float) -> None:
        """Sign with ``secret``. Sessions last ``lifetime_s`` seconds."""
        self._lifetime_s = lifetime_s
        # The end of a session is part of the payload. A timed serializer would refuse cookies "from the future",
        # which another host signed whose clock is a second ahead.
        self._cookies = URLSafeSerializer(
            secret,
            salt="stancewire.session",
            signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
        )
        self._form_tokens = Signer(secret, salt="stancewire.form", key_derivation="hmac", digest_method=hashlib.sha256)
        self._notices = Signer(secret, salt="stancewire.notice", key_derivation="hmac", digest_method=hashlib.sha256)

    def create(self, key_id: str = "") -> Session:
        """Return a new session with an unguessable ID."""
        return Session(secrets.token_urlsafe(16), key_id, int(time.time() + self._lifetime_s))

    def to_cookie(self, session: Session) -> str:
        """Return the signed cookie value of a session."""
        return str(self._cookies.dumps([session.id, session.key_id, session.ends_at]))

    def from_cookie(self, cookie: str | None) -> Session | None:
        """Return the session of a cookie; None if it is missing, forged, changed or expired."""
        if cookie is None:
            return None
        try:
            session = Session(*self._cookies.loads(cookie))
        except BadData:
            return None
        return session if time.time() < session.ends_at else None

    def form_token(self, session: Session) -> str:
        """Return the token that the session's forms must send back. Other sites cannot know it."""
        return self._form_tokens.get_signature(session.id).decode("ascii")

    def accepts_form_token(self, session: Session, token: str) -> bool:
        """Return whether a form's token belongs to this session."""
        return self._form_tokens.verify_signature(session.id, token)

    def mark_notice(self, session: Session, notice: str) -> str:
        """Return the mark with which an address may show a notice to this session, and to no other."""
        return self._notices.get_signature(_notice_of(session, notice)).decode("ascii")

    def accepts_notice(self, session: Session, notice: str, mark: str) -> bool:
        """Return whether the mark shows that the notice is our own words for this session."""
        return self._notices.verify_signature(_notice_of(session, notice), mark)


def _notice_of(session: Session, notice: str) -> str:
    return f"{session.id} {notice}"


def load_secret(settings: Settings) -> bytes:
    """Return the secret that signs sessions.

    This is the setting ``console.secret``, else the secret stored in ``state_dir`` (created if missing). If
    ``state_dir`` is not writable, a random secret is used that lasts as long as this process.
    """
    configured = settings.console.secret.get_secret_value()
    if configured:
        return hashlib.sha256(configured.encode()).digest()
    file = settings.state_dir / _FILE_NAME
    with contextlib.suppress(OSError):
        _create_secret_file(file)
        return hashlib.sha256(file.read_bytes()).digest()
    return secrets.token_bytes(_SECRET_BYTES)


def _create_secret_file(file: Path) -> None:
    """Write a new secret, readable by its owner only, unless the file exists.

    If two processes do this at the same time, ``link`` lets the first one win and both read the same secret.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.exists():
        return
    draft = file.with_suffix(f".{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write(secrets.token_hex(_SECRET_BYTES) + "\n")
    with contextlib.suppress(FileExistsError):
        os.link(draft, file)
    draft.unlink()
