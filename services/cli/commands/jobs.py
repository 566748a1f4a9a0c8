"""`stancewire jobs`: look at jobs and act on them, straight in the ledger."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Annotated, NoReturn
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from services.api.schemas.jobs import job_view
from services.caller import local
from services.contracts import JobState
from services.database.engine import Database
from services.errors import StancewireError
from services.jobs import actions, bulk_actions, queries
from services.jobs.bulk_actions import BulkAction, Selection
from services.settings import Settings

app = typer.Typer(help="Look at jobs and act on them.", no_args_is_help=True)

Ids = Annotated[list[UUID] | None, typer.Argument(metavar="JOB…")]
AllDead = Annotated[bool, typer.Option("--all-dead", help="Short for --state dead.")]
State = Annotated[JobState | None, typer.Option(help="Those in this state.")]
Feed = Annotated[str | None, typer.Option(help="Those of this feed.")]
Reason = Annotated[str | None, typer.Option(help="Those that ended with this reason, as `jobs list` shows it.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print what would be done; change nothing.")]


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
def retry(
    jobs: Ids = None,
    state: State = None,
    feed: Feed = None,
    reason: Reason = None,
    dry_run: DryRun = False,
    all_dead: AllDead = False,
) -> None:
    """Queue failed or dead jobs again, with all their attempts."""
    chosen = Selection(JobState.DEAD if all_dead else state, feed, reason)
    _act(BulkAction.RETRY, jobs, chosen, actions.retry, "queued again", dry_run=dry_run)


@app.command()
def drop(
    jobs: Ids = None,
    state: State = None,
    feed: Feed = None,
    reason: Reason = None,
    dry_run: DryRun = False,
    all_dead: AllDead = False,
) -> None:
    """Give up failed or dead jobs for good."""
    chosen = Selection(JobState.DEAD if all_dead else state, feed, reason)
    _act(BulkAction.DROP, jobs, chosen, actions.drop, "dropped", dry_run=dry_run)


@app.command()
def cancel(
    jobs: Ids = None, state: State = None, feed: Feed = None, reason: Reason = None, dry_run: DryRun = False
) -> None:
    """Cancel queued or running jobs."""
    _act(BulkAction.CANCEL, jobs, Selection(state, feed, reason), actions.cancel, "canceled", dry_run=dry_run)


@app.command()
def reprioritise(
    jobs: Ids = None,
    priority: Annotated[int, typer.Option("--to", min=-100, max=100, help="Higher goes first within its feed.")] = 0,
    feed: Feed = None,
    reason: Reason = None,
    dry_run: DryRun = False,
) -> None:
    """Move queued jobs forward or back within their feeds."""
    act = partial(actions.reprioritise, priority=priority)
    _act(
        BulkAction.REPRIORITISE,
        jobs,
        Selection(None, feed, reason),
        act,
        f"priority {priority}",
        dry_run=dry_run,
        priority=priority,
    )


def _act(
    act: BulkAction,
    jobs: list[UUID] | None,
    chosen: Selection,
    one: Callable[[Database, UUID], None],
    done: str,
    *,
    dry_run: bool,
    priority: int = 0,
) -> None:
    """On the jobs named, or on those of a selection: never on both, and never on all by leaving everything out."""
    if bool(jobs) == (chosen != Selection()):
        raise typer.BadParameter("name jobs, or choose them by --state, --feed or --reason")
    database = _database()
    try:
        if jobs:
            failed = _each(database, jobs, one, done, dry_run=dry_run)
        elif dry_run:
            typer.echo(f"{bulk_actions.count(database, act, chosen)} jobs would be {done}")
            failed = False
        else:
            outcome = bulk_actions.apply(database, act, chosen, local(), priority=priority)
            typer.echo(f"{outcome.changed} jobs {done}")
            for code, number in sorted(outcome.refused.items()):
                typer.echo(f"{number} jobs not: {code}", err=True)
            failed = bool(outcome.refused)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--state") from error
    except StancewireError as error:
        _stop(error)
    raise typer.Exit(1 if failed else 0)


def _each(
    database: Database, jobs: list[UUID], act: Callable[[Database, UUID], None], done: str, *, dry_run: bool
) -> bool:
    """Whether any failed."""
    failed = False
    for job_id in jobs:
        try:
            if dry_run:
                typer.echo(f"{job_id}: {queries.job(database, job_id).state}, would be {done}")
                continue
            act(database, job_id)
        except StancewireError as error:
            failed = True
            typer.echo(f"{job_id}: {error.detail}", err=True)
        else:
            typer.echo(f"{job_id}: {done}")
    return failed


def _stop(error: StancewireError) -> NoReturn:
    typer.echo(f"stancewire: {error.detail}", err=True)
    raise typer.Exit(1)
