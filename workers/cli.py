"""The subcommands of `stancewire` that need the model: `worker`, `analyze`, `predict`, `bench`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Final
from uuid import UUID

import typer
from rich.console import Console
from rich.progress import track

from services import samples
from services.cli.arguments import fail
from services.cli.render import render_result
from services.contracts import QueueName, Result
from services.errors import StancewireError
from services.ingest.files import read_articles
from services.maintenance.diagnostics import doctor
from services.settings import Settings
from workers.host.model_check import check_model

_NO_ID: Final = UUID(int=0)  # the job and article of a result that is not from the ledger


def register(app: typer.Typer) -> None:
    """Add the subcommands to ``app``; `services.cli.main` calls this through the entry point."""
    doctor.register(check_model)
    app.command()(analyze)
    app.command()(predict)
    app.command()(bench)
    app.command(rich_help_panel="One part of the service")(worker)


def worker(
    queues: Annotated[str, typer.Option(help="Celery queues to consume.")] = QueueName.ANALYSE,
) -> None:
    """Run a worker host: a parent process and children that analyse articles."""
    from services import logs, tracing
    from services.cli import process_limits
    from workers.host.celery_worker import WorkerHost

    process_limits.require_open_files()
    settings = Settings()
    logs.configure(settings.log, "worker")
    tracing.require(settings.tracing)
    WorkerHost(settings).run(queues)


def analyze(
    file: Annotated[Path, typer.Argument(metavar="[FILE|-]")] = Path("-"),
    as_json: Annotated[bool, typer.Option("--json", help="Print only the result document.")] = False,
    ndjson: Annotated[
        bool, typer.Option("--ndjson", help="Read one article per line, print one result per line in the same order.")
    ] = False,
) -> None:
    """Analyse a file in this process, without API, queue or database."""
    from workers.pipeline.pipeline import Pipeline

    try:
        articles = list(read_articles(file, ndjson=ndjson))
    except (OSError, ValueError) as error:
        fail(str(error))
    pipeline = Pipeline(Settings().pipeline)
    console = Console(highlight=False)
    failed = False
    hide_progress = not (ndjson and sys.stderr.isatty())
    for article in track(articles, "analysing", console=Console(stderr=True), disable=hide_progress):
        try:
            result = Result.of(pipeline.analyse(article), article, job_id=_NO_ID, article_id=_NO_ID)
        except StancewireError as error:
            failed = True
            problem = {"code": error.code, "detail": error.detail}
            if ndjson:  # there is a line of output for every article, in order
                typer.echo(json.dumps({"guid": article.guid, "error": problem}))
            typer.echo(f"{article.title or article.guid or file}: {error.detail} ({error.code})", err=True)
            continue
        if as_json or ndjson:
            typer.echo(result.model_dump_json())
        else:
            render_result(result, console, article.title)
    raise typer.Exit(1 if failed else 0)


def predict(
    task: Annotated[
        str, typer.Argument(help="attributions, entities, stance_pairs, target_sentiment, claim_stance, coreference")
    ],
    inputs: Annotated[Path, typer.Argument(help="The inputs as JSON lines; - is standard input.")],
) -> None:
    """Predict a task of the corpora: read inputs, print predictions, one per line."""
    from workers.evaluation import predict as prediction

    if task not in prediction.TASKS:
        fail(f"unknown task {task!r}; the tasks are {', '.join(prediction.TASKS)}")
    model = Settings().pipeline.model
    if model == "rules" and task not in prediction.RULE_TASKS:
        fail(f"there are no rules for {task}: set STANCEWIRE_PIPELINE__MODEL=trained")
    for output in prediction.predict(task, _json_lines(inputs), model):
        sys.stdout.write(json.dumps(output, ensure_ascii=False) + "\n")


def bench(
    file: Annotated[
        Path | None, typer.Argument(help="Articles to measure with, as NDJSON; by default the samples.")
    ] = None,
    rounds: Annotated[
        int, typer.Option(min=1, help="Alternating rounds of at least 250 articles, without and with the service.")
    ] = 3,
    processes: Annotated[int, typer.Option(min=0, help="Worker processes; 0 for one per core.")] = 0,
    database_url: Annotated[
        str, typer.Option(help="An empty database; by default SQLite in a folder that is removed afterwards.")
    ] = "",
    accept_rate: Annotated[float, typer.Option(min=1, help="Single pushes a second while the workers are busy.")] = 100,
    seconds: Annotated[float, typer.Option(min=1, help="How long single pushes are measured, twice.")] = 15,
    history: Annotated[
        Path | None, typer.Option(help="File to which the figures are appended, a line each time.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Measure the pipeline alone and the whole service, on the same cores in the same run."""
    from services.standalone.redis_server import NoRedisServerError
    from services.standalone.up import StartError
    from workers.evaluation.bench.figures import render
    from workers.evaluation.bench.load import Stalled
    from workers.evaluation.bench.measure import Plan, measure

    settings = Settings()
    # A benchmark pushes thousands of articles: never into the stores that the environment names.
    settings = settings.model_copy(
        update={
            "database_url": database_url,
            "database": settings.database.model_copy(update={"url": ""}),
            "redis_url": "",
            "broker": settings.broker.model_copy(update={"url": ""}),
        }
    )
    try:
        articles = list(read_articles(file) if file else samples.load())
    except (OSError, ValueError) as error:
        fail(str(error))
    if not articles:
        fail(f"{file}: has no articles")
    plan = Plan(rounds, processes, latency_s=seconds, accept_s=seconds, accept_per_s=accept_rate)
    progress = Console(stderr=True, highlight=False)
    try:
        result = measure(articles, settings, plan, lambda line: progress.print(line, soft_wrap=True))
    except (StancewireError, NoRedisServerError, StartError, Stalled) as error:
        fail(str(error))
    if history is not None:
        with history.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(result.as_dict()) + "\n")
    if as_json:
        typer.echo(json.dumps(result.as_dict()))
    else:
        render(result, Console(highlight=False))
    raise typer.Exit(1 if result.lost or result.doubled else 0)


def _json_lines(file: Path) -> Iterator[dict[str, Any]]:
    lines: Iterable[str] = sys.stdin if str(file) == "-" else file.read_text(encoding="utf-8").split("\n")
    for line in lines:
        if line.strip():
            yield json.loads(line)
