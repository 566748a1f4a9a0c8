"""Alert rules evaluated by promtool: each alert fires after its time, not before, and not on healthy series."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.metrics import declared_names
from services.metrics.labels import CAPACITY_CODES, PAUSE_CODES
from tests.support import paths
from tests.support.alert_cases import CASES, Case, Series

RULES = paths.ROOT / "deploy/prometheus/rules"
ALERTS: list[dict[str, Any]] = yaml.safe_load((RULES / "alerts.yml").read_text())["groups"][0]["rules"]
RECORDED: list[dict[str, Any]] = yaml.safe_load((RULES / "recording.yml").read_text())["groups"][0]["rules"]


def promtool() -> str:
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("promtool (Debian: prometheus) is not installed")
    return program


def test_cases_and_alerts_match() -> None:
    assert [rule["alert"] for rule in ALERTS] == list(CASES)


@pytest.mark.parametrize("name", CASES)
def test_alert_fires_at_its_time_and_not_on_healthy_series(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    [rule] = [rule for rule in ALERTS if rule["alert"] == name]
    labels = case.labels | rule["labels"]
    firing = {
        "exp_labels": labels,
        "exp_annotations": {key: rendered(text, labels) for key, text in rule["annotations"].items()},
    }
    tests = [
        rule_test(
            case,
            case.fires,
            [
                {"eval_time": case.not_yet, "alertname": name},
                {"eval_time": case.at, "alertname": name, "exp_alerts": [firing]},
            ],
        ),
        rule_test(case, case.quiet, [{"eval_time": case.at, "alertname": name}]),
    ]
    # Without the other alerts, which promtool would evaluate at each step: most of its time.
    needed = [recorded for recorded in RECORDED if recorded["record"] in rule["expr"]]
    rules, file = tmp_path / "rules.yml", tmp_path / "test.yml"
    rules.write_text(yaml.safe_dump({"groups": [{"name": "tested", "rules": [*needed, rule]}]}))
    file.write_text(yaml.safe_dump({"rule_files": [str(rules)], "evaluation_interval": case.interval, "tests": tests}))
    process = subprocess.run([promtool(), "test", "rules", str(file)], capture_output=True, text=True, timeout=60)
    assert process.returncode == 0, process.stdout + process.stderr


def rule_test(case: Case, series: Series, expected: list[dict[str, Any]]) -> dict[str, Any]:
    inputs = [{"series": name, "values": values} for name, values in series.items()]
    return {"interval": case.interval, "input_series": inputs, "alert_rule_test": expected}


def rendered(text: str, labels: dict[str, str]) -> str:
    """Return an annotation with its labels filled in, as Prometheus renders it."""
    return re.sub(r"\{\{ \$labels\.(\w+) \}\}", lambda match: labels[match.group(1)], text)


def test_rules_query_only_existing_series() -> None:
    recorded = {rule["record"] for rule in RECORDED}
    queried = {
        name
        for rule in [*ALERTS, *RECORDED]
        for name in re.findall(r"\b(?:[a-z_]+:)?(?:stancewire|celery)_[\w:]+", rule["expr"])
    }
    assert len(queried) >= 20
    assert queried <= declared_names() | recorded


def test_refusal_codes_in_alerts_match_those_in_the_code() -> None:
    watched = {"StancewireIntakeRefuses": CAPACITY_CODES, "StancewireBadInput": CAPACITY_CODES + PAUSE_CODES}
    for name, codes in watched.items():
        [rule] = [rule for rule in ALERTS if rule["alert"] == name]
        [pattern] = re.findall(r'code[=!]~"([a-z_|]+)"', rule["expr"])
        assert tuple(pattern.split("|")) == codes


def test_severity_is_critical_or_warning() -> None:
    assert {rule["labels"]["severity"] for rule in ALERTS} == {"critical", "warning"}


def test_rules_are_evaluated_as_often_as_metrics_are_read() -> None:
    intervals = yaml.safe_load((RULES.parent / "prometheus.yml").read_text())["global"]
    assert intervals["evaluation_interval"] == intervals["scrape_interval"] == "10s"


def test_rule_files_are_valid() -> None:
    process = subprocess.run(
        [promtool(), "check", "rules", *map(str, RULES.glob("*.yml"))], capture_output=True, text=True, timeout=60
    )
    assert process.returncode == 0, process.stdout + process.stderr
