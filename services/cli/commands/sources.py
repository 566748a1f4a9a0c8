"""`stancewire sources`: where the articles of feeds come from, directly in the database."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Table

from services.api.schemas.sources import refusal_view, source_view
from services.caller import local
from services.cli.arguments import check_feed_name, fail
from services.cli.context import open_context, open_database
from services.errors import InvalidInput
from services.feeds import activity, refusals
from services.feeds import store as feed_store
from services.settings import Settings
from services.sources import store
from services.sources.records import Source, SourceKind, SourceState
from services.use_cases import sources

app = typer.Typer(help="Signed pushes, polled addresses and subscriptions of feeds.", no_args_is_help=True)

Feed = Annotated[str, typer.Argument(metavar="FEED")]
SourceId = Annotated[str, typer.Argument(metavar="SOURCE", help="The ID of a source, as `sources list` shows it.")]
AsJson = Annotated[bool, typer.Option("--json")]
_PROBLEMS: Final = frozenset({SourceState.FAILING, SourceState.DENIED, SourceState.GONE})
_LISTED: Final = 50


@app.command()
def add(
    feed: Feed,
    kind: Annotated[SourceKind, typer.Argument(help="How articles come.")],
    url: Annotated[str | None, typer.Argument(metavar="URL", help="For poll and websub.")] = None,
    every: Annotated[int | None, typer.Option(help="Seconds between two polls.")] = None,
    pages: Annotated[bool, typer.Option("--pages", help="Read the pages that entries link to.")] = False,
    secret_file: Annotated[
        typer.FileText | None, typer.Option(help="File with the secret of the sender; `-` is standard input.")
    ] = None,
) -> None:
    """Add a source. For pushes the secret is printed, only now, and nothing else on standard output."""
    secret = None if secret_file is None else secret_file.read().strip()
    try:
        source, made = sources.add(
            open_context(), check_feed_name(feed), kind, local(), url=url, secret=secret, every_s=every, pages=pages
        )
    except InvalidInput as error:
        fail(error.detail)
    target = source.push_path if source.url is None else source.url
    typer.echo(f"source {source.id} of {feed}: {kind} {target}", err=True)
    if kind.is_fetched and not Settings().sources.fetch:
        typer.echo("sources.fetch is off here; set it for the sweeper, or nothing is fetched", err=True)
    if made is not None:
        typer.echo(made)


@app.command("list")
def list_sources(
    feed: Annotated[str | None, typer.Argument(metavar="FEED")] = None,
    problems: Annotated[bool, typer.Option("--problems", help="Only those that bring nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the sources of a feed, or of all feeds."""
    settings = Settings()
    database = open_database(settings)
    names = [each.name for each in feed_store.list_feeds(database)] if feed is None else [check_feed_name(feed)]
    listed = [source for name in names for source in store.list_sources(database, name)]
    listed = [source for source in listed if source.state in _PROBLEMS or not problems]
    if as_json:
        for source in listed:
            typer.echo(source_view(source, settings.api.public_url).model_dump_json())
        return
    table = Table("source", "feed", "kind", "state", "address", "last push", "next", "error", box=None)
    for source in listed:
        table.add_row(*_row(source))
    Console(highlight=False, markup=False).print(table)


@app.command("set")
def change(
    feed: Feed,
    source_id: SourceId,
    every: Annotated[int | None, typer.Option(help="Seconds between two polls; -1 for the default.")] = None,
    pages: Annotated[bool | None, typer.Option("--pages/--entries", help="Read linked pages, or entries.")] = None,
    paused: Annotated[bool | None, typer.Option("--pause/--resume", help="Pause it, or end its pause.")] = None,
) -> None:
    """Change a source."""
    options: dict[str, Any] = {"every_s": every, "pages": pages, "paused": paused}
    settings = {name: None if value == -1 else value for name, value in options.items() if value is not None}
    if not settings:
        raise typer.BadParameter("say what to change: --every, --pages, --entries, --pause or --resume")
    source = sources.change(open_context(), check_feed_name(feed), source_id, settings, local())
    typer.echo(f"{source.id}: {source.state}")


@app.command()
def fetch(feed: Feed, source_id: SourceId) -> None:
    """Have a source fetched now, by the sweeper, instead of when it is due."""
    source = sources.check_soon(open_context(), check_feed_name(feed), source_id)
    typer.echo(f"{source.id}: is fetched next")


@app.command()
def remove(feed: Feed, source_id: SourceId) -> None:
    """Remove a source; a subscription is ended at its hub first. A second time it is removed at once."""
    left = sources.remove(open_context(), check_feed_name(feed), source_id, local())
    typer.echo(f"{source_id}: {'removed' if left is None else 'is removed when the hub has ended the subscription'}")


@app.command("refusals")
def list_refusals(feed: Feed, limit: Annotated[int, typer.Option(min=1)] = _LISTED, as_json: AsJson = False) -> None:
    """List what of a feed was refused, with the reason, and the formats that it pushes."""
    database = open_database()
    name = check_feed_name(feed)
    listed = refusals.list_refusals(database, name, limit)
    if as_json:
        for refusal in listed:
            typer.echo(refusal_view(refusal).model_dump_json())
        return
    for seen in activity.formats_of(database, name):
        typer.echo(f"{seen.format}: {seen.documents} documents, the last {seen.last_at:%Y-%m-%d %H:%M:%S}")
    table = Table("last", "times", "format", "code", "reason", "kept bytes", box=None)
    for refusal in listed:
        kept = "" if refusal.size is None else str(refusal.size)
        last = f"{refusal.last_at:%Y-%m-%d %H:%M:%S}"
        table.add_row(last, str(refusal.number), refusal.format, refusal.code, refusal.detail, kept)
    Console(highlight=False, markup=False).print(table)


def _row(source: Source) -> tuple[str, ...]:
    times = ["" if at is None else f"{at:%Y-%m-%d %H:%M:%S}" for at in (source.pushed_at, source.next_at)]
    address = source.url or source.push_path or ""
    return (source.id, source.feed, source.kind, source.state, address, *times, source.error or "")
