"""`stancewire submit` and `result`: push articles to a running service and fetch their results."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console

from services.access import bootstrap
from services.cli.arguments import fail
from services.cli.render import render_result
from services.client import Client, ConnectionFailed, RetryPolicy, StancewireError, Unauthenticated
from services.client import Result as ClientResult
from services.contracts import Article, Result
from services.ingest.files import Unread, read_records
from services.ingest.formats import FORMATS
from services.settings import Settings

Url = Annotated[str, typer.Option(envvar="STANCEWIRE_URL", help="Address of the API.")]
_FORMATS: Final = ", ".join(feed_format.name for feed_format in FORMATS)
_SUFFIXES: Final = ", ".join(suffix for feed_format in FORMATS for suffix in feed_format.suffixes)
_NO_KEY: Final = (
    "no key: set STANCEWIRE_KEY (`stancewire keys create` makes one), "
    "or STANCEWIRE_STATE_DIR to the state_dir of a `stancewire up` on this machine"
)


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
        for item in client.push_batch(article_fields(articles)).items:
            if item.problem is not None:
                failed = True
                typer.echo(f"article {item.line}: {item.problem.detail}", err=True)
                continue
            for warning in item.warnings:
                typer.echo(f"article {item.line}: {warning.detail} ({warning.code})", err=True)
            job_ids.append(str(item.job_id))
            if not wait:
                typer.echo(item.model_dump_json(exclude_none=True) if as_json else f"{item.job_id}  {item.status}")
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


def article_fields(articles: Sequence[Article]) -> list[dict[str, Any]]:
    """Return articles as they are pushed. Fields that a file leaves out stay unset: the key may give the feed."""
    return [article.model_dump(mode="json", exclude_none=True, exclude_unset=True) for article in articles]


def contract_result(document: ClientResult) -> Result:
    """Return a result of the client as the contract, which can be rendered."""
    return Result.model_validate_json(document.model_dump_json(exclude_unset=True))


@contextmanager
def connect(address: str, key: str | None) -> Iterator[Client]:
    """Provide a client. Exits with the reason if a call fails."""
    with Client(address, key or "") as client:
        try:
            yield client
        except Unauthenticated as error:
            fail(str(error) if key else _NO_KEY)
        except StancewireError as error:
            fail(str(error))


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


def _show_result(client: Client, job_id: str, console: Console, *, as_json: bool) -> bool:
    """Wait for a job and print its result or its error. Return whether there was a result."""
    job = client.wait(job_id)
    if job.error:
        typer.echo(f"{job_id}: {job.state}: {job.error.detail} ({job.error.code})", err=True)
        return False
    try:
        document = client.result(job_id)
    except StancewireError as error:  # withdrawn meanwhile
        typer.echo(f"{job_id}: {error}", err=True)
        return False
    if as_json:
        sys.stdout.write(document.model_dump_json(exclude_unset=True) + "\n")
    else:
        render_result(contract_result(document), console, title=job.metadata.title)
    return True


@contextmanager
def _client(url: str) -> Iterator[Client]:
    """Provide a client with this user's key. Exits if no service answers."""
    settings = Settings()
    address = url or f"http://127.0.0.1:{settings.api.port}"
    try:
        with Client(address, "", timeout_s=5, retries=RetryPolicy(attempts=1)) as prober:
            prober.request("GET", "/healthz")
    except ConnectionFailed as error:
        fail(f"no service answers at {address} ({error}); start one with `stancewire up`")
    except StancewireError:
        pass  # something answers; the next call says why it refuses
    with connect(address, bootstrap.own_key(settings)) as client:
        yield client
