"""Bare pipelines, without a service: processes side by side that analyse their share of the articles on request."""

from __future__ import annotations

import contextlib
import multiprocessing
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from types import TracebackType
from typing import TYPE_CHECKING, Self

from services.contracts import Article
from services.errors import PermanentError
from services.settings import Settings

if TYPE_CHECKING:
    from workers.pipeline.pipeline import Pipeline


@dataclass(frozen=True, slots=True)
class Share:
    """One process's part of a round: its articles, seconds of wall and of processor time, and seconds by stage."""

    articles: int
    seconds: float
    cpu_s: float
    stages: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PipelineRound:
    """A round of all processes, which took ``seconds`` together."""

    shares: Sequence[Share]
    seconds: float

    @property
    def articles_per_s(self) -> float:
        """The rate of all processes together."""
        return sum(share.articles for share in self.shares) / self.seconds

    def cpu_per_article(self, process: int) -> float:
        """Return the seconds of processor time that an article took in one process."""
        return self.shares[process].cpu_s / self.shares[process].articles


class BarePipelines:
    """Processes with a pipeline each; a context manager, within which they stay up and wait."""

    def __init__(self, articles: Sequence[Article], settings: Settings, count: int) -> None:
        """Share the articles among ``count`` processes."""
        self._shares = [list(articles[start::count]) or list(articles[:1]) for start in range(count)]
        self._settings = settings
        self._connections: list[Connection] = []

    def __enter__(self) -> Self:
        """Start the processes and wait until they have loaded the model."""
        context = multiprocessing.get_context("spawn")
        for share in self._shares:
            ours, theirs = context.Pipe()
            context.Process(target=_serve, args=(share, self._settings, theirs), daemon=True).start()
            theirs.close()
            self._connections.append(ours)
        for connection in self._connections:
            connection.recv()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the processes."""
        for connection in self._connections:
            connection.close()

    def run(self, processes: int | None = None) -> PipelineRound:
        """Have the first ``processes``, by default all, analyse their share at the same time.

        Raises ``EOFError`` if a process ended.
        """
        connections = self._connections[:processes]
        began = time.perf_counter()
        for connection in connections:
            connection.send(None)
        shares = [connection.recv() for connection in connections]
        return PipelineRound(shares, time.perf_counter() - began)


def _serve(articles: Sequence[Article], settings: Settings, requests: Connection) -> None:
    """Analyse the articles for each request, until the other end is closed."""
    from workers.pipeline.pipeline import Pipeline

    pipeline = Pipeline(settings.pipeline)
    pipeline.analyse(articles[0])  # loads on first use, before anything is measured
    requests.send(None)
    while True:
        try:
            requests.recv()
        except EOFError:
            return
        requests.send(_analyse(pipeline, articles))


def _analyse(pipeline: Pipeline, articles: Sequence[Article]) -> Share:
    stages: dict[str, float] = defaultdict(float)
    began, cpu_began = time.perf_counter(), time.process_time()
    stage_began = began

    def checkpoint(stage: str) -> None:
        nonlocal stage_began
        now = time.perf_counter()
        stages[stage] += now - stage_began
        stage_began = now

    for article in articles:
        stage_began = time.perf_counter()
        with contextlib.suppress(PermanentError):  # the service ends these jobs at the same point
            pipeline.analyse(article, checkpoint)
    return Share(len(articles), time.perf_counter() - began, time.process_time() - cpu_began, dict(stages))
