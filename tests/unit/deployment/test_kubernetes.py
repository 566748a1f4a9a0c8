"""The Helm chart: every manifest valid for Kubernetes, hardened, and in agreement with settings and compose file."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from services.settings import Settings
from tests.support import paths
from tests.unit.deployment.test_deployment import variables_of_settings

pytest.importorskip("helm_python", reason="helm-python-sdk is not installed: pip install -e '.[kubernetes]'")
kubernetes_validate = pytest.importorskip("kubernetes_validate", reason="kubernetes-validate is not installed")

from helm_python.errors import HelmError  # noqa: E402 -- after the check that it is there

from tests import manifests  # noqa: E402

STORES = {"secret": {"existing": "stores"}}
EVERYTHING: dict[str, Any] = STORES | {
    "autoscaling": {"enabled": True},
    "monitoring": {"enabled": True, "keySecret": "metrics", "labels": {"release": "prometheus"}},
    "api": {"ingress": {"enabled": True, "tlsSecret": "tls", "className": "nginx"}},
    "image": {"pullSecrets": [{"name": "registry"}], "api": {"digest": "sha256:" + "0" * 64}},
    "networkPolicy": {"apiFrom": {"kubernetes.io/metadata.name": "ingress"}},
    "settings": {"STANCEWIRE_LIMITS__WAIT_S": 600},
}
FOREIGN = {"ScaledObject", "TriggerAuthentication", "ServiceMonitor", "PrometheusRule"}  # of operators
KUBERNETES_VERSION = "1.29"  # the oldest that the chart allows


def documents(values: dict[str, Any], *, upgrade: bool = False) -> list[dict[str, Any]]:
    return [document for document in yaml.safe_load_all(manifests.render(values, upgrade=upgrade)) if document]


def named(values: dict[str, Any], kind: str, **options: bool) -> dict[str, dict[str, Any]]:
    """Return the manifests of a kind by the part of the service that they are about."""
    chosen = [document for document in documents(values, **options) if document["kind"] == kind]
    return {document["metadata"]["labels"]["app.kubernetes.io/component"]: document for document in chosen}


def pods(values: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        part: document["spec"]["template"]["spec"]
        for kind in ("Deployment", "Job")
        for part, document in named(values, kind).items()
    }


def test_every_manifest_is_valid_for_the_oldest_version() -> None:
    for document in documents(EVERYTHING) + documents(EVERYTHING, upgrade=True):
        if document["kind"] not in FOREIGN:
            kubernetes_validate.validate(document, KUBERNETES_VERSION, strict=True)


def test_plain_manifests_are_those_of_the_chart() -> None:
    assert manifests.MANIFESTS.read_text() == manifests.plain(), "run `make manifests`"


def test_pods_run_without_privileges_on_a_read_only_file_system() -> None:
    for part, pod in pods(EVERYTHING).items():
        assert pod["automountServiceAccountToken"] is False, part
        assert pod["securityContext"]["runAsNonRoot"] is True
        [container] = pod["containers"]
        context = container["securityContext"]
        assert (context["readOnlyRootFilesystem"], context["allowPrivilegeEscalation"]) == (True, False)
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert "memory" in container["resources"]["limits"]


def test_parts_are_those_of_the_compose_file_and_run_the_same_commands() -> None:
    compose = yaml.safe_load((paths.ROOT / "docker-compose.yml").read_text())["services"]
    commands = {part: pod["containers"][0]["args"] for part, pod in pods(STORES).items()}
    assert commands == {part: compose[part]["command"][:1] for part in compose if part in commands}
    ours = {name for name, service in compose.items() if str(service["image"]).startswith("stancewire-")}
    assert set(commands) == ours


def test_settings_of_the_chart_exist() -> None:
    for part, settings in named(EVERYTHING, "ConfigMap").items():
        assert set(settings["data"]) <= variables_of_settings(), part
    inline = {"databaseUrl": "postgresql://db/x", "redisUrl": "redis://r/0", "consoleSecret": "s", "secretsKeys": "k"}
    secret = named({"secret": inline}, "Secret")["stores"]
    assert set(secret["stringData"]) <= variables_of_settings()


def test_worker_may_end_its_article_and_has_memory_for_its_processes() -> None:
    pod = pods(STORES)["worker"]
    assert pod["terminationGracePeriodSeconds"] > Settings().worker.hard_limit_s
    limit = pod["containers"][0]["resources"]["limits"]["memory"]
    processes = int(named(STORES, "ConfigMap")["settings"]["data"]["STANCEWIRE_WORKER__PROCESSES"])
    assert limit == "1Gi"
    assert 150_000_000 + processes * 300_000_000 <= 2**30


def test_migration_runs_before_the_pods_of_an_upgrade_and_beside_those_of_an_installation() -> None:
    assert "annotations" not in named(STORES, "Job")["migrate"]["metadata"]
    upgrade = named(STORES, "Job", upgrade=True)["migrate"]["metadata"]
    assert upgrade["annotations"]["helm.sh/hook"] == "pre-upgrade"


def test_workers_scale_by_the_ledger_and_then_have_no_fixed_number() -> None:
    [scaled] = named(EVERYTHING, "ScaledObject").values()
    [trigger] = scaled["spec"]["triggers"]
    assert (trigger["type"], "state = 'queued'" in trigger["metadata"]["query"]) == ("postgresql", True)
    assert "replicas" not in named(EVERYTHING, "Deployment")["worker"]["spec"]
    assert named(STORES, "Deployment")["worker"]["spec"]["replicas"] == 2


def test_rules_and_labels_are_those_of_the_configuration_of_prometheus() -> None:
    folder = paths.ROOT / "deploy" / "prometheus"
    groups = [
        group for file in sorted(folder.glob("rules/*.yml")) for group in yaml.safe_load(file.read_text())["groups"]
    ]
    rules = named(EVERYTHING, "PrometheusRule")["rules"]
    assert rules["spec"]["groups"] == groups
    assert rules["metadata"]["labels"]["release"] == "prometheus"
    jobs = {job["job_name"] for job in yaml.safe_load((folder / "prometheus.yml").read_text())["scrape_configs"]}
    for part, monitor in named(EVERYTHING, "ServiceMonitor").items():
        [endpoint] = monitor["spec"]["endpoints"]
        assert endpoint["relabelings"][0]["replacement"] == part
        assert part in jobs


def test_network_policies_let_each_part_reach_only_its_stores() -> None:
    policies = named(EVERYTHING, "NetworkPolicy")
    ports = {
        part: {entry["port"] for rule in policy["spec"]["egress"] for entry in rule["ports"]}
        for part, policy in policies.items()
    }
    assert ports == {
        "api": {53, 5432, 6379, 443},
        "sweeper": {53, 5432, 6379, 443},
        "deliverer": {53, 5432, 443},
        "worker": {53, 5432, 6379},
        "migrate": {53, 5432},
    }


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "secret.databaseUrl or secret.existing is needed"),
        (STORES | {"worker": {"replicas": 0}}, "replicas"),
        (STORES | {"workers": {}}, "workers"),
        (STORES | {"settings": {"limits.wait_s": 5}}, "limits.wait_s"),
        (STORES | {"image": {"api": {"digest": "latest"}}}, "digest"),
    ],
)
def test_wrong_values_are_refused_by_name(values: dict[str, Any], message: str) -> None:
    with pytest.raises(HelmError) as caught:
        manifests.render(values)
    assert message in str(caught.value)
