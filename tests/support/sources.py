"""Sources of feeds in tests: adding them, and fetching those that are due."""

from __future__ import annotations

import json
import threading
from typing import Any

from sqlalchemy import select, update

from services.caller import local
from services.database.engine import Database, now_ms
from services.database.tables import articles, sources
from services.settings import Settings
from services.sources import schedule, store
from services.sources.records import Source, SourceKind
from services.sources.runner import SourceRunner

HERE = {"allow_networks": "127.0.0.1/32"}


def fetch_settings(**settings: Any) -> Settings:
    """Return settings of a process that fetches from this machine, without pauses between pages."""
    quick = {"page_pause_s": 0.001, "fetch": True} | settings.pop("sources", {})
    return Settings(outbound=HERE, sources=quick, **settings)


def add_source(database: Database, kind: SourceKind, url: str | None = None, **values: Any) -> Source:
    secret = None if kind is SourceKind.POLL else store.new_secret(kind)
    return store.add(database, "wire", kind, local(), url=url, secret=secret, **values)


def run_due(database: Database, settings: Settings, *, make_due: bool = True) -> list[str]:
    """Fetch what is due in this thread; return the IDs of the sources."""
    if make_due:
        with database.write() as connection:
            connection.execute(update(sources).where(sources.c.next_at.is_not(None)).values(next_at=now_ms() - 1))
    runner = SourceRunner(database, settings, threading.Event())
    claimed = schedule.claim_due(database, (), 10)
    for due in claimed:
        runner.attempt(due)
    runner.close()
    return [due.source.id for due in claimed]


def state_of(database: Database, source: Source) -> Source:
    return store.show(database, source.feed, source.id)


def stored_articles(database: Database) -> list[tuple[str, str | None]]:
    """Return guid and title of the stored articles, in order."""
    with database.read() as connection:
        rows = connection.execute(select(articles.c.guid, articles.c.title).order_by(articles.c.id))
        return [(row.guid, row.title) for row in rows]


def seen_digests(database: Database, source: Source) -> list[str]:
    with database.read() as connection:
        value = connection.execute(select(sources.c.seen).where(sources.c.id == source.id)).scalar()
    return [] if value is None else list(json.loads(value))


def atom(*entries: tuple[str, str], links: str = "") -> bytes:
    """Return an Atom feed with entries of ID and title."""
    parts = [
        f"<entry><id>{guid}</id><title>{title}</title><updated>2026-11-23T20:15:02Z</updated>"
        f"<link href='https://news.example/{guid}'/><content>{title}. Mayor Ida Berg said so.</content></entry>"
        for guid, title in entries
    ]
    head = f"<feed xmlns='http://www.w3.org/2005/Atom'><title>News</title>{links}"
    return f"{head}{''.join(parts)}</feed>".encode()
