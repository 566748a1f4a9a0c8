"""`stancewire demo`: the whole way, from push to result, on the sample articles."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.console import Console
from rich.text import Text

from services import logs, samples
from services.access import bootstrap
from services.cli.commands.client import push_batch, wait_for
from services.cli.render import render_result
from services.contracts import Result
from services.settings import Settings


def demo(
    state_dir: Annotated[
        Path | None, typer.Option(help="Where to keep database and logs; else removed at the end.")
    ] = None,
) -> None:
    """Start everything, push the sample articles through HTTP and the queue, show who said what, stop."""
    from services.standalone import redis_server, state
    from services.standalone.up import StartError, running

    console = Console(highlight=False, soft_wrap=True)
    with tempfile.TemporaryDirectory(prefix="stancewire-demo-") as temporary:
        settings = Settings()
        api = settings.api.model_copy(update={"port": 0})
        settings = settings.model_copy(update={"state_dir": state_dir or Path(temporary), "api": api})
        logs.configure(settings.log, "demo")
        try:
            console.print(Text("starting Redis, API, worker and sweeper on this machine …", style="dim"))
            with running(settings, lambda line: console.print(Text(line, style="dim"))) as service:
                console.print(Text(f"ready after {service.seconds:.1f} s at {service.url}", style="dim"))
                with bootstrap.borrowed(service.database, "stancewire demo") as headers:
                    failed = _push_and_show(service.url, headers, console)
        except (state.TakenError, redis_server.NoRedisServerError, StartError) as error:
            typer.echo(f"stancewire: {error}", err=True)
            raise typer.Exit(1) from error
    console.print(
        "\nNext: `.venv/bin/stancewire up` to keep it running, `.venv/bin/stancewire submit FILE --wait` in another"
    )
    console.print("terminal for an article of yours, and README.md for the API.")
    raise typer.Exit(1 if failed else 0)


def _push_and_show(url: str, headers: dict[str, str], console: Console) -> bool:
    articles = samples.load()
    failed = False
    with httpx.Client(base_url=url, timeout=60, headers=headers) as client:
        began = time.perf_counter()
        items = push_batch(client, list(articles))
        console.print(f"pushed {len(items)} articles to {url}/v1/articles:batch\n")
        found: list[tuple[str, Result]] = []
        for item, article in zip(items, articles, strict=True):
            job = wait_for(client, item["job_id"])
            if job.get("error"):
                failed = True
                console.print(Text(f"{article.title}: {job['error']['detail']}", style="bold red"))
                continue
            href = job["result"]["href"]
            found.append((href, Result.model_validate_json(client.get(href).content)))
        seconds = time.perf_counter() - began
        for href, one in found:
            render_result(one, console)
            console.print(Text(f"  GET {url}{href}\n", style="dim"))
    results = [one for _, one in found]
    attributions = sum(len(one.attributions) for one in results)
    stances = sum(len(one.stances) for one in results)
    words = sum(len(one.text.split()) for one in results)
    console.print(
        f"{len(results)} articles, {words} words, {attributions} attributions, {stances} stances in {seconds:.2f} s "
        f"from push to last result ({len(results) / seconds:.1f} articles/s; `stancewire bench` measures a full load)"
    )
    return failed or len(results) != len(articles)
