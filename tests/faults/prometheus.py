"""A Prometheus with the rules and the configuration of `deploy/prometheus`, which asks one deployment more often."""

from __future__ import annotations

import shutil
import socket
import subprocess
from pathlib import Path
from typing import Any, Self

import httpx
import yaml

from tests.support.paths import ROOT

_DEPLOYED = ROOT / "deploy" / "prometheus"
_EVERY = "2s"


def find_prometheus() -> str | None:
    """Return the path of the program, or None if it is not installed (Debian: prometheus)."""
    return shutil.which("prometheus")


class Prometheus:
    """Collects the metrics of ``targets``, addresses by the name of the job, while its context is open.

    A new one knows nothing of what was before, so that an alert is about what happens now.
    """

    def __init__(self, program: str, folder: Path, targets: dict[str, str]) -> None:
        folder.mkdir(parents=True)
        self._address = f"127.0.0.1:{_free_port()}"
        self._folder = folder
        (folder / "prometheus.yml").write_text(yaml.safe_dump(_configuration(targets)))
        self._command = [
            program,
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address={self._address}",
            "--log.level=error",
        ]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        with (self._folder / "prometheus.log").open("wb") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def firing(self, client: httpx.Client) -> frozenset[str]:
        """Return the names of the alerts that fire; raises httpx.HTTPError until the program is ready."""
        alerts = client.get(f"http://{self._address}/api/v1/alerts").raise_for_status().json()["data"]["alerts"]
        return frozenset(alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing")

    def has_read(self, client: httpx.Client) -> bool:
        """Return whether every target answered at least twice, so that an increase would be seen."""
        answer = client.get(f"http://{self._address}/api/v1/query", params={"query": "min(sum_over_time(up[1m]))"})
        result = answer.raise_for_status().json()["data"]["result"]
        return bool(result) and float(result[0]["value"][1]) > 1


def _configuration(targets: dict[str, str]) -> dict[str, Any]:
    deployed: dict[str, Any] = yaml.safe_load((_DEPLOYED / "prometheus.yml").read_text())
    deployed["global"] |= {"scrape_interval": _EVERY, "scrape_timeout": _EVERY, "evaluation_interval": _EVERY}
    deployed["rule_files"] = [str(_DEPLOYED / "rules" / "*.yml")]
    del deployed["alerting"]
    deployed["scrape_configs"] = [
        {"job_name": job, "static_configs": [{"targets": [address]}]} for job, address in targets.items()
    ]
    return deployed


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
