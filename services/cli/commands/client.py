"""`stancewire submit` and `result`: push articles to a running service and fetch their results."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any, Final

import httpx
import typer
from rich.console import Console

from services.access import bootstrap
from services.cli.arguments import fail
from services.cli.render import render_result
from services.contracts import Article, Result
from services.ingest.files import Unread, read_records
from services.ingest.formats import FORMATS
from services.settings import Settings

Url = Annotated[str, typer.Option(envvar="STANCEWIRE_URL", help="Address of the API.")]
_LONG_POLL_S: Final = 30
_BATCH_ARTICLES: Final = 500
_FORMATS: Final = ", ".join(feed_format.name for feed_format in FORMATS)
_SUFFIXES: Final = ", ".join(suffix for feed_format in FORMATS for suffix in feed_format.suffixes)


def submit(
    files: Annotated[
        list[Path],
        typer.Argument(
            help=f"Articles in any format: {_FORMATS}. The content shows which it is, else the suffix ({_SUFFIXES}); "
            "other text is plain text. - is standard input."
        ),
    ],
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the results and show them.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON lines: jobs, or results with --wait.")] = False,
    feed: Annotated[str | None, typer.Option(help="The feed of articles that do not name one.")] = None,
    url: Url = "",
) -> None:
    """Push articles to a running service.

    Records of a file that are not articles are reported and left out; the others are pushed.
    """
    console = Console(highlight=False)
    try:
        articles, failed = _read(files, feed)
    except (OSError, ValueError) as error:
        fail(str(error))
    job_ids = []
    with _client(url) as client:
        for item in _push(client, articles):
            if "problem" in item:
                failed = True
                typer.echo(f"article {item['line']}: {item['problem']['detail']}", err=True)
                continue
            for warning in item.get("warnings", ()):
                typer.echo(f"article {item['line']}: {warning['detail']} ({warning['code']})", err=True)
            job_ids.append(item["job_id"])
            if not wait:
                typer.echo(json.dumps(item) if as_json else f"{item['job_id']}  {item['status']}")
        for job_id in job_ids if wait else ():
            failed |= not _show_result(client, job_id, console, as_json=as_json)
    raise typer.Exit(1 if failed else 0)


def result(
    job_id: Annotated[str, typer.Argument(metavar="JOB")],
    as_json: Annotated[bool, typer.Option("--json", help="Print only the result document.")] = False,
    url: Url = "",
) -> None:
    """Fetch the result of a job, waiting until the job is done."""
    with _client(url) as client:
        succeeded = _show_result(client, job_id, Console(highlight=False), as_json=as_json)
    raise typer.Exit(0 if succeeded else 1)


def push_batch(client: httpx.Client, articles: Sequence[Article]) -> list[dict[str, Any]]:
    """Push articles as one batch and return the items of the answer, in order. Exits on an error of the request."""
    # Fields that a file leaves out stay unset: without a feed, the service uses the feed of the key.
    lines = "\n".join(article.model_dump_json(exclude_none=True, exclude_unset=True) for article in articles)
    response = client.post(
        "/v1/articles:batch", content=lines, headers={"Content-Type": "application/x-ndjson"}, timeout=120
    )
    if not response.is_success:
        fail(problem_text(response))
    items: list[dict[str, Any]] = response.json()["items"]
    return items


def wait_for(client: httpx.Client, job_id: str) -> dict[str, Any]:
    """Return the job once it is done. Exits on an error of the request."""
    headers = {"Prefer": f"wait={_LONG_POLL_S}"}
    while True:
        response = client.get(f"/v1/jobs/{job_id}", headers=headers, timeout=_LONG_POLL_S + 10)
        if not response.is_success:
            fail(problem_text(response))
        job: dict[str, Any] = response.json()
        if job["done"]:
            return job


def problem_text(response: httpx.Response) -> str:
    """Return in one line why a request failed."""
    if response.status_code == HTTPStatus.UNAUTHORIZED and "Authorization" not in response.request.headers:
        return (
            "no key: set STANCEWIRE_KEY (`stancewire keys create` makes one), "
            "or STANCEWIRE_STATE_DIR to the state_dir of a `stancewire up` on this machine"
        )
    try:
        return f"{response.status_code}: {response.json()['detail']}"
    except (ValueError, KeyError):
        return f"{response.status_code}: {response.text[:200]}"


def _read(files: Sequence[Path], feed: str | None) -> tuple[list[Article], bool]:
    """Return the articles of files, and whether a record was refused. Raises `OSError` and `ValueError`.

    A record without text, such as a picture of a news message, is reported, but is not a failure.
    """
    articles: list[Article] = []
    failed = False
    for file in files:
        for record in read_records(file, feed):
            if isinstance(record, Unread):
                failed |= not record.without_text
                typer.echo(f"{record.reason}{' (left out)' if record.without_text else ''}", err=True)
                continue
            articles.append(record.article)
            for warning in record.warnings:
                typer.echo(f"article {len(articles)}: {warning.detail} ({warning.code})", err=True)
    return articles, failed


def _push(client: httpx.Client, articles: Sequence[Article]) -> Iterator[dict[str, Any]]:
    for start in range(0, len(articles), _BATCH_ARTICLES):
        for item in push_batch(client, articles[start : start + _BATCH_ARTICLES]):
            yield item | {"line": item["line"] + start}


def _show_result(client: httpx.Client, job_id: str, console: Console, *, as_json: bool) -> bool:
    """Wait for a job and print its result or its error. Return whether there was a result."""
    job = wait_for(client, job_id)
    if job.get("error"):
        typer.echo(f"{job_id}: {job['metadata']['state']}: {job['error']['detail']} ({job['error']['code']})", err=True)
        return False
    response = client.get(f"/v1/jobs/{job_id}/result")
    if not response.is_success:
        typer.echo(f"{job_id}: {problem_text(response)}", err=True)
        return False
    if as_json:
        sys.stdout.write(response.text + "\n")
    else:
        render_result(Result.model_validate_json(response.content), console, title=job["metadata"]["title"])
    return True


def _client(url: str) -> httpx.Client:
    """Return a client with this user's key. Exits if no service answers."""
    settings = Settings()
    address = url or f"http://127.0.0.1:{settings.api.port}"
    try:
        httpx.get(f"{address}/healthz", timeout=5)
    except httpx.HTTPError as error:
        fail(f"no service answers at {address} ({error}); start one with `stancewire up`")
    return httpx.Client(base_url=address, timeout=30, headers=bootstrap.headers(settings))
