"""`stancewire jobs`: list, show and change jobs, directly in the ledger."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from services.api.schemas.jobs import job_view
from services.caller import Caller, local
from services.cli.context import open_context, open_database
from services.contracts import JobState
from services.errors import InvalidInput, StancewireError
from services.jobs import queries
from services.jobs.bulk_actions import BulkAction, Selection
from services.use_cases import jobs as use_cases
from services.use_cases.context import UseCaseContext

app = typer.Typer(help="List, show and change jobs.", no_args_is_help=True)

Ids = Annotated[list[UUID] | None, typer.Argument(metavar="JOB…")]
AllDead = Annotated[bool, typer.Option("--all-dead", help="Short for --state dead.")]
State = Annotated[JobState | None, typer.Option(help="Jobs in this state.")]
Feed = Annotated[str | None, typer.Option(help="Jobs of this feed.")]
Reason = Annotated[str | None, typer.Option(help="Jobs that ended with this reason, as `jobs list` shows it.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print what would be done; change nothing.")]
JobAction = Callable[[UseCaseContext, UUID, Caller], None]


@app.command("list")
def list_jobs(
    feed: Annotated[str | None, typer.Option()] = None,
    state: Annotated[JobState | None, typer.Option()] = None,
    guid: Annotated[str | None, typer.Option()] = None,
    limit: Annotated[int, typer.Option(min=1)] = 20,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """List the newest jobs."""
    records = queries.list_jobs(open_database(), feed=feed, guid=guid, state=state, limit=limit)
    if as_json:
        for record in records:
            typer.echo(job_view(record).model_dump_json())
        return
    table = Table("job", "state", "feed", "title or guid", "attempts", "created", "reason", box=None)
    for record in records:
        created = f"{record.created_at:%Y-%m-%d %H:%M:%S}"
        name = record.title or record.guid or ""
        reason = record.reason_code or ""
        table.add_row(str(record.id), record.state, record.feed, name[:60], str(record.attempts), created, reason)
    Console().print(table)


@app.command()
def show(job_id: Annotated[UUID, typer.Argument(metavar="JOB")]) -> None:
    """Show a job as JSON, with the reason for its end."""
    view = job_view(queries.job(open_database(), job_id))
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
    selection = Selection(JobState.DEAD if all_dead else state, feed, reason)
    _act(BulkAction.RETRY, use_cases.retry, jobs, selection, "queued again", dry_run=dry_run)


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
    selection = Selection(JobState.DEAD if all_dead else state, feed, reason)
    _act(BulkAction.DROP, use_cases.drop, jobs, selection, "dropped", dry_run=dry_run)


@app.command()
def cancel(
    jobs: Ids = None, state: State = None, feed: Feed = None, reason: Reason = None, dry_run: DryRun = False
) -> None:
    """Cancel queued or running jobs."""
    selection = Selection(state, feed, reason)
    _act(BulkAction.CANCEL, use_cases.cancel, jobs, selection, "canceled", dry_run=dry_run)


@app.command()
def reprioritise(
    jobs: Ids = None,
    priority: Annotated[int, typer.Option("--to", min=-100, max=100, help="Higher is earlier, within the feed.")] = 0,
    feed: Feed = None,
    reason: Reason = None,
    dry_run: DryRun = False,
) -> None:
    """Move queued jobs forward or back within their feeds."""

    def act(context: UseCaseContext, job_id: UUID, caller: Caller) -> None:
        use_cases.reprioritise(context, job_id, priority, caller)

    selection = Selection(None, feed, reason)
    outcome = f"priority {priority}"
    _act(BulkAction.REPRIORITISE, act, jobs, selection, outcome, dry_run=dry_run, priority=priority)


def _act(
    bulk_action: BulkAction,
    act: JobAction,
    job_ids: list[UUID] | None,
    selection: Selection,
    outcome: str,
    *,
    dry_run: bool,
    priority: int = 0,
) -> None:
    """Change the given jobs by ``act``, or the selected ones by ``bulk_action``. ``outcome`` describes a changed job.

    Exactly one of the two must be given, so that leaving out everything does not select every job.
    """
    if bool(job_ids) == (selection != Selection()):
        raise typer.BadParameter("name jobs, or choose them by --state, --feed or --reason")
    context = open_context()
    if job_ids:
        failed = _act_on_each(context, act, job_ids, outcome, dry_run=dry_run)
    else:
        try:
            failed = _act_on_selection(context, bulk_action, selection, outcome, dry_run=dry_run, priority=priority)
        except InvalidInput as error:
            raise typer.BadParameter(error.reason, param_hint=f"--{error.field}") from error
    raise typer.Exit(1 if failed else 0)


def _act_on_selection(
    context: UseCaseContext,
    bulk_action: BulkAction,
    selection: Selection,
    outcome: str,
    *,
    dry_run: bool,
    priority: int,
) -> bool:
    """Change the selected jobs. Return whether any could not be changed."""
    if dry_run:
        typer.echo(f"{use_cases.count_selected(context, bulk_action, selection)} jobs would be {outcome}")
        return False
    result = use_cases.apply_bulk_action(context, bulk_action, selection, local(), priority=priority)
    typer.echo(f"{result.changed} jobs {outcome}")
    for code, count in sorted(result.refused.items()):
        typer.echo(f"{count} jobs not: {code}", err=True)
    return bool(result.refused)


def _act_on_each(context: UseCaseContext, act: JobAction, job_ids: list[UUID], outcome: str, *, dry_run: bool) -> bool:
    """Change one job after the other. Return whether any could not be changed."""
    failed = False
    for job_id in job_ids:
        try:
            if dry_run:
                typer.echo(f"{job_id}: {queries.job(context.database, job_id).state}, would be {outcome}")
                continue
            act(context, job_id, local())
        except StancewireError as error:
            failed = True
            typer.echo(f"{job_id}: {error.detail}", err=True)
        else:
            typer.echo(f"{job_id}: {outcome}")
    return failed
