"""`stancewire topics`: register topics, look at them, retire them, and read the past for them."""

from __future__ import annotations

import time
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from services.api.schemas.topics import NewTopic, TopicView
from services.caller import local
from services.database.engine import Database
from services.settings import Settings
from services.topics import reanalysis, store

app = typer.Typer(help="Topics: what statements are read for besides people and things.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(metavar="TOPIC", help="The topic's ID.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON lines.")]
_PAGE = 500


def _database(settings: Settings) -> Database:
    return Database(settings.resolved_database_url(), settings.database, pooled=False)


@app.command()
def add(
    name: Annotated[str, typer.Argument(help='What it is called: "NATO enlargement".')],
    claim: Annotated[str, typer.Option(help='A sentence; who supports the topic agrees: "Ukraine should join NATO".')],
    alias: Annotated[list[str] | None, typer.Option(help="Words that speak of it; may be given several times.")] = None,
) -> None:
    """Register a topic. Articles analysed from now on are read for it; `reanalyze` does so for those of before."""
    settings = Settings()
    try:
        new = NewTopic(name=name, aliases=alias or [], claim=claim)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise typer.BadParameter(f"{field}: {first['msg'].removeprefix('Value error, ')}") from error
    if len(new.aliases) > settings.topics.aliases:
        raise typer.BadParameter(f"a topic may have {settings.topics.aliases} aliases")
    made = store.add(
        _database(settings), name=new.name, aliases=new.aliases, claim=new.claim, limits=settings.topics, by=local()
    )
    typer.echo(made.topic.id)


@app.command("list")
def list_topics(
    everything: Annotated[bool, typer.Option("--all", help="Retired ones too.")] = False,
    as_json: AsJson = False,
) -> None:
    """The topics that articles are read for."""
    database = _database(Settings())
    table = Table("topic", "name", "aliases", "support means", "", box=None)
    after = ""
    while found := store.list_topics(database, retired=None if everything else False, after=after, limit=_PAGE):
        after = found[-1].topic.id
        for record in found:
            topic = record.topic
            table.add_row(
                topic.id, topic.name, ", ".join(topic.aliases), topic.claim, "retired" if record.retired_at else ""
            )
            if as_json:
                typer.echo(TopicView.of(record).model_dump_json())
    if not as_json:
        Console(markup=False).print(table)


@app.command()
def show(topic_id: Id) -> None:
    """One topic."""
    typer.echo(TopicView.of(store.get(_database(Settings()), topic_id)).model_dump_json(indent=2))


@app.command()
def retire(topic_id: Id) -> None:
    """Read no more articles for a topic; the stances that were found stay."""
    settings = Settings()
    store.change(_database(settings), topic_id, retired=True, limits=settings.topics, by=local())
    typer.echo(f"{topic_id}: retired")


@app.command()
def reanalyze(
    topic_ids: Annotated[
        list[str] | None, typer.Argument(metavar="TOPIC…", help="Their IDs; without any, all active.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Articles to queue, at most; run it again for more.")] = 1_000_000,
    page: Annotated[int, typer.Option(min=1, max=5_000, help="Results to look at in one transaction.")] = 200,
) -> None:
    """Read the past for topics: articles that speak of them are analysed again, behind all live work.

    It may be stopped and goes on where it was. What is queued waits for workers like any job.
    """
    settings = Settings()
    database = _database(settings)
    chosen = [topic for topic in store.active(database) if not topic_ids or topic.id in topic_ids]
    for missing in sorted(set(topic_ids or ()) - {topic.id for topic in chosen}):
        raise typer.BadParameter(f"there is no active topic {missing}")
    looked = queued = bodiless = 0
    while chosen and queued < limit:
        wait = reanalysis.unsettled(database, chosen, settings.topics.cache_s)
        free = min(limit - queued, reanalysis.room(database, settings.topics.reanalyze_waiting))
        if wait or free <= 0:
            time.sleep(min(1.0, wait or 1.0))
            continue
        done = reanalysis.read_page(database, chosen, cache_s=settings.topics.cache_s, page=page, most=free)
        looked, queued, bodiless = looked + done.looked, queued + done.queued, bodiless + done.bodiless
        if not done.more:
            break
        typer.echo(f"{looked} results looked at, {queued} articles queued", err=True)
    kept = f"; {bodiless} speak of a topic and are no longer kept as pushed" if bodiless else ""
    typer.echo(f"{looked} results looked at, {queued} articles queued{kept}")
