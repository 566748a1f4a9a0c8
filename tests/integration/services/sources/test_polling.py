from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from services.caller import local
from services.database.engine import Database
from services.database.tables import sources
from services.feeds import pauses, refusals
from services.feeds import store as feed_store
from services.sources.records import SourceKind, SourceState
from tests.support.sources import add_source, atom, fetch_settings, run_due, seen_digests, state_of, stored_articles
from tests.support.web_server import Reply, Request, WebServer, run_web_server

PAGE = (
    b"<html><head><title>Mayor says no</title></head><body><p>Mayor Ida Berg said the plan was bad.</p></body></html>"
)
FEED = "/feed.atom"


@pytest.fixture
def web() -> Iterator[WebServer]:
    with run_web_server() as server:
        yield server


def serve(web: WebServer, pages: Mapping[str, Reply | bytes]) -> None:
    """Answer the paths of ``pages``, and any other with 404."""

    def answer(request: Request) -> Reply:
        reply = pages.get(request.path, Reply(status=404))
        return Reply(reply) if isinstance(reply, bytes) else reply

    web.answer = answer


def asked(web: WebServer, path: str) -> list[Request]:
    return [request for request in web.requests if request.path == path]


def test_entries_are_accepted_once_the_oldest_first_and_a_changed_one_again(database: Database, web: WebServer) -> None:
    serve(web, {FEED: atom(("2", "Second"), ("1", "First"))})
    source = add_source(database, SourceKind.POLL, web.url(FEED))
    settings = fetch_settings()
    run_due(database, settings)
    run_due(database, settings)
    assert stored_articles(database) == [("1", "First"), ("2", "Second")]
    serve(web, {FEED: atom(("3", "Third"), ("2", "Second, corrected"), ("1", "First"))})
    run_due(database, settings)
    assert stored_articles(database)[2:] == [("2", "Second, corrected"), ("3", "Third")]
    state = state_of(database, source)
    assert (state.state, state.failures, state.error) == (SourceState.ACTIVE, 0, None)
    assert state.pushed_at is not None
    assert state.next_at is not None
    assert timedelta(minutes=10) < state.next_at - datetime.now(UTC) < timedelta(minutes=20)


def test_what_a_killed_process_had_accepted_is_not_accepted_twice(sqlite_database: Database, web: WebServer) -> None:
    serve(web, {FEED: atom(("1", "First"))})
    source = add_source(sqlite_database, SourceKind.POLL, web.url(FEED))
    run_due(sqlite_database, fetch_settings())
    with sqlite_database.write() as connection:  # the progress of the first attempt is lost
        connection.execute(update(sources).values(seen=None, etag=None))
    run_due(sqlite_database, fetch_settings())
    assert stored_articles(sqlite_database) == [("1", "First")]
    assert len(seen_digests(sqlite_database, source)) == 1


def test_unchanged_document_is_not_sent_again(sqlite_database: Database, web: WebServer) -> None:
    def answer(request: Request) -> Reply:
        if request.headers.get("If-None-Match") == '"v1"':
            assert request.headers["If-Modified-Since"] == "Mon, 23 Nov 2026 20:15:02 GMT"
            return Reply(status=304)
        headers = {"ETag": '"v1"', "Last-Modified": "Mon, 23 Nov 2026 20:15:02 GMT"}
        return Reply(atom(("1", "First")), headers=headers) if request.path == FEED else Reply(status=404)

    web.answer = answer
    source = add_source(sqlite_database, SourceKind.POLL, web.url(FEED))
    for _ in range(3):
        run_due(sqlite_database, fetch_settings())
    assert [request.headers.get("If-None-Match") for request in asked(web, FEED)] == [None, '"v1"', '"v1"']
    assert state_of(sqlite_database, source).failures == 0
    assert len(seen_digests(sqlite_database, source)) == 1


