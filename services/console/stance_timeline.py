"""The timeline of stances, as the search and the page of an entity show it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from services.api.schemas.search_filters import TimelineFilters
from services.api.search_responses import timeline_buckets
from services.console.charts import diverging_bars, round_up
from services.console.page_context import PageContext
from services.results.timeline import Bucket, Width

# The length of the timeline if no start is given.
_DEFAULT_PERIODS: Final = {
    Width.DAY: timedelta(days=30),
    Width.WEEK: timedelta(weeks=26),
    Width.MONTH: timedelta(days=730),
}


def stance_timeline(context: PageContext, filters: Mapping[str, str], width: str) -> dict[str, Any] | None:
    """Return the chart of the selected stances, or None if there are no stances.

    Raises `ValidationError` and `InvalidInput`.
    """
    validated = TimelineFilters.model_validate({**filters, "bucket": width})
    length = _DEFAULT_PERIODS[validated.bucket]
    buckets = timeline_buckets(context.services, context.visitor.caller, validated, length)
    if not any(bucket.support or bucket.oppose for bucket in buckets):
        return None
    return _chart(buckets)


def _chart(buckets: list[Bucket]) -> dict[str, Any]:
    """Draw support upwards and opposition downwards from a common axis, in stances per 1000 articles."""
    rates = [(bucket.support_rate or 0.0, bucket.oppose_rate or 0.0) for bucket in buckets]
    maximum = round_up(max(max(pair) for pair in rates))
    return {"buckets": buckets, "bars": diverging_bars(rates, maximum=maximum), "maximum": maximum}
