"""Jobs as the API shows them, and where they are found."""

from __future__ import annotations

from uuid import UUID

from pydantic import BaseModel

from services.contracts import JobMetadata, JobState, JobView, Link, Warned
from services.jobs.queries import JobRecord


class JobPage(BaseModel):
    """Jobs, newest first; ``next`` is null on the last page."""

    items: list[JobView]
    next: str | None


def job_href(job_id: UUID) -> str:
    """Return the path of a job."""
    return f"/v1/jobs/{job_id}"


def result_href(job_id: UUID) -> str:
    """Return the path of a job's result."""
    return f"/v1/jobs/{job_id}/result"


def _with_hold(record: JobRecord, warnings: tuple[Warned, ...]) -> tuple[Warned, ...]:
    """Return the warnings with the reason why a job is held, once."""
    if record.state is not JobState.HELD or record.reason_code in {warning.code for warning in warnings}:
        return warnings
    return (*warnings, Warned(code=record.reason_code or record.state, detail=record.reason_detail or ""))


def withdrawal_detail(record: JobRecord) -> str:
    """Return the detail about a withdrawn article that clients see."""
    return f"the article was withdrawn: {record.withdrawn_reason or 'no reason was stored'}"


def job_view(record: JobRecord, warnings: tuple[Warned, ...] = ()) -> JobView:
    """Return a job as a long-running operation (AIP-151): with a result or an error once it is done."""
    has_result = record.state is JobState.SUCCEEDED and not record.withdrawn
    error = None
    if record.withdrawn:
        error = Warned(code="withdrawn", detail=withdrawal_detail(record))
    elif record.done and not has_result:
        error = Warned(
            code=record.reason_code or record.state, detail=record.reason_detail or f"the job is {record.state}"
        )
    return JobView(
        id=record.id,
        done=record.done,
        metadata=JobMetadata.model_validate({name: getattr(record, name) for name in JobMetadata.model_fields}),
        result=Link(href=result_href(record.id))
        if record.state is JobState.SUCCEEDED and not record.withdrawn
        else None,
        error=error,
        warnings=_with_hold(record, warnings),
    )