def test_failures_are_told_delay_the_next_attempt_and_end_with_a_success(
    sqlite_database: Database, web: WebServer
) -> None:
    serve(web, {FEED: Reply(status=503, headers={"Retry-After": "40000"})})
    source = add_source(sqlite_database, SourceKind.POLL, web.url(FEED), every_s=60)
    run_due(sqlite_database, fetch_settings())
    state = state_of(sqlite_database, source)
    assert (state.state, state.failures) == (SourceState.WAITING, 1)
    assert state.error == f"{web.url(FEED)} answered 503 Service Unavailable"
    assert state.next_at is not None
    assert state.next_at - datetime.now(UTC) > timedelta(seconds=39_000)
    assert run_due(sqlite_database, fetch_settings(), make_due=False) == []
    serve(web, {FEED: b"nonsense"})
    for _ in range(2):
        run_due(sqlite_database, fetch_settings())
    state = state_of(sqlite_database, source)
    assert (state.state, state.failures) == (SourceState.FAILING, 3)
    assert "is not RSS, Atom, JSON Feed or a sitemap" in (state.error or "")
    serve(web, {FEED: atom()})
    run_due(sqlite_database, fetch_settings())
    assert state_of(sqlite_database, source).state is SourceState.ACTIVE


def test_address_that_is_gone_is_not_asked_again(sqlite_database: Database, web: WebServer) -> None:
    serve(web, {FEED: Reply(status=410)})
    source = add_source(sqlite_database, SourceKind.POLL, web.url(FEED))
    run_due(sqlite_database, fetch_settings())
    assert state_of(sqlite_database, source).state is SourceState.GONE
    assert run_due(sqlite_database, fetch_settings()) == []


def test_page_instead_of_a_feed_is_refused_with_the_feeds_it_names(sqlite_database: Database, web: WebServer) -> None:
    page = b"<html><head><link rel='alternate' type='application/rss+xml' href='/rss'></head><body>x</body></html>"
    serve(web, {"/": Reply(page, headers={"Content-Type": "text/html"})})
    source = add_source(sqlite_database, SourceKind.POLL, web.url("/"))
    run_due(sqlite_database, fetch_settings())
    assert state_of(sqlite_database, source).error == f"is a page; its feeds are {web.url('/rss')}"


def test_address_that_is_not_public_is_refused_unless_allowed(sqlite_database: Database, web: WebServer) -> None:
    source = add_source(sqlite_database, SourceKind.POLL, web.url(FEED))
    run_due(sqlite_database, fetch_settings().model_copy(update={"outbound": fetch_settings().outbound.model_copy(
        update={"allow_networks": ""})}))  # fmt: skip
    assert "is not a public address" in (state_of(sqlite_database, source).error or "")
    assert web.requests == []


def test_robots_txt_is_heeded_and_an_unreadable_one_excludes(sqlite_database: Database, web: WebServer) -> None:
    rules = b"User-agent: *\nAllow: /\n\nUser-agent: stancewire\nDisallow: /*.atom$\n"
    serve(web, {"/robots.txt": rules, FEED: atom(("1", "First"))})
    source = add_source(sqlite_database, SourceKind.POLL, web.url(FEED))
    run_due(sqlite_database, fetch_settings())
    assert state_of(sqlite_database, source).error == "robots.txt excludes this address"
    serve(web, {"/robots.txt": Reply(status=500), FEED: atom(("1", "First"))})
    run_due(sqlite_database, fetch_settings())
    assert "/robots.txt cannot be read: status 500" in (state_of(sqlite_database, source).error or "")
    assert asked(web, FEED) == []
    run_due(sqlite_database, fetch_settings(sources={"robots": False}))
    assert stored_articles(sqlite_database) == [("1", "First")]


def test_entries_that_intake_refuses_for_now_are_read_later(sqlite_database: Database, web: WebServer) -> None:
    serve(web, {FEED: Reply(atom(("1", "First")), headers={"ETag": '"v1"'})})
    source = add_source(sqlite_database, SourceKind.POLL, web.url(FEED))
    feed_store.change(sqlite_database, "wire", {"queued_limit": 0}, local())
    run_due(sqlite_database, fetch_settings())
    state = state_of(sqlite_database, source)
    assert (stored_articles(sqlite_database), state.failures, seen_digests(sqlite_database, source)) == ([], 0, [])
    feed_store.change(sqlite_database, "wire", {"queued_limit": None}, local())
    run_due(sqlite_database, fetch_settings())
    assert stored_articles(sqlite_database) == [("1", "First")]
    assert "If-None-Match" not in asked(web, FEED)[1].headers, "the document was not read to its end"


