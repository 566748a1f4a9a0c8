"""A Prometheus server for tests, run from the installed program."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.support import paths
from tests.support.tls import TLS

ROOT = paths.ROOT
RULES = ROOT / "deploy/prometheus/rules"
DASHBOARDS = ROOT / "deploy/grafana/dashboards"

# Durations of rules in tests, in seconds instead of days. The longest pattern comes first.
_SHORT_PATTERNS = {
    "[1d] offset 1h": "[30s] offset 5s",
    "offset 7d": "offset 40s",
    "offset 1d": "offset 30s",
    "queued_seconds) > 45": "queued_seconds) > 5",
}
_SHORT_RANGES = {"1m": "10s", "2m": "8s", "5m": "20s", "10m": "60s", "15m": "60s", "1h": "30s"}


def shorten_durations(expression: str) -> str:
    """Return a PromQL expression with shorter ranges and offsets."""
    for long, short in _SHORT_PATTERNS.items():
        expression = expression.replace(long, short)
    return re.sub(r"\[(\w+)\]", lambda match: f"[{_SHORT_RANGES.get(match.group(1), match.group(1))}]", expression)


def find_program() -> str:
    """Return the path of Prometheus, or skip the test."""
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("Prometheus (Debian: prometheus) is not installed")
    return program


def free_port() -> int:
    """Return a port of the loopback interface that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Prometheus:
    """Scrapes ``targets`` (address by job) every second, and evaluates the deployed rules with shorter durations."""

    def __init__(self, directory: Path, targets: Mapping[str, str]) -> None:
        program = find_program()
        (directory / "rules").mkdir(parents=True)
        for file in RULES.glob("*.yml"):
            rules = yaml.safe_load(file.read_text())
            for group in rules["groups"]:
                group["interval"] = "1s"
                for rule in group["rules"]:
                    rule["expr"] = shorten_durations(rule["expr"])
                    if "for" in rule:
                        rule["for"] = "2s"
            (directory / "rules" / file.name).write_text(yaml.safe_dump(rules))
        scrapes = [{"job_name": job, "static_configs": [{"targets": [address]}]} for job, address in targets.items()]
        intervals = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
        configuration = {"global": intervals, "rule_files": [str(directory / "rules/*.yml")], "scrape_configs": scrapes}
        (directory / "prometheus.yml").write_text(yaml.safe_dump(configuration))
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        # One client for all requests: creating one loads the CA certificates, which is slow in a polling loop.
        self._client = httpx.Client(base_url=self.url, trust_env=False, timeout=20, verify=TLS)
        self.log = directory / "prometheus.log"
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [
                    program,
                    f"--config.file={directory / 'prometheus.yml'}",
                    f"--storage.tsdb.path={directory / 'data'}",
                    f"--web.listen-address=127.0.0.1:{port}",
                ],
                stdout=output,
                stderr=output,
            )
        end = time.monotonic() + 30
        while True:
            try:
                if self._client.get("/-/ready").is_success:
                    return
            except httpx.HTTPError:
                pass
            assert self.process.poll() is None and time.monotonic() < end, self.log.read_text()  # noqa: PT018 -- one reason, its log
            time.sleep(0.1)

    def stop(self) -> None:
        self._client.close()
        self.process.terminate()
        self.process.wait(timeout=30)

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Return the instant vector of an expression."""
        return self._data("query", query=expression)

    def query_range(self, expression: str, seconds: int) -> list[dict[str, Any]]:
        """Return the series of an expression over the last ``seconds``, with one value per second."""
        now = time.time()
        return self._data("query_range", query=expression, start=now - seconds, end=now, step="1")

    def value(self, expression: str) -> float:
        """Return the first value of an expression, or 0 if it has none."""
        return next((float(series["value"][1]) for series in self.query(expression)), 0.0)

    def metric_names(self) -> set[str]:
        """Return the names of all metrics that were scraped or recorded."""
        return set(self._client.get("/api/v1/label/__name__/values").json()["data"])

    def firing_alerts(self) -> set[str]:
        """Return the names of the alerts that are firing."""
        return {series["metric"]["alertname"] for series in self.query('ALERTS{alertstate="firing"}')}

    def _data(self, path: str, **parameters: Any) -> list[dict[str, Any]]:
        response = self._client.get(f"/api/v1/{path}", params=parameters)
        assert response.status_code == 200, f"{parameters}: {response.text}"
        series: list[dict[str, Any]] = response.json()["data"]["result"]
        return series
