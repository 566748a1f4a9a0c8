"""The compose file, the Dockerfiles and the configuration of the monitoring match each other and the settings."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from services.contracts import QueueName
from services.settings import Settings
from tests.support import paths

ROOT = paths.ROOT
DEPLOY = ROOT / "deploy"
DOCKERFILES = sorted(DEPLOY.glob("*.Dockerfile"))
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OUR_OWN = {"migrate", "api", "worker", "sweeper", "deliverer"}


def stage_lines(dockerfile: Path) -> list[str]:
    """Return the lines of the last stage, which defines the image."""
    return dockerfile.read_text().split("\nFROM ")[-1].splitlines()


def variables_of_settings() -> set[str]:
    """Return the names of all environment variables that set a setting."""
    names = set()
    for name, field in Settings.model_fields.items():
        group = field.annotation
        if isinstance(group, type) and issubclass(group, BaseModel):
            names |= {f"STANCEWIRE_{name}__{inner}".upper() for inner in group.model_fields}
        else:
            names.add(f"STANCEWIRE_{name}".upper())
    return names


def test_compose_file_has_all_services() -> None:
    assert set(SERVICES) == OUR_OWN | {"redis", "postgres", "prometheus", "alertmanager", "grafana"}


@pytest.mark.parametrize("name", SERVICES)
def test_service_has_a_health_check_or_runs_once(name: str) -> None:
    service = SERVICES[name]
    if service.get("restart") == "no":
        assert name == "migrate"
        return
    assert service["restart"] == "unless-stopped"
    assert service["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}
    if name in OUR_OWN:
        assert service["healthcheck"]["test"][1:] == ["stancewire", "health", name]


@pytest.mark.parametrize("name", sorted(set(SERVICES) - OUR_OWN))
def test_image_of_others_is_pinned_by_tag_and_digest(name: str) -> None:
    assert re.fullmatch(r"[a-z/]+:v?\d[\w.-]*@sha256:[0-9a-f]{64}", SERVICES[name]["image"])


@pytest.mark.parametrize("name", SERVICES)
def test_dependency_of_a_service_can_be_satisfied(name: str) -> None:
    for dependency, rule in SERVICES[name].get("depends_on", {}).items():
        if rule["condition"] == "service_completed_successfully":
            assert SERVICES[dependency]["restart"] == "no"
        else:
            assert SERVICES[dependency]["restart"] != "no"


@pytest.mark.parametrize("name", SERVICES)
def test_volumes_are_declared_and_mounted_files_exist(name: str) -> None:
    for volume in SERVICES[name].get("volumes", []):
        source = volume.split(":")[0]
        assert (ROOT / source).exists() if source.startswith("./") else source in COMPOSE["volumes"]


@pytest.mark.parametrize("name", SERVICES)
def test_ports_are_published_on_the_loopback_address_only(name: str) -> None:
    for port in SERVICES[name].get("ports", []):
        assert port.startswith("127.0.0.1:")


@pytest.mark.parametrize("name", sorted(set(SERVICES) - {"postgres"}))
def test_service_is_not_root_and_cannot_write_to_its_image(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    if name in OUR_OWN:
        user = next(line for line in stage_lines(ROOT / service["build"]["dockerfile"]) if line.startswith("USER "))
        assert user.split()[1].split(":")[0] not in {"0", "root"}
    else:
        assert service["user"].split(":")[0] not in {"0", "root"}


def test_redis_does_not_evict_or_persist() -> None:
    command = " ".join(SERVICES["redis"]["command"])
    assert "--maxmemory-policy noeviction" in command
    assert re.search(r"--maxmemory \d+mb", command)
    assert '--save ""' in command
    assert "--appendonly no" in command
    assert "requirepass" in command


def test_worker_consumes_every_queue_and_has_time_to_stop() -> None:
    worker = SERVICES["worker"]
    queues = worker["command"][worker["command"].index("--queues") + 1]
    assert set(queues.split(",")) == {queue.value for queue in QueueName}
    assert int(worker["stop_grace_period"].rstrip("s")) > Settings().worker.hard_limit_s


def test_secrets_are_environment_variables_in_the_example() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    variables = set(re.findall(r"\$\{([A-Z_]+)", text))
    example = dict(
        line.split("=", 1) for line in (DEPLOY / "example.env").read_text().splitlines() if line and line[0] != "#"
    )
    assert variables == set(example)
    for name in variables:
        if name.endswith("PASSWORD"):
            assert set(re.findall(rf"\$\{{{name}(\W+)", text)) == {":?"}


def test_settings_in_deployment_files_exist() -> None:
    files = [ROOT / "docker-compose.yml", DEPLOY / "example.env", *DOCKERFILES]
    names = {name for file in files for name in re.findall(r"STANCEWIRE_[A-Z_]+", file.read_text())}
    assert {"STANCEWIRE_DATABASE_URL", "STANCEWIRE_REDIS_URL", "STANCEWIRE_WORKER__METRICS_PORT"} <= names
    assert names <= variables_of_settings()


def test_environment_of_each_service_gives_valid_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in OUR_OWN:
        for variable, value in SERVICES[name]["environment"].items():
            filled_in = re.sub(r"\$\{\w+:\?[^}]*\}", "0123abcd", str(value))  # as Compose does
            monkeypatch.setenv(variable, filled_in)
    settings = Settings()
    assert settings.resolved_database_url().startswith("postgresql+psycopg://")
    assert settings.resolved_redis_url().startswith("redis://")
    assert (settings.api.host, settings.api.port) == ("0.0.0.0", 8400)  # noqa: S104 - inside the container only
    assert settings.worker.metrics_port == 9808


def test_prometheus_scrapes_the_ports_of_api_and_worker() -> None:
    jobs = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text())["scrape_configs"]
    api, worker = sorted(jobs, key=lambda job: job["job_name"])
    assert api["static_configs"] == [{"targets": [f"api:{SERVICES['api']['environment']['STANCEWIRE_API__PORT']}"]}]
    assert worker["dns_sd_configs"][0]["names"] == ["worker"]
    port = SERVICES["worker"]["environment"]["STANCEWIRE_WORKER__METRICS_PORT"]
    assert worker["dns_sd_configs"][0]["port"] == int(port)


def test_prometheus_reads_rules_from_their_mount() -> None:
    [pattern] = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text())["rule_files"]
    mounts = dict(volume.split(":")[:2] for volume in SERVICES["prometheus"]["volumes"])
    assert mounts["./deploy/prometheus/rules"] == str(Path(pattern).parent)
    assert {path.name for path in (DEPLOY / "prometheus/rules").glob(Path(pattern).name)} == {
        "alerts.yml",
        "recording.yml",
    }


def test_alertmanager_routes_every_severity_to_a_receiver() -> None:
    [target] = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text())["alerting"]["alertmanagers"]
    assert target["static_configs"] == [{"targets": ["alertmanager:9093"]}]
    mounts = dict(volume.split(":")[:2] for volume in SERVICES["alertmanager"]["volumes"])
    assert f"--config.file={mounts['./deploy/alertmanager/alertmanager.yml']}" in SERVICES["alertmanager"]["command"]
    assert f"--storage.path={mounts['alertmanager-data']}" in SERVICES["alertmanager"]["command"]
    settings = yaml.safe_load((DEPLOY / "alertmanager/alertmanager.yml").read_text())
    receivers = {receiver["name"] for receiver in settings["receivers"]}
    assert {settings["route"]["receiver"], *(route["receiver"] for route in settings["route"]["routes"])} <= receivers
    rules = yaml.safe_load((DEPLOY / "prometheus/rules/alerts.yml").read_text())["groups"][0]["rules"]
    matchers = "\n".join(matcher for rule in settings["inhibit_rules"] for key in rule for matcher in rule[key])
    assert set(re.findall(r"Stancewire\w+", matchers)) <= {rule["alert"] for rule in rules}
    severities = re.findall(
        r'severity="(\w+)"', "\n".join(m for route in settings["route"]["routes"] for m in route["matchers"])
    )
    assert set(severities) <= {rule["labels"]["severity"] for rule in rules}


def test_grafana_reads_dashboards_from_their_mount() -> None:
    provider = yaml.safe_load((DEPLOY / "grafana/provisioning/dashboards/stancewire.yml").read_text())["providers"][0]
    targets = {volume.split(":")[0]: volume.split(":")[1] for volume in SERVICES["grafana"]["volumes"]}
    assert targets["./deploy/grafana/dashboards"] == provider["options"]["path"]


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.name)
def test_dockerfile_passes_hadolint_with_pinned_base_and_hashed_packages(dockerfile: Path) -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    process = subprocess.run([hadolint, dockerfile], capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stdout + process.stderr
    text = dockerfile.read_text()
    assert (
        len(
            set(
                re.findall(r"^FROM (python:3\.13-slim-bookworm@sha256:[0-9a-f]{64})(?: AS build)?$", text, re.MULTILINE)
            )
        )
        == 1
    )
    for install in re.findall(r"pip install ([^\n]*)", text):
        assert "--require-hashes" in install or "--no-deps --no-index" in install
    assert "STOPSIGNAL SIGTERM" in stage_lines(dockerfile)


def test_images_are_built_from_existing_lock_files() -> None:
    for dockerfile in DOCKERFILES:
        locks = set(re.findall(r"-r (locks/\S+)", dockerfile.read_text()))
        assert locks
        for lock in locks:
            assert "--hash=sha256:" in (ROOT / lock).read_text()


def test_api_image_has_no_model_packages() -> None:
    packages = set(re.findall(r"^([a-z0-9._-]+)==", (ROOT / "locks/api.txt").read_text(), re.MULTILINE))
    assert "fastapi" in packages
    assert packages.isdisjoint({"spacy", "torch", "onnxruntime", "trafilatura"})
