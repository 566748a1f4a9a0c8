"""Settings of metrics and log lines."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from services.settings.group import Count, Group


class Metrics(Group):
    """Bounds on the number of time series."""

    feeds: Count = Field(
        100, description="Feeds with time series of their own, in the order of their first push; the others share one."
    )


class Log(Group):
    """Log lines."""

    format: Literal["auto", "json", "console"] = Field(
        "auto", description="`auto` is `console` on a terminal and `json` elsewhere."
    )
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Least level that is logged.")
