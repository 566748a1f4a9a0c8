"""The check of the keys that encrypt the secrets in the database."""

from __future__ import annotations

import stat

from services.database import sealing
from services.database.engine import Database
from services.errors import InvalidInput, StoreUnavailable
from services.maintenance import stored_secrets
from services.maintenance.diagnostics.findings import Finding, Level
from services.maintenance.stored_secrets import StoredSecrets
from services.settings import Settings

_CHECK = "secrets"
_ENCRYPT = "run `stancewire secrets encrypt`"


def check_secrets(database: Database, settings: Settings) -> Finding:
    """Check that there is a key, that it is private, and that it encrypts every secret."""
    try:
        counts = stored_secrets.count(database)
    except InvalidInput as error:
        return Finding(_CHECK, Level.FAIL, error.detail, "`stancewire secrets new-key` prints a key")
    except StoreUnavailable as error:
        return Finding(_CHECK, Level.FAIL, error.detail, "see the finding on the database")
    problem = _problem(database, settings, counts)
    if problem is not None:
        return problem
    return Finding(_CHECK, Level.OK, f"{counts.total} of sources and webhooks, all encrypted with the first key")


def _problem(database: Database, settings: Settings, counts: StoredSecrets) -> Finding | None:
    if counts.unreadable:
        said = f"{counts.unreadable} of {counts.total} secrets of sources and webhooks cannot be decrypted"
        fix = "bring back the key they were encrypted with, or give these sources and webhooks new secrets"
        return Finding(_CHECK, Level.FAIL, said, fix)
    if not database.sealer.has_key:
        said = f"no key: the secrets of sources and webhooks ({counts.total}) are stored as they are"
        fix = f"set STANCEWIRE_SECRETS__KEY_FILE to a file with the output of `stancewire secrets new-key`; {_ENCRYPT}"
        return Finding(_CHECK, Level.WARN, said, fix)
    if _is_open_to_others(settings):
        return Finding(_CHECK, Level.WARN, f"others may read {sealing.key_file(settings)}", "chmod 600, or 640")
    if counts.outdated:
        said = f"{counts.outdated} of {counts.total} secrets are not encrypted with the first key"
        return Finding(_CHECK, Level.WARN, said, _ENCRYPT)
    return None


def _is_open_to_others(settings: Settings) -> bool:
    if settings.secrets.keys.get_secret_value():
        return False
    try:
        return bool(sealing.key_file(settings).stat().st_mode & stat.S_IRWXO)
    except OSError:
        return False
