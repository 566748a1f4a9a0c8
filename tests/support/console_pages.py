"""The pages of the console: what is audited, and what screenshots are taken of."""

from __future__ import annotations

from tests.support.browser import job_of
from tests.support.stack import Up


def pages(stack: Up) -> dict[str, str]:
    """Each page by name."""
    article, failed = job_of(stack, "Foreign minister"), job_of(stack, "Le ministre")
    return {
        "overview": "/",
        "jobs": "/jobs",
        "jobs-none": "/jobs?feed=nobody",
        "job": f"/jobs/{failed}",
        "article": f"/jobs/{article}/article",
        "said": "/said?from=2026-08-01",
        "said-statements": "/said/statements?speaker=Keller",
        "feeds": "/feeds",
        "feed": "/feeds/samples",
        "topics": "/topics",
        "topic": "/topics/dam-agreement",
        "try": "/try",
        "erase": f"/jobs/{article}/erase",
        "keys": "/keys",
        "audit": "/audit",
        "runbook": "/runbook#stancewireredisdown",
        "missing": "/nothing",
    }
