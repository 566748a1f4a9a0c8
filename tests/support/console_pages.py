"""The pages of the console, as tested for accessibility and shown in screenshots."""

from __future__ import annotations

from tests.support.browser import find_job, find_story
from tests.support.stack import Stack


def page_paths(stack: Stack) -> dict[str, str]:
    """Return the address of each page by its name."""
    webhook, watch = (stack.client.get(f"/v1/{kind}").json()["items"][0]["id"] for kind in ("webhooks", "watches"))
    article, failed_job = find_job(stack, "Foreign minister"), find_job(stack, "Le ministre")
    return {
        "overview": "/",
        "jobs": "/jobs",
        "jobs-none": "/jobs?feed=nobody",
        "job": f"/jobs/{failed_job}",
        "article": f"/jobs/{article}/article",
        "story": f"/stories/{find_story(stack)}",
        "search": "/said?from=2026-08-01",
        "search-statements": "/said/statements?speaker=Keller",
        "entities": "/entities",
        "entity": "/entities/Tomas Keller",
        "feeds": "/feeds",
        "feed": "/feeds/samples",
        "topics": "/topics",
        "topic": "/topics/dam-agreement",
        "watches": "/watches?kind=attributions",
        "watch": f"/watches/{watch}",
        "webhooks": "/webhooks",
        "webhook": f"/webhooks/{webhook}",
        "try": "/try",
        "erase": f"/jobs/{article}/erase",
        "keys": "/keys",
        "audit": "/audit",
        "runbook": "/runbook#stancewireredisdown",
        "missing": "/nothing",
    }
