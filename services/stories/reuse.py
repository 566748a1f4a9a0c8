"""Find the analysis of a text that was analysed before, for operators who let copies be analysed once."""

from __future__ import annotations

from typing import Final

from pydantic import ValidationError
from sqlalchemy import select

from services.contracts import Analysis, Result
from services.database.engine import Database, now_ms
from services.database.tables import fingerprints, results

_DAY_MS: Final = 86_400_000


def find_analysis(database: Database, analysis_key: str, window_days: float) -> Analysis | None:
    """Return the newest stored analysis with this key, not older than the window, or None.

    The key covers the text, so that all offsets fit; `analysed_at` is the time of the analysis that is reused.
    Raises `StoreUnavailable`.
    """
    query = (
        select(results.c.document)
        .join(fingerprints, fingerprints.c.sequence == results.c.sequence)
        .where(
            fingerprints.c.analysis_key == analysis_key,
            fingerprints.c.remembered_at >= now_ms() - int(window_days * _DAY_MS),
        )
        .order_by(fingerprints.c.sequence.desc())
        .limit(1)
    )
    with database.read() as connection:
        document = connection.execute(query).scalar()
    if document is None:
        return None
    try:
        result = Result.model_validate_json(document)
    except ValidationError:  # of another version of the contract: the text is analysed again
        return None
    return Analysis.model_construct(**{name: getattr(result, name) for name in Analysis.model_fields})
