"""Submit, withdraw and erase articles."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import structlog

from services import tracing
from services.caller import Caller
from services.contracts import Article
from services.errors import StancewireError
from services.ingest import submit as ingest
from services.ingest.submit import Intake
from services.jobs import actions
from services.jobs.accept import Acceptance, IdempotencyKey
from services.maintenance import erasure
from services.maintenance.erasure import Erased
from services.use_cases.context import UseCaseContext

log = structlog.get_logger(__name__)


def submit(
    context: UseCaseContext,
    intake: Intake,
    batch: Sequence[Article],
    caller: Caller,
    key: IdempotencyKey | None = None,
) -> list[Acceptance | StancewireError]:
    """Accept articles into the ledger and have them dispatched. Return one answer for each article, in order.

    An error in the list refuses that article alone. Raises `Refused` while intake is closed, `KeyReused` and
    `StoreUnavailable`; then no article of the batch was accepted.
    """
    with tracing.span("accept", {"articles": len(batch)}):
        answers = ingest.submit(intake, batch, caller, key)
    for article, answer in zip(batch, answers, strict=True):
        if isinstance(answer, Acceptance):
            log.debug("article_accepted", feed=article.feed, job=str(answer.job_id), created=answer.created)
    if any(isinstance(answer, Acceptance) for answer in answers):
        context.nudge_dispatcher()
    return answers


def withdraw(context: UseCaseContext, article_id: UUID, caller: Caller) -> None:
    """Withdraw an article: cancel its open jobs and hide its results. Withdrawing twice is not an error.

    Raises `NotFound` and `Gone` (erased).
    """
    actions.withdraw(context.database, article_id, caller)


def reinstate(context: UseCaseContext, article_id: UUID, caller: Caller) -> UUID:
    """Undo the withdrawal of an article, or release one that is withheld or under an embargo. Return its job.

    Raises `NotFound`, `Gone` (erased) and `Conflict` (it is neither, or has to be read and its body is not kept).
    """
    job_id = actions.reinstate(context.database, article_id, caller)
    context.nudge_dispatcher()
    return job_id


def erase(context: UseCaseContext, article_id: UUID, caller: Caller) -> Erased:
    """Erase an article with its jobs and results. Raises `NotFound`, and `Gone` if it was erased before."""
    return erasure.erase(context.database, article_id, caller)
