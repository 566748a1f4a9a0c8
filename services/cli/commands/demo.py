"""`stancewire demo`: run the whole service on the sample articles, from push to result."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from services import logs, samples
from services.access import bootstrap
from services.cli.arguments import fail
from services.cli.commands.client import article_fields, connect, contract_result
from services.cli.render import render_result
from services.client import Client
from services.contracts import Result
from services.settings import Settings


def demo(
    state_dir: Annotated[
        Path | None, typer.Option(help="Folder for database and logs; by default a temporary one, removed at the end.")
    ] = None,
) -> None:
    """Start all parts, push the sample articles through HTTP and the queue, show their attributions, and stop."""
    from services.standalone import redis_server, state
    from services.standalone.up import StartError, start_service

    console = Console(highlight=False, soft_wrap=True)

    def report(line: str) -> None:
        console.print(Text(line, style="dim"))

    with tempfile.TemporaryDirectory(prefix="stancewire-demo-") as temporary:
        settings = Settings()
        api = settings.api.model_copy(update={"port": 0})
        settings = settings.model_copy(update={"state_dir": state_dir or Path(temporary), "api": api})
        logs.configure(settings.log, "demo")
        try:
            report("starting Redis, API, worker and sweeper on this machine …")
            with start_service(settings, report) as service:
                report(f"ready after {service.startup_s:.1f} s at {service.url}")
                with (
                    bootstrap.borrowed(service.database, "stancewire demo") as key,
                    connect(service.url, key) as client,
                ):
                    failed = _push_and_show(client, service.url, console)
        except (state.InUseError, redis_server.NoRedisServerError, StartError) as error:
            fail(str(error))
    console.print(
        "\nNext: `.venv/bin/stancewire up` to keep it running, `.venv/bin/stancewire submit FILE --wait` in another"
    )
    console.print("terminal for an article of yours, and README.md for the API.")
    raise typer.Exit(1 if failed else 0)


def _push_and_show(client: Client, url: str, console: Console) -> bool:
    """Push the samples, print the results and a summary. Return whether any article failed."""
    articles = samples.load()
    results: dict[str, Result] = {}
    began = time.perf_counter()
    batch = client.push_batch(article_fields(articles))
    console.print(f"pushed {len(batch.items)} articles to {url}/v1/articles:batch\n")
    for item, article in zip(batch.items, articles, strict=True):
        if item.job_id is None:
            console.print(Text(f"{article.title}: {item.error}", style="bold red"))
            continue
        job = client.wait(item.job_id)
        if job.error or job.result is None:
            console.print(Text(f"{article.title}: {job.error.detail if job.error else job.state}", style="bold red"))
            continue
        results[job.result.href] = contract_result(client.result(job))
    seconds = time.perf_counter() - began
    for href, result in results.items():
        render_result(result, console)
        console.print(Text(f"  GET {url}{href}\n", style="dim"))
    attributions = sum(len(result.attributions) for result in results.values())
    stances = sum(len(result.stances) for result in results.values())
    words = sum(len(result.text.split()) for result in results.values())
    console.print(
        f"{len(results)} articles, {words} words, {attributions} attributions, {stances} stances in {seconds:.2f} s "
        f"from push to last result ({len(results) / seconds:.1f} articles/s; `stancewire bench` measures a full load)"
    )
    return len(results) != len(articles)
