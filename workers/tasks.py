"""The task bodies: a few lines each; what they do lives elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import structlog
from celery import Celery, Task

from services.contracts import TaskName
from workers.batch import Batch

log = structlog.get_logger(__name__)


def register(app: Celery, batch: Callable[[], Batch]) -> None:
    """Put the tasks on the application; ``batch`` gives this process's batch runner, built after the fork."""

    @app.task(name=TaskName.ANALYSE, bind=True, ignore_result=True)  # type: ignore[untyped-decorator]  # Celery ships no types
    def analyse_jobs(self: Task, job_ids: object) -> None:
        """Analyse the jobs of one message."""
        message_id, jobs = _own(self.request.id, job_ids)
        if jobs:
            with structlog.contextvars.bound_contextvars(message=str(message_id)):
                batch().run(message_id, jobs)


def _own(message_id: object, job_ids: object) -> tuple[UUID, list[UUID]]:
    """The message's IDs; a message that is not of our making is dropped with a line in the log."""
    try:
        if not isinstance(job_ids, list):
            raise TypeError("job_ids is no list")  # noqa: TRY301 -- one place answers for all that is not ours
        return UUID(str(message_id)), [UUID(job_id) for job_id in job_ids]
    except (ValueError, TypeError, AttributeError) as error:
        log.warning("foreign_message_dropped", reason=str(error))
        return UUID(int=0), []
