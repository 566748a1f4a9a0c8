"""`stancewire jobs`: look at jobs and act on them, straight in the ledger."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated, NoReturn
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from services.contracts import JobState
from services.errors import StancewireError
from services.results import operations, queries
from services.results.database import Database
from services.results.views import job_view
from services.settings import Settings

app = typer.Typer(help="Look at jobs and act on them.", no_args_is_help=True)

Ids = Annotated[list[UUID] | None, typer.Argument(metavar="JOB…")]
AllDead = Annotated[bool, typer.Option("--all-dead", help="Every dead job instead of those named.")]
_PAGE = 500


def _database() -> Database:
    settings = Settings()
    return Database(settings.resolved_database_url(), settings.database, pooled=False)


@app.command("list")
def list_jobs(
    feed: Annotated[str | None, typer.Option()] = None,
    state: Annotated[JobState | None, typer.Option()] = None,
    guid: Annotated[str | None, typer.Option()] = None,
    limit: Annotated[int, typer.Option(min=1)] = 20,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """The newest jobs."""
    try:
        found = queries.list_jobs(_database(), feed=feed, guid=guid, state=state, limit=limit)
    except StancewireError as error:
        _stop(error)
    if as_json:
        for record in found:
            typer.echo(job_view(record).model_dump_json())
        return
    table = Table("job", "state", "feed", "title or guid", "attempts", "created", "reason", box=None)
    for record in found:
        created = f"{record.created_at:%Y-%m-%d %H:%M:%S}"
        name = record.title or record.guid or ""
        reason = record.reason_code or ""
        table.add_row(str(record.id), record.state, record.feed, name[:60], str(record.attempts), created, reason)
    Console().print(table)


@app.command()
def show(job_id: Annotated[UUID, typer.Argument(metavar="JOB")]) -> None:
    """One job, with the reason it ended with."""
    try:
        view = job_view(queries.job(_database(), job_id))
    except StancewireError as error:
        _stop(error)
    typer.echo(json.dumps(view.model_dump(mode="json"), indent=2, ensure_ascii=False))


@app.command()
def retry(jobs: Ids = None, all_dead: AllDead = False) -> None:
    """Queue failed or dead jobs again, with all their attempts."""
    _each(jobs, operations.retry, "queued again", all_dead=all_dead)


@app.command()
def drop(jobs: Ids = None, all_dead: AllDead = False) -> None:
    """Give up failed or dead jobs for good."""
    _each(jobs, operations.drop, "dropped", all_dead=all_dead)


@app.command()
def cancel(jobs: Ids = None) -> None:
    """Cancel queued or running jobs."""
    _each(jobs, operations.cancel, "canceled", all_dead=False)


@app.command()
def reprioritise(
    job_id: Annotated[UUID, typer.Argument(metavar="JOB")],
    priority: Annotated[int, typer.Argument(min=-100, max=100, help="Higher goes first within its feed; 0 is the default.")],
) -> None:
    """Move a queued job forward or back within its feed."""
    _each(
        [job_id], lambda database, one: operations.reprioritise(database, one, priority), f"priority {priority}", all_dead=False
    )


def _each(jobs: list[UUID] | None, act: Callable[[Database, UUID], None], done: str, *, all_dead: bool) -> None:
    database = _database()
    if bool(jobs) == all_dead:
        raise typer.BadParameter("name jobs, or say --all-dead")
    failed = False
    try:
        for job_id in _dead(database) if all_dead else jobs or ():
            try:
                act(database, job_id)
            except StancewireError as error:
                failed = True
                typer.echo(f"{job_id}: {error.detail}", err=True)
            else:
                typer.echo(f"{job_id}: {done}")
    except StancewireError as error:
        _stop(error)
    raise typer.Exit(1 if failed else 0)


def _dead(database: Database) -> list[UUID]:
    found: list[UUID] = []
    while page := queries.list_jobs(database, state=JobState.DEAD, before=found[-1] if found else None, limit=_PAGE):
        found += [record.id for record in page]
    return found


def _stop(error: StancewireError) -> NoReturn:
    typer.echo(f"stancewire: {error.detail}", err=True)
    raise typer.Exit(1)