def test_source_of_a_paused_feed_waits(sqlite_database: Database, web: WebServer) -> None:
    source = add_source(sqlite_database, SourceKind.POLL, web.url(FEED))
    pauses.pause(sqlite_database, "wire", "a test", local())
    assert run_due(sqlite_database, fetch_settings()) == []
    pauses.resume(sqlite_database, "wire", local())
    assert run_due(sqlite_database, fetch_settings()) == [source.id]


def test_entry_without_text_is_noted_and_does_not_hold_up_the_others(sqlite_database: Database, web: WebServer) -> None:
    items = b"<item><guid>1</guid><title>A picture</title></item><item><guid>2</guid><description>Ida Berg said no."
    serve(
        web, {FEED: b"<rss version='2.0'><channel><title>x</title>" + items + b"</description></item></channel></rss>"}
    )
    add_source(sqlite_database, SourceKind.POLL, web.url(FEED))
    run_due(sqlite_database, fetch_settings())
    assert [guid for guid, _ in stored_articles(sqlite_database)] == ["2"]
    [refusal] = refusals.list_refusals(sqlite_database, "wire", 10)
    assert (refusal.format, refusal.number) == ("RSS", 1)


def test_pages_of_a_sitemap_are_read_some_in_each_poll_and_once(sqlite_database: Database, web: WebServer) -> None:
    now = datetime.now(UTC).isoformat()
    urls = "".join(f"<url><loc>{web.url(f'/{n}')}</loc><lastmod>{now}</lastmod></url>" for n in range(3))
    old = f"<url><loc>{web.url('/old')}</loc><lastmod>2020-01-01</lastmod></url>"
    old += f"<url><loc>{web.url('/undated')}</loc></url>"
    index = f"<sitemapindex><sitemap><loc>{web.url('/s.xml')}</loc></sitemap></sitemapindex>".encode()
    pages = dict.fromkeys(("/0", "/1"), PAGE) | {"/s.xml": f"<urlset>{urls}{old}</urlset>".encode(), "/": index}
    serve(web, pages)
    source = add_source(sqlite_database, SourceKind.POLL, web.url("/"))
    settings = fetch_settings(sources={"pages": 2})
    run_due(sqlite_database, settings)
    state = state_of(sqlite_database, source)
    assert len(stored_articles(sqlite_database)) + len(refusals.list_refusals(sqlite_database, "wire", 9)) == 2
    assert state.next_at is not None
    assert state.next_at - datetime.now(UTC) < timedelta(seconds=70), "more pages are left"
    for _ in range(2):
        run_due(sqlite_database, settings)
    assert sorted(stored_articles(sqlite_database)) == [(web.url("/0"), None), (web.url("/1"), None)]
    [refusal] = refusals.list_refusals(sqlite_database, "wire", 9)
    assert (refusal.code, refusal.detail) == (
        "page_unreadable",
        f"{web.url('/2')}: {web.url('/2')} answered 404 Not Found",
    )
    assert [len(asked(web, f"/{name}")) for name in ("0", "1", "2", "old", "undated")] == [1, 1, 1, 0, 0]


def test_pages_that_entries_link_to_are_read_where_wanted(sqlite_database: Database, web: WebServer) -> None:
    feed = atom(("1", "First")).replace(b"https://news.example/1", web.url("/story").encode())
    serve(web, {FEED: feed, "/story": PAGE})
    add_source(sqlite_database, SourceKind.POLL, web.url(FEED), pages=True)
    run_due(sqlite_database, fetch_settings())
    assert stored_articles(sqlite_database) == [("1", "First")]
    assert len(asked(web, "/story")) == 1
