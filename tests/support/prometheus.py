"""A Prometheus of the tests' own, from the program that is installed."""

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

ROOT = paths.ROOT
RULES = ROOT / "deploy/prometheus/rules"
DASHBOARDS = ROOT / "deploy/grafana/dashboards"

# A test has no day to wait: what rules look back on, and how often they are worked out, in seconds instead. Longest first.
_SHORTER = {
    "[1d] offset 1h": "[30s] offset 5s",
    "offset 7d": "offset 40s",
    "offset 1d": "offset 30s",
    "queued_seconds) > 45": "queued_seconds) > 5",
}
_WINDOWS = {"1m": "10s", "2m": "8s", "5m": "20s", "10m": "60s", "15m": "60s", "1h": "30s"}


def shorter(expression: str) -> str:
    """The same question about a shorter past."""
    for long, short in _SHORTER.items():
        expression = expression.replace(long, short)
    return re.sub(r"\[(\w+)\]", lambda found: f"[{_WINDOWS.get(found.group(1), found.group(1))}]", expression)


def program() -> str:
    found = shutil.which("prometheus")
    if found is None:
        pytest.skip("Prometheus (Debian: prometheus) is not installed")
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Prometheus:
    """Scrapes ``targets`` (job to address) each second and works out the rules of the deployment, with shorter times."""

    def __init__(self, directory: Path, targets: Mapping[str, str]) -> None:
        found = program()
        (directory / "rules").mkdir(parents=True)
        for file in RULES.glob("*.yml"):
            rules = yaml.safe_load(file.read_text())
            for group in rules["groups"]:
                group["interval"] = "1s"
                for rule in group["rules"]:
                    rule["expr"] = shorter(rule["expr"])
                    if "for" in rule:
                        rule["for"] = "2s"
            (directory / "rules" / file.name).write_text(yaml.safe_dump(rules))
        scrapes = [{"job_name": job, "static_configs": [{"targets": [address]}]} for job, address in targets.items()]
        times = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
        configuration = {"global": times, "rule_files": [str(directory / "rules/*.yml")], "scrape_configs": scrapes}
        (directory / "prometheus.yml").write_text(yaml.safe_dump(configuration))
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        # One client: each new one reads the certificates of the world, which a loop that polls should not.
        self._client = httpx.Client(base_url=self.url, trust_env=False, timeout=20)
        self.log = directory / "prometheus.log"
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [
                    found,
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
        """The vector that an expression gives now."""
        return self._data("query", query=expression)

    def past(self, expression: str, seconds: int) -> list[dict[str, Any]]:
        """The series of an expression over the last seconds, a value a second."""
        now = time.time()
        return self._data("query_range", query=expression, start=now - seconds, end=now, step="1")

    def value(self, expression: str) -> float:
        """A single value; 0 where there is none."""
        return next((float(series["value"][1]) for series in self.query(expression)), 0.0)

    def names(self) -> set[str]:
        """All metrics that were ever scraped or recorded."""
        answer = self._client.get("/api/v1/label/__name__/values").json()
        return set(answer["data"])

    def firing(self) -> set[str]:
        """The alerts that fire now."""
        return {series["metric"]["alertname"] for series in self.query('ALERTS{alertstate="firing"}')}

    def _data(self, path: str, **parameters: Any) -> list[dict[str, Any]]:
        answer = self._client.get(f"/api/v1/{path}", params=parameters)
        assert answer.status_code == 200, f"{parameters}: {answer.text}"
        found: list[dict[str, Any]] = answer.json()["data"]["result"]
        return found
