from __future__ import annotations

import pytest

from services import errors
from services.api.problems import FieldError, invalid_field, invalid_input_problem, problem_from_error
from services.errors import (
    Conflict,
    Contended,
    Forbidden,
    InvalidInput,
    NotFound,
    Refused,
    StancewireError,
    StoreUnavailable,
    TextTooLong,
    Unauthenticated,
)
from services.jobs.accept import KeyReused

# An instance of each error class, with the status and code of its answer.
ANSWERS: dict[type[StancewireError], tuple[StancewireError, int, str]] = {
    StancewireError: (StancewireError("a defect"), 500, "error"),
    errors.PermanentError: (errors.PermanentError("not an article"), 500, "unprocessable"),
    errors.TransientError: (errors.TransientError("out of memory"), 500, "temporary"),
    errors.DeadlineExceeded: (errors.DeadlineExceeded("too slow"), 500, "deadline_exceeded"),
    errors.LeaseLost: (errors.LeaseLost("canceled"), 500, "lease_lost"),
    errors.Unavailable: (errors.Unavailable("refused"), 500, "error"),
    errors.BrokerUnavailable: (errors.BrokerUnavailable("refused"), 500, "broker_unavailable"),
    errors.ReplicaUnavailable: (errors.ReplicaUnavailable("late"), 500, "replica_unavailable"),
    StoreUnavailable: (StoreUnavailable("locked"), 503, "store_unavailable"),
    Refused: (Refused("full", code="feed_queue_full", status=429, retry_after=30), 429, "feed_queue_full"),
    Contended: (Contended("pushed at once"), 503, "contended"),
    InvalidInput: (InvalidInput("aliases", "has 3 items"), 422, "invalid"),
    TextTooLong: (TextTooLong("body", "has 3 characters"), 413, "text_too_long"),
    Conflict: (Conflict("final", code="job_final"), 409, "job_final"),
    Unauthenticated: (Unauthenticated("no key", code="key_missing"), 401, "key_missing"),
    Forbidden: (Forbidden("not your feed", code="feed_forbidden"), 403, "feed_forbidden"),
    errors.Gone: (errors.Gone("erased"), 410, "erased"),
    NotFound: (NotFound("no job"), 404, "not_found"),
    KeyReused: (KeyReused("another body"), 422, "idempotency_key_reused"),
}


def test_every_error_class_has_an_expected_answer() -> None:
    classes = {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, StancewireError)}
    assert classes | {KeyReused} == set(ANSWERS)


@pytest.mark.parametrize(("error", "status", "code"), ANSWERS.values(), ids=[kind.__name__ for kind in ANSWERS])
def test_error_is_answered_with_its_status_and_code(error: StancewireError, status: int, code: str) -> None:
    problem = problem_from_error(error).problem
    assert (problem.status, problem.code) == (status, code)


@pytest.mark.parametrize("base", [kind for kind in ANSWERS if kind is not Contended], ids=lambda kind: kind.__name__)
def test_subclass_is_answered_like_its_base(base: type[StancewireError]) -> None:
    error, status, code = ANSWERS[base]
    subclass: type[StancewireError] = type("Narrower", (base,), {})
    narrower = subclass.__new__(subclass)
    narrower.__dict__ |= error.__dict__
    problem = problem_from_error(narrower).problem
    assert (problem.status, problem.code) == (status, code)


@pytest.mark.parametrize("error", [Contended("pushed at once"), StoreUnavailable("locked")], ids=["contended", "store"])
def test_temporary_failure_tells_when_to_retry(error: StancewireError) -> None:
    assert int(problem_from_error(error).headers["Retry-After"]) > 0


def test_unavailable_store_says_that_nothing_was_accepted_only_to_pushes() -> None:
    read = problem_from_error(StoreUnavailable("locked")).problem.detail
    push = problem_from_error(StoreUnavailable("locked"), push=True).problem.detail
    assert read == "the database does not answer"
    assert push == "the database does not answer; nothing was accepted"


def test_invalid_input_names_its_field() -> None:
    problem = problem_from_error(InvalidInput("state", "a queued job cannot be retried")).problem
    assert problem.errors == [FieldError(field="state", reason="a queued job cannot be retried")]
    assert problem.detail == "state: a queued job cannot be retried"
    assert invalid_field("state", "a queued job cannot be retried").problem == problem


def test_many_field_errors_are_counted_and_the_first_ones_listed() -> None:
    problem = invalid_input_problem([FieldError(field=f"f{n}", reason="is wrong") for n in range(1000)])
    assert problem.detail == "f0: is wrong (and 999 more)"
    assert len(problem.errors) == 20
