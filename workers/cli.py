"""The subcommands that need the model: `worker`, `analyze`, `predict`, `bench`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, NoReturn
from uuid import UUID

import typer
from rich.console import Console
from rich.progress import track

from services import samples
from services.cli.render import render_result
from services.contracts import QueueName, Result
from services.errors import StancewireError
from services.ingest.files import read_articles
from services.maintenance.diagnostics import doctor
from services.settings import Settings
from workers.host.model_check import check_model

_BENCH_ARTICLES = 1000
_NO_JOB = UUID(int=0)  # a result that belongs to no job, because no ledger was asked


def register(app: typer.Typer) -> None:
    """Add the subcommands; called by ``services.cli.main`` through the entry point."""
    doctor.register(check_model)
    app.command()(analyze)
    app.command()(predict)
    app.command()(bench)
    app.command(rich_help_panel="One part of the service")(worker)


def worker(
    queues: Annotated[str, typer.Option(help="Celery queues to consume.")] = QueueName.ANALYSE,
) -> None:
    """Run a worker host: prefork processes that analyse."""
    from services import logs
    from workers.host.celery_worker import WorkerHost

    settings = Settings()
    logs.configure(settings.log, "worker")
    WorkerHost(settings).run(queues)


def analyze(
    file: Annotated[Path, typer.Argument(metavar="[FILE|-]")] = Path("-"),
    as_json: Annotated[bool, typer.Option("--json", help="Print the result document and nothing else.")] = False,
    ndjson: Annotated[bool, typer.Option("--ndjson", help="Articles in, one a line; results out, in order.")] = False,
) -> None:
    """Analyse in this process, without API, queue or database."""
    from workers.pipeline.pipeline import Pipeline

    try:
        articles = list(read_articles(file, ndjson=ndjson))
    except (OSError, UnicodeDecodeError, ValueError) as error:
        _stop(str(error))
    pipeline = Pipeline(Settings().pipeline)
    console = Console(highlight=False)
    failed = False
    shown = track(articles, "analysing", console=Console(stderr=True), disable=not (ndjson and sys.stderr.isatty()))
    for article in shown:
        try:
            result = Result.of(pipeline.analyse(article), job_id=_NO_JOB, article_id=_NO_JOB)
        except StancewireError as error:
            failed = True
            problem = {"code": error.code, "detail": error.detail}
            if ndjson:  # the order of the lines is the order of the articles
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
    inputs: Annotated[Path, typer.Argument(help="JSON lines with what a system may see; - is standard input.")],
) -> None:
    """Predict a task of the corpora: inputs in, predictions out, line by line."""
    from workers.evaluation import predict as prediction

    if task not in prediction.TASKS:
        _stop(f"unknown task {task!r}; there are {', '.join(prediction.TASKS)}")
    model = Settings().pipeline.model
    if model == "rules" and task not in prediction.RULE_TASKS:
        _stop(f"no rule answers {task}: take STANCEWIRE_PIPELINE__MODEL=trained")
    for answer in prediction.predict(task, _records(inputs), model):
        sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")


def bench(
    file: Annotated[
        Path | None, typer.Argument(help="Articles as NDJSON: the mix to measure on; else the samples.")
    ] = None,
    rounds: Annotated[
        int, typer.Option(min=0, help="How often the articles are pushed, as new ones each time; 0: about a thousand.")
    ] = 0,
    processes: Annotated[int, typer.Option(min=0, help="Worker processes; 0 for one a core.")] = 0,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Measure the bare pipeline and the whole service on the same cores in the same run."""
    from workers.evaluation.bench import measure, render

    settings = Settings()
    try:
        articles = list(read_articles(file) if file else samples.load())
    except (OSError, UnicodeDecodeError, ValueError) as error:
        _stop(str(error))
    figures = measure(articles, settings, rounds=rounds or -(-_BENCH_ARTICLES // len(articles)), processes=processes)
    if as_json:
        typer.echo(json.dumps(figures.as_dict()))
    else:
        render(figures, Console(highlight=False))


def _records(file: Path) -> Iterator[dict[str, Any]]:
    lines: Iterable[str] = sys.stdin if str(file) == "-" else file.read_text(encoding="utf-8").split("\n")
    for line in lines:
        if line.strip():
            yield json.loads(line)


def _stop(reason: str) -> NoReturn:
    typer.echo(f"stancewire: {reason}", err=True)
    raise typer.Exit(1)
