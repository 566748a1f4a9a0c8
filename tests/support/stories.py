"""Versions and cancellations of one story, and what a search shows of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from services.contracts import Article
from services.database.engine import Database
from services.jobs import leases
from services.jobs.accept import Acceptance
from services.results.search import find_stances
from services.results.search_query import SearchQuery
from tests.support.ledger import article, claim_all
from tests.support.speech import Statement, build_result

SAID: Final = Statement("Ida Berg", "the tram is a mistake", target="Port Union")
FUTURE: Final = datetime(2099, 1, 1, tzinfo=UTC)


def story(body: str = "Ida Berg said no.", **fields: Any) -> Article:
    return article(body, **({"feed": "wire", "guid": "g"} | fields))


def canceled(**fields: Any) -> Article:
    return Article(**({"feed": "wire", "guid": "g", "pubstatus": "canceled"} | fields))


def read_all(database: Database) -> None:
    """Complete all waiting jobs with a stance each."""
    for job in claim_all(database):
        leases.complete(database, job, build_result(job, [SAID]))


def shown(database: Database) -> list[Any]:
    """The articles that a search shows."""
    return [row.article_id for row in find_stances(database, SearchQuery(), None, 100)]


def codes(answer: Acceptance) -> list[str]:
    return [warning.code for warning in answer.warnings]
