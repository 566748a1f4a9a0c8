"""Cancel, retry, drop and reprioritise jobs, one by one or many at once."""

from __future__ import annotations

from uuid import UUID

from services.caller import Caller
from services.errors import InvalidInput
from services.jobs import actions, bulk_actions, queries
from services.jobs.bulk_actions import BulkAction, Outcome, Selection
from services.use_cases import articles
from services.use_cases.context import UseCaseContext


def cancel(context: UseCaseContext, job_id: UUID, caller: Caller) -> None:
    """Cancel a job that is not final. Raises `NotFound`, `Gone` (erased) and `Conflict` (the job is final)."""
    actions.cancel(context.database, job_id, caller)


def retry(context: UseCaseContext, job_id: UUID, caller: Caller) -> None:
    """Queue a failed or dead job again.

    Raises `NotFound`, `Gone` (erased) and `Conflict` (another state, or the article's body is not kept any more).
    """
    actions.retry(context.database, job_id, caller)
    context.nudge_dispatcher()


def drop(context: UseCaseContext, job_id: UUID, caller: Caller) -> None:
    """Give up a failed or dead job for good. Raises `NotFound`, `Gone` (erased) and `Conflict` (another state)."""
    actions.drop(context.database, job_id, caller)


def reprioritise(context: UseCaseContext, job_id: UUID, priority: int, caller: Caller) -> None:
    """Give a queued job another priority. Raises `NotFound`, `Gone` (erased) and `Conflict` (another state)."""
    actions.reprioritise(context.database, job_id, priority, caller)


def withdraw_article(context: UseCaseContext, job_id: UUID, caller: Caller) -> None:
    """Withdraw the article of a job. Raises `NotFound` and `Gone` (erased)."""
    articles.withdraw(context, queries.job(context.database, job_id, caller.feeds).article_id, caller)


def reinstate_article(context: UseCaseContext, job_id: UUID, caller: Caller) -> None:
    """Undo the withdrawal of a job's article, or release it. Raises as `articles.reinstate` does."""
    articles.reinstate(context, queries.job(context.database, job_id, caller.feeds).article_id, caller)


def count_selected(context: UseCaseContext, action: BulkAction, selection: Selection) -> int:
    """Return how many jobs a bulk action would change. Raises `InvalidInput` for a state that the action excludes."""
    try:
        return bulk_actions.count(context.database, action, selection)
    except ValueError as error:
        raise InvalidInput("state", str(error)) from error


def apply_bulk_action(
    context: UseCaseContext,
    action: BulkAction,
    selection: Selection,
    caller: Caller,
    *,
    priority: int = 0,
    limit: int | None = None,
) -> Outcome:
    """Apply an action to each selected job, at most ``limit`` of them; only `REPRIORITISE` uses ``priority``.

    The outcome counts the jobs that could not be changed. Raises `InvalidInput` for a state that the action excludes.
    """
    try:
        outcome = bulk_actions.apply(context.database, action, selection, caller, priority=priority, limit=limit)
    except ValueError as error:
        raise InvalidInput("state", str(error)) from error
    context.nudge_dispatcher()
    return outcome
