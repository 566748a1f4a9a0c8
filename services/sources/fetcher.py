"""Fetches a source once, and submits the entries that it lists and that were not read before."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Final

import httpx
import structlog

from services.contracts import Article
from services.database.engine import Database
from services.errors import Refused, TextTooLong
from services.feeds.activity import ActivityRecorder
from services.feeds.refusals import NewRefusal
from services.ingest import formats
from services.ingest.formats.document import Document
from services.ingest.formats.feed_format import FormatError, ParsedArticle
from services.ingest.submit import Intake, check_length, submit
from services.jobs.accept import Acceptance
from services.outbound.client import Answer, fetch, retry_after_s
from services.settings import Settings
from services.sources.listing import SITEMAP, Entry, Listing, options_of, page_entries, read_feed, unzipped
from services.sources.records import Source
from services.sources.robots import RobotsRules
from services.sources.schedule import DueSource, Progress
from services.sources.sitemaps import SitemapEntry, is_sitemap, read_sitemap

log = structlog.get_logger(__name__)

_ACCEPT: Final = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.5"
)
_CHUNK: Final = 100  # articles in one transaction
_SITEMAPS_MAX: Final = 10  # of an index, the newest
_ROBOTS_RETRY_S: Final = 3_600  # robots.txt is read again after that
# Answers of a page that are final: the entry is refused, not tried again.
_FINAL_STATUSES: Final = frozenset(
    {HTTPStatus.NOT_FOUND, HTTPStatus.GONE, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
)


class SourceFailed(Exception):
    """A source or a page could not be read. ``retry_s`` is the delay that its server asked for, at least."""

    def __init__(self, reason: str, *, status: int | None = None, retry_s: float = 0) -> None:
        """Set the reason in words for an operator, and the status of the answer, if there was one."""
        super().__init__(reason)
        self.status = status
        self.retry_s = retry_s


@dataclass(frozen=True, slots=True)
class Fetcher:
    """The parts that fetching needs. Threads may share it."""

    database: Database
    settings: Settings
    client: httpx.Client
    robots: RobotsRules
    intake: Intake
    recorder: ActivityRecorder
    stopping: threading.Event

    def poll(self, due: DueSource) -> Progress | None:
        """Read what is new at an address; return None if nothing has changed.

        Raises `SourceFailed`, and `StoreUnavailable`, after which nothing is known to have been accepted.
        """
        answer = self.get(due.source.url or "", due)
        if answer.status == HTTPStatus.NOT_MODIFIED:
            return None
        return self.submit_new(due, answer)

    def get(self, url: str, due: DueSource | None = None) -> Answer:
        """Fetch an address, with the conditions of the last answer. Raises `SourceFailed` unless it is 200 or 304."""
        headers = {"Accept": _ACCEPT}
        if due is not None and due.etag:
            headers["If-None-Match"] = due.etag
        if due is not None and due.modified:
            headers["If-Modified-Since"] = due.modified
        try:
            if not self.robots.allows(url):
                raise SourceFailed("robots.txt excludes this address", retry_s=_ROBOTS_RETRY_S)
            request = self.client.build_request("GET", url, headers=headers)
            answer = fetch(self.client, request, self.settings.outbound.answer_bytes)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise SourceFailed(str(error) or type(error).__name__) from error
        check_status(answer)
        return answer

    def submit_new(self, due: DueSource, answer: Answer) -> Progress:
        """Submit the entries of a fetched document that are new. Raises `SourceFailed` and `StoreUnavailable`."""
        try:
            listing = self._listing(due.source, answer)
        except FormatError as error:
            raise SourceFailed(str(error)) from error
        new = [entry for entry in listing.entries if due.seen is None or entry.digest not in due.seen]
        reads_pages = due.source.pages or listing.format == SITEMAP
        if due.seen is None and listing.format == SITEMAP:
            new = [entry for entry in new if entry.changed_at is not None]
        wanted = new[: self.settings.sources.pages] if reads_pages else new
        wanted.reverse()  # the oldest first
        submission = _Submission(self, due.source, listing.format, reads_pages=reads_pages)
        held_s = submission.push(wanted)
        left = {entry.digest for entry in new} - submission.done
        seen = [entry.digest for entry in listing.entries if entry.digest not in left]
        return Progress(
            seen=seen,
            accepted=submission.accepted,
            is_complete=not left,
            held_s=held_s,
            etag=answer.headers.get("etag"),
            modified=answer.headers.get("last-modified"),
        )

    def _listing(self, source: Source, answer: Answer) -> Listing:
        """Return what a document lists. Raises `FormatError`, and `SourceFailed` for a sitemap of an index."""
        most = self.settings.sources.entries
        document = self._document(answer)
        if not is_sitemap(document):
            return read_feed(document, answer.url, options_of(source.feed, self.settings.limits), most)
        sitemap = read_sitemap(document)
        pages = list(sitemap.pages)
        for child in sitemap.sitemaps[:_SITEMAPS_MAX]:
            if self._is_recent(child) and not self.stopping.is_set():
                pages += read_sitemap(self._document(self.get(child.url))).pages
        recent = [page for page in pages if self._is_recent(page)]
        return Listing(SITEMAP, list(page_entries(recent[:most])))

    def _document(self, answer: Answer) -> Document:
        body = unzipped(answer.body, self.settings.outbound.answer_bytes)
        return Document(body, answer.headers.get("content-type", ""))

    def _is_recent(self, entry: SitemapEntry) -> bool:
        age = timedelta(days=self.settings.sources.sitemap_days)
        return entry.changed_at is None or datetime.now(UTC) - entry.changed_at <= age

    def page(self, entry: Entry, feed: str) -> ParsedArticle:
        """Return the article of the page that an entry links to.

        Raises `FormatError`, and `SourceFailed` if the page cannot be fetched.
        """
        answer = self.get(entry.url or "")
        document = self._document(answer)
        feed_format = formats.detect(document, formats.for_content_type(document.media_type))
        options = options_of(feed, self.settings.limits)
        if feed_format is None:
            raise FormatError.syntax("is not a page")
        parsed = feed_format.article(next(iter(feed_format.contents(document, options).records)), options)
        article, listed = parsed.article, entry.parsed.article if entry.parsed else None
        values = {
            "guid": (listed.guid if listed else None) or entry.url,
            "url": entry.url,
            "title": article.title or entry.title,
            "byline": article.byline or (listed.byline if listed else None),
            "published_at": article.published_at or entry.changed_at,
        }
        return ParsedArticle(article.model_copy(update=values), parsed.warnings)


class _Submission:
    """Submits entries. ``done`` are the digests of those accepted or refused, ``accepted`` counts new articles."""

    def __init__(self, fetcher: Fetcher, source: Source, format_name: str, *, reads_pages: bool) -> None:
        self.done: set[str] = set()
        self.accepted = 0
        self._fetcher = fetcher
        self._source = source
        self._format = format_name
        self._reads_pages = reads_pages

    def push(self, entries: Sequence[Entry]) -> float | None:
        """Submit entries in order. Return the delay (s) that intake asks for if it refuses some for now, else None."""
        size = 1 if self._reads_pages else _CHUNK
        for start in range(0, len(entries), size):
            chunk = entries[start : start + size]
            if self._fetcher.stopping.is_set():
                return 0
            if start and self._reads_pages:
                self._pause(chunk[0])
            held_s = self._push_chunk(chunk)
            if held_s is not None:
                return held_s
        return None

    def _push_chunk(self, entries: Sequence[Entry]) -> float | None:
        batch = {entry.digest: article for entry in entries if (article := self._read(entry)) is not None}
        if not batch:
            return None
        try:
            answers = submit(self._fetcher.intake, list(batch.values()), self._source.caller)
        except Refused as refusal:
            return refusal.retry_after
        held_s = None
        for digest, answer in zip(batch, answers, strict=True):
            if isinstance(answer, Acceptance):
                self.done.add(digest)
                self.accepted += answer.created
            elif isinstance(answer, Refused):
                held_s = max(held_s or 0, answer.retry_after)
            else:
                self._refuse(Entry(digest), answer.code, answer.detail)
        self._fetcher.recorder.note_document(self._source.feed, self._format)
        return held_s

    def _read(self, entry: Entry) -> Article | None:
        """Return the article of an entry; None if it is refused, which is noted, or its page fails for now."""
        try:
            article = self._article(entry)
            check_length(article, self._fetcher.settings.limits)
        except FormatError as error:
            self._refuse(entry, "no_text" if error.without_text else "invalid", str(error))
        except TextTooLong as error:
            self._refuse(entry, error.code, error.detail)
        except SourceFailed as error:
            if error.status in _FINAL_STATUSES:
                self._refuse(entry, "page_unreadable", f"{entry.url}: {error}")
            else:  # the next poll tries it again
                log.info("source_page_failed", source=self._source.id, reason=str(error))
        else:
            return article
        return None

    def _article(self, entry: Entry) -> Article:
        if self._reads_pages and entry.url:
            return self._fetcher.page(entry, self._source.feed).article
        if entry.error is not None:
            raise entry.error
        if entry.parsed is None:
            raise FormatError.syntax("the entry has no text")
        return entry.parsed.article

    def _refuse(self, entry: Entry, code: str, detail: str) -> None:
        self.done.add(entry.digest)
        refusal = NewRefusal(self._source.feed, code, detail, self._format, self._source.id)
        self._fetcher.recorder.note_refusal(refusal)

    def _pause(self, entry: Entry) -> None:
        try:
            delay_s = self._fetcher.robots.delay_s(entry.url or "")
        except httpx.HTTPError:
            delay_s = 0.0
        self._fetcher.stopping.wait(max(delay_s, self._fetcher.settings.sources.page_pause_s))


def check_status(answer: Answer) -> None:
    """Raise `SourceFailed` unless an answer is 200 or 304."""
    if answer.status in {HTTPStatus.OK, HTTPStatus.NOT_MODIFIED}:
        return
    try:
        phrase = f" {HTTPStatus(answer.status).phrase}"
    except ValueError:
        phrase = ""
    reason = f"{answer.url} answered {answer.status}{phrase}"
    raise SourceFailed(reason, status=answer.status, retry_s=retry_after_s(answer.headers))
