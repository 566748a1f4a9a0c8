"""The database that use cases act on, and their way to the dispatcher and the caches of their process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from services.database.engine import Database
from services.settings import Settings


def _do_nothing(*_arguments: object) -> None:
    """Stand in for a dispatcher or a cache in a process that has none."""


@dataclass(frozen=True, slots=True)
class UseCaseContext:
    """The database, the settings, and the callbacks into this process.

    An API process passes callbacks to its dispatch thread and its caches. The command line has neither and leaves the
    defaults, which do nothing: running services notice its changes when their caches expire (``access.cache_s``,
    ``feeds.cache_s``), and the sweeper dispatches what became ready.
    """

    database: Database
    settings: Settings
    nudge_dispatcher: Callable[[], None] = _do_nothing  # jobs may be ready to dispatch
    forget_feeds: Callable[[], None] = _do_nothing  # the settings of a feed changed
    forget_key: Callable[[str], None] = _do_nothing  # the key with this ID changed
