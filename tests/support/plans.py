"""Query plans of statements, read with EXPLAIN."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ClauseElement, Connection, Executable, Select
from sqlalchemy.ext.compiler import compiles


class Explain(Executable, ClauseElement):
    """EXPLAIN of a statement, with its parameters bound."""

    inherit_cache = False

    def __init__(self, statement: Select[Any], explain_options: str = "") -> None:
        self.statement = statement
        self.explain_options = explain_options


@compiles(Explain, "sqlite")
def _sqlite(element: Explain, compiler: Any, **options: Any) -> str:
    sql: str = compiler.process(element.statement, **options)
    return f"EXPLAIN QUERY PLAN {sql}"


@compiles(Explain, "postgresql")
def _postgresql(element: Explain, compiler: Any, **options: Any) -> str:
    sql: str = compiler.process(element.statement, **options)
    return f"EXPLAIN {element.explain_options} {sql}"


def plan(connection: Connection, statement: Select[Any], options: str = "") -> list[str]:
    """Return the steps of the plan, one a line. ``options`` are PostgreSQL's options of EXPLAIN."""
    return [str(row[-1]) for row in connection.execute(Explain(statement, options))]
