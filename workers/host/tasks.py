"""The task bodies: a few lines each; what they do lives elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import structlog
from celery import Celery, Task

from services.contracts import TaskName
from workers.host.message_runner import MessageRunner


def register(app: Celery, batch: Callable[[], MessageRunner]) -> None:
    """Put the tasks on the application; ``batch`` gives this process's batch runner, built after the fork."""

    @app.task(name=TaskName.ANALYSE, bind=True, ignore_result=True)  # type: ignore[untyped-decorator]  # Celery ships no types
    def analyse_jobs(self: Task, job_ids: list[str]) -> None:
        """Analyse the jobs of one message, whose form was checked where it was taken from Redis."""
        message_id = UUID(self.request.id)
        runner = batch()
        with structlog.contextvars.bound_contextvars(message=str(message_id)):
            if not runner.run(message_id, [UUID(job_id) for job_id in job_ids]):
                runner.metrics.foreign.labels("unclaimed").inc()
