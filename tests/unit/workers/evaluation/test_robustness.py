"""The robustness cases of ``tests/cases``: their number and balance, and a floor under their pass rate."""

from __future__ import annotations

import pytest

from services.settings import Pipeline as Settings
from tests.support import paths
from workers.evaluation.cases import HALVES, CaseId, load_cases, pass_rate, run_cases
from workers.pipeline.pipeline import Pipeline

FOLDER = paths.ROOT / "tests" / "cases"
CASES = load_cases(FOLDER)
# Just under the last pass rates of `make cases`; raise them with it.
FLOOR = 0.85
NO_STANCE_FLOOR = 0.90


@pytest.fixture(scope="module")
def results() -> dict[CaseId, list[str]]:
    return run_cases(CASES, Pipeline(Settings()))


def test_cases_are_many_balanced_between_halves_and_a_third_expects_no_stance() -> None:
    assert len(CASES) >= 190
    counts = {half: {key.phenomenon: 0 for key in CASES} for half in HALVES}
    for key in CASES:
        counts[key.half][key.phenomenon] += 1
    assert counts["open"] == counts["held"]
    assert len({case.text for case in CASES.values()}) == len(CASES)
    assert 3 * sum(case.expects_no_stance for case in CASES.values()) >= len(CASES)


def test_parties_of_every_case_occur_in_its_text() -> None:
    for key, case in CASES.items():
        stances = (*case.stances, *case.mutual, *case.any_of, *case.maybe, *case.never)
        parties = {party for holder, _, target in stances for party in (holder, target)}
        parties |= {party for pair in case.neutral for party in pair}
        parties |= {words for speaker, _, content in (*case.said, *case.unsaid) for words in (speaker, content)}
        missing = [words for words in parties - {"*", "(article)"} if words not in case.text]
        assert not missing, f"{key}: {missing}"


def test_pass_rate_does_not_fall(results: dict[CaseId, list[str]]) -> None:
    assert pass_rate(results) >= FLOOR


def test_pass_rate_of_cases_without_a_stance_does_not_fall(results: dict[CaseId, list[str]]) -> None:
    assert pass_rate({key: wrong for key, wrong in results.items() if CASES[key].expects_no_stance}) >= NO_STANCE_FLOOR
