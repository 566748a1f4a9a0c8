"""Names of queues and tasks, shared by the API and the workers."""

from __future__ import annotations

from enum import StrEnum


class QueueName(StrEnum):
    """Celery queues. The deployment's ``-Q`` lists must equal these (``tests/unit/deployment/test_deployment.py``)."""

    ANALYSE = "stancewire.analyse"


class TaskName(StrEnum):
    """Celery tasks. The API sends them by name, so it does not import the model."""

    ANALYSE = "stancewire.analyse_jobs"
