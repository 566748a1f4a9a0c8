"""`stancewire topics`: register, list and retire topics, and reanalyse stored articles for them."""

from __future__ import annotations

import time
from typing import Annotated, Final

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from services.api.schemas.topics import NewTopic, TopicView
from services.caller import local
from services.cli.context import open_context, open_database
from services.errors import InvalidInput
from services.settings import Settings
from services.topics import reanalysis, store
from services.use_cases import topics

app = typer.Typer(help="Topics: targets of stances besides people and things.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(metavar="TOPIC", help="The topic's ID.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON lines.")]
_PAGE: Final = 500


@app.command()
def add(
    name: Annotated[str, typer.Argument(help='The name: "NATO enlargement".')],
    claim: Annotated[
        str, typer.Option(help='A sentence that supporters of the topic agree with: "Ukraine should join NATO".')
    ],
    alias: Annotated[list[str] | None, typer.Option(help="Words that mention it; may be repeated.")] = None,
) -> None:
    """Register a topic. Articles analysed from now on are matched against it; `reanalyze` does so for earlier ones."""
    try:
        new_topic = NewTopic(name=name, aliases=alias or [], claim=claim)
        created = topics.add(
            open_context(), name=new_topic.name, aliases=new_topic.aliases, claim=new_topic.claim, caller=local()
        )
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(map(str, first["loc"]))
        raise typer.BadParameter(f"{field}: {first['msg'].removeprefix('Value error, ')}") from error
    except InvalidInput as error:
        raise typer.BadParameter(error.detail) from error
    typer.echo(created.topic.id)


@app.command("list")
def list_topics(
    everything: Annotated[bool, typer.Option("--all", help="Include retired topics.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the topics that articles are matched against."""
    database = open_database()
    table = Table("topic", "name", "aliases", "support means", "", box=None)
    retired = None if everything else False
    after = ""
    while records := store.list_topics(database, retired=retired, after=after, limit=_PAGE):
        after = records[-1].topic.id
        for record in records:
            topic, status = record.topic, "retired" if record.retired_at else ""
            table.add_row(topic.id, topic.name, ", ".join(topic.aliases), topic.claim, status)
            if as_json:
                typer.echo(TopicView.of(record).model_dump_json())
    if not as_json:
        Console(markup=False).print(table)


@app.command()
def show(topic_id: Id) -> None:
    """Show a topic as JSON."""
    typer.echo(TopicView.of(store.get(open_database(), topic_id)).model_dump_json(indent=2))


@app.command()
def retire(topic_id: Id) -> None:
    """Stop matching articles against a topic; its stances stay."""
    topics.retire(open_context(), topic_id, local())
    typer.echo(f"{topic_id}: retired")


@app.command()
def reanalyze(
    topic_ids: Annotated[
        list[str] | None, typer.Argument(metavar="TOPIC…", help="Their IDs; without any, all active topics.")
    ] = None,
    limit: Annotated[
        int, typer.Option(min=1, help="The maximum of articles to queue; run it again for more.")
    ] = 1_000_000,
    page: Annotated[int, typer.Option(min=1, max=5_000, help="Results to check in one transaction.")] = 200,
) -> None:
    """Queue earlier articles that mention topics for another analysis, after all current work.

    A stopped run is continued by the next one. Queued articles wait for workers like any job.
    """
    settings = Settings()
    database = open_database(settings)
    chosen = [topic for topic in store.active(database) if not topic_ids or topic.id in topic_ids]
    unknown = sorted(set(topic_ids or ()) - {topic.id for topic in chosen})
    if unknown:
        raise typer.BadParameter(f"there is no active topic {unknown[0]}")
    checked = queued = without_body = 0
    while chosen and queued < limit:
        wait_s = reanalysis.seconds_until_settled(database, chosen, settings.topics.cache_s)
        room = min(limit - queued, reanalysis.free_slots(database, settings.topics.reanalyze_waiting))
        if wait_s or room <= 0:
            time.sleep(min(1.0, wait_s or 1.0))
            continue
        progress = reanalysis.read_page(database, chosen, cache_s=settings.topics.cache_s, page=page, most=room)
        checked += progress.checked
        queued += progress.queued
        without_body += progress.bodiless
        if not progress.more:
            break
        typer.echo(f"{checked} results checked, {queued} articles queued", err=True)
    note = f"; {without_body} mention a topic and are no longer stored as pushed" if without_body else ""
    typer.echo(f"{checked} results checked, {queued} articles queued{note}")
