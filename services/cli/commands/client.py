"""`stancewire submit` and `result`: push articles to a running service and fetch what was found."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any, NoReturn

import httpx
import typer
from pydantic import ValidationError
from rich.console import Console

from services.access import bootstrap
from services.cli.render import render_result
from services.contracts import Article, Result
from services.ingest.files import read_articles
from services.settings import Settings

Url = Annotated[str, typer.Option(envvar="STANCEWIRE_URL", help="Where the API answers.")]
_WAIT_S = 30


def submit(
    files: Annotated[
        list[Path], typer.Argument(help="Articles: .json, .ndjson, .html or plain text; - is standard input.")
    ],
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the results and show them.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON lines: jobs, or results with --wait.")] = False,
    feed: Annotated[str | None, typer.Option(help="The feed to push as, where a file does not say.")] = None,
    url: Url = "",
) -> None:
    """Push articles to a running service."""
    console = Console(highlight=False)
    try:
        articles = [article for file in files for article in read_articles(file, feed)]
    except (OSError, UnicodeDecodeError, ValidationError, ValueError) as error:
        _stop(str(error))
    with _client(url) as client:
        failed = False
        jobs = []
        for item in _push(client, articles):
            if "problem" in item:
                failed = True
                typer.echo(f"article {item['line']}: {item['problem']['detail']}", err=True)
                continue
            jobs.append(item["job_id"])
            if not wait:
                typer.echo(json.dumps(item) if as_json else f"{item['job_id']}  {item['status']}")
        for job_id in jobs if wait else ():
            failed |= not _show(client, job_id, console, as_json=as_json)
    raise typer.Exit(1 if failed else 0)


def result(
    job_id: Annotated[str, typer.Argument(metavar="JOB")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the result document and nothing else.")] = False,
    url: Url = "",
) -> None:
    """Fetch the result of a job, waiting for it if it is not done."""
    with _client(url) as client:
        shown = _show(client, job_id, Console(highlight=False), as_json=as_json)
    raise typer.Exit(0 if shown else 1)


def push_batch(client: httpx.Client, articles: list[Article]) -> list[dict[str, Any]]:
    """Push articles as one batch; the answer's items, in order."""
    # What a file does not say is left to the service: without a feed, an article belongs to the feed of its sender's key.
    lines = "\n".join(article.model_dump_json(exclude_none=True, exclude_unset=True) for article in articles)
    answer = client.post(
        "/v1/articles:batch", content=lines, headers={"Content-Type": "application/x-ndjson"}, timeout=120
    )
    if not answer.is_success:
        _stop(problem_text(answer))
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def wait_for(client: httpx.Client, job_id: str) -> dict[str, Any]:
    """The job once it is done."""
    while True:
        answer = client.get(f"/v1/jobs/{job_id}", headers={"Prefer": f"wait={_WAIT_S}"}, timeout=_WAIT_S + 10)
        if not answer.is_success:
            _stop(problem_text(answer))
        job: dict[str, Any] = answer.json()
        if job["done"]:
            return job


def problem_text(answer: httpx.Response) -> str:
    """What went wrong, in one line."""
    if answer.status_code == HTTPStatus.UNAUTHORIZED and "Authorization" not in answer.request.headers:
        return "no key: set STANCEWIRE_KEY (`stancewire keys create` makes one), or name the state_dir of a `stancewire up` here"
    try:
        return f"{answer.status_code}: {answer.json()['detail']}"
    except (ValueError, KeyError):
        return f"{answer.status_code}: {answer.text[:200]}"


def _push(client: httpx.Client, articles: list[Article]) -> Iterator[dict[str, Any]]:
    size = 500
    for start in range(0, len(articles), size):
        for item in push_batch(client, articles[start : start + size]):
            yield item | {"line": item["line"] + start}


def _show(client: httpx.Client, job_id: str, console: Console, *, as_json: bool) -> bool:
    job = wait_for(client, job_id)
    if job.get("error"):
        typer.echo(f"{job_id}: {job['metadata']['state']}: {job['error']['detail']} ({job['error']['code']})", err=True)
        return False
    answer = client.get(f"/v1/jobs/{job_id}/result")
    if not answer.is_success:
        typer.echo(f"{job_id}: {problem_text(answer)}", err=True)
        return False
    if as_json:
        sys.stdout.write(answer.text + "\n")
    else:
        render_result(Result.model_validate_json(answer.content), console, title=job["metadata"]["title"])
    return True


def _client(url: str) -> httpx.Client:
    settings = Settings()
    address = url or f"http://127.0.0.1:{settings.api.port}"
    try:
        httpx.get(f"{address}/healthz", timeout=5)
    except httpx.HTTPError as error:
        _stop(f"no service answers at {address} ({error}); start one with `stancewire up`")
    return httpx.Client(base_url=address, timeout=30, headers=bootstrap.headers(settings))


def _stop(reason: str) -> NoReturn:
    typer.echo(f"stancewire: {reason}", err=True)
    raise typer.Exit(1)
