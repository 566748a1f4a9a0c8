"""How commands reach the database and the use cases."""

from __future__ import annotations

from services.database.engine import Database
from services.settings import Settings
from services.use_cases.context import UseCaseContext


def open_database(settings: Settings | None = None) -> Database:
    """Return the database of the settings, without a pool: a command makes few connections and then ends."""
    settings = settings or Settings()
    return Database.of(settings, pooled=False)


def open_context(settings: Settings | None = None) -> UseCaseContext:
    """Return the context for use cases of a command, which has no dispatcher and no caches."""
    settings = settings or Settings()
    return UseCaseContext(open_database(settings), settings)
