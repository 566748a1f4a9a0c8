"""The Celery tasks. They only pass their arguments on."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import structlog
from celery import Celery, Task

from services.contracts import TaskName
from workers.host.message_runner import MessageRunner


def register(app: Celery, get_runner: Callable[[], MessageRunner]) -> None:
    """Register the tasks with ``app``; ``get_runner`` returns this process's runner, which is built after the fork."""

    @app.task(name=TaskName.ANALYSE, bind=True, ignore_result=True)  # type: ignore[untyped-decorator]  # Celery ships no types
    def analyse_jobs(self: Task, job_ids: list[str]) -> None:
        """Analyse the jobs of one message. The message filter has validated the arguments."""
        message_id = UUID(self.request.id)
        runner = get_runner()
        with structlog.contextvars.bound_contextvars(message=str(message_id)):
            if not runner.run(message_id, [UUID(job_id) for job_id in job_ids]):
                runner.metrics.messages_dropped.labels("unclaimed").inc()
