"""Sessions of the console: a signed cookie, and the token that each form must bring along.

Nothing is kept on the server: the cookie holds the session's ID, the ID of the key and when it ends, under an HMAC-SHA256.
Whether the key still works is asked at each request, so that revoking it ends its sessions.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from services.settings import Settings

_FILE: Final = "console.secret"
_SECRET_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody's stay. ``key_id`` is empty until they log in; ``ends_at`` in seconds since 1970."""

    id: str
    key_id: str
    ends_at: int


class Sessions:
    """Makes, signs and checks sessions; any process with the same secret understands them."""

    def __init__(self, secret: bytes, lifetime_s: float) -> None:
        """Sign with ``secret``."""
        self._secret = secret
        self._lifetime_s = lifetime_s

    def begin(self, key_id: str = "") -> Session:
        """A new session, with an ID that nobody can guess."""
        return Session(secrets.token_urlsafe(16), key_id, int(time.time() + self._lifetime_s))

    def seal(self, session: Session) -> str:
        """The cookie that holds a session."""
        payload = _encode(json.dumps([session.id, session.key_id, session.ends_at]).encode())
        return f"{payload}.{self._sign('session', payload)}"

    def open(self, cookie: str | None) -> Session | None:
        """The session in a cookie; None where it is none of ours, was changed, or has ended."""
        payload, _, signature = (cookie or "").partition(".")
        if not hmac.compare_digest(signature.encode(), self._sign("session", payload).encode()):
            return None
        session = Session(*json.loads(_decode(payload)))
        return session if time.time() < session.ends_at else None

    def token(self, session: Session) -> str:
        """What a form of this session has to bring along, which no other site can know."""
        return self._sign("form", session.id)

    def fits(self, session: Session, token: str) -> bool:
        """Whether a form's token is this session's."""
        return hmac.compare_digest(token.encode(), self.token(session).encode())

    def _sign(self, purpose: str, value: str) -> str:
        return _encode(hmac.digest(self._secret, f"{purpose}:{value}".encode(), hashlib.sha256))


def secret_of(settings: Settings) -> bytes:
    """The secret behind the sessions: as set, else one that is kept in ``state_dir``, else one for this process alone."""
    given = settings.console.secret.get_secret_value()
    if given:
        return hashlib.sha256(given.encode()).digest()
    file = settings.state_dir / _FILE
    with contextlib.suppress(OSError):
        _make(file)
        return hashlib.sha256(file.read_bytes()).digest()
    return secrets.token_bytes(_SECRET_BYTES)


def _make(file: Path) -> None:
    """Write a new secret where there is none; of two processes that try at once, both read the first one's."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.exists():
        return
    fresh = file.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as opened:
        opened.write(secrets.token_hex(_SECRET_BYTES) + "\n")
    with contextlib.suppress(FileExistsError):
        os.link(fresh, file)
    fresh.unlink()


def _encode(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode("ascii").rstrip("=")


def _decode(value: str) -> bytes:
    return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
