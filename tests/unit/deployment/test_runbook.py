"""The runbook has a section for each alert, and its commands, settings and metrics exist."""

from __future__ import annotations

import re
import shlex
from typing import Any

import click
import pytest
import typer
import yaml

from services.cli.main import build
from services.console.pages.runbook import rendered_runbook, section_anchor
from services.metrics import declared_names
from tests.support import paths
from tests.unit.deployment.test_deployment import variables_of_settings

ROOT = paths.ROOT
RUNBOOK = (ROOT / "docs/runbook.md").read_text()
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", RUNBOOK, re.MULTILINE | re.DOTALL))
ALERTS: list[dict[str, Any]] = yaml.safe_load((ROOT / "deploy/prometheus/rules/alerts.yml").read_text())["groups"][0][
    "rules"
]
LINES = {
    line.strip()
    for block in re.findall(r"```sh\n(.*?)```", RUNBOOK, re.DOTALL)
    for line in block.splitlines()
    if line.strip()
}
MENTIONED = set(re.findall(r"`(stancewire [a-z][^`]*)`", RUNBOOK)) - {"stancewire up"}
COMMANDS = sorted({line for line in LINES if line.startswith("stancewire ")} | MENTIONED)
COMPOSE_COMMANDS = sorted(line for line in LINES if line.startswith("docker compose "))
OTHER_PROGRAMS = {"dmesg", "du"}
SERVICES = set(yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"])


def test_sections_are_in_the_order_of_the_alerts() -> None:
    assert [title for title in SECTIONS if title.startswith("Stancewire")] == [rule["alert"] for rule in ALERTS]


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_alert_links_to_its_section_with_meaning_look_and_do(rule: dict[str, Any]) -> None:
    assert rule["annotations"]["runbook_url"] == f"docs/runbook.md#{section_anchor(rule['alert'])}"
    section = SECTIONS[rule["alert"]]
    parts = re.findall(r"^\*(\w+):\* (.+)", section, re.MULTILINE)
    assert [word for word, _ in parts] == ["Means", "Look", "Do"]
    assert all(len(text) > 20 for _, text in parts)


@pytest.mark.parametrize("line", COMPOSE_COMMANDS)
def test_compose_command_names_a_service(line: str) -> None:
    words = {word.partition("=")[0] for word in shlex.split(line)[3:]}
    assert words & SERVICES


def test_every_line_is_a_command() -> None:
    assert {line.split()[0] for line in LINES} == {"docker", "stancewire", *OTHER_PROGRAMS}


@pytest.mark.parametrize("line", COMMANDS)
def test_stancewire_command_exists_with_its_options(line: str) -> None:
    words = shlex.split(line, comments=True)
    assert words.pop(0) == "stancewire"
    command: Any = typer.main.get_command(build())
    context = click.Context(command)
    while hasattr(command, "commands"):
        command = command.get_command(context, words.pop(0))
        assert command is not None, line
    options = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= options
    arguments = [
        word
        for number, word in enumerate(words)
        if not word.startswith("--") and not (number and words[number - 1].startswith("--"))
    ]
    parameters = [parameter for parameter in command.params if parameter.param_type_name == "argument"]
    assert len(arguments) <= len(parameters) or any(parameter.nargs == -1 for parameter in parameters)


def test_page_has_every_section_and_only_internal_links() -> None:
    sections, html = rendered_runbook()
    assert [title for _, title in sections] == list(SECTIONS)
    assert set(re.findall(r'href="([^"]+)"', html)) <= {f"#{name}" for name, _ in sections}
    assert html.count("<a ") == html.count("</a>") == 14
    assert all(f'<h2 id="{name}">' in html for name, _ in sections)


def test_internal_links_and_linked_files_exist() -> None:
    anchors = {section_anchor(title) for title in SECTIONS}
    assert set(re.findall(r"\]\(#([^)]+)\)", RUNBOOK)) <= anchors
    for file in re.findall(r"\]\(([^#)]+\.(?:md|yml))\)", RUNBOOK):
        assert (ROOT / "docs" / file).exists(), file


def test_named_settings_and_metrics_exist() -> None:
    assert set(re.findall(r"STANCEWIRE_[A-Z_]+", RUNBOOK)) <= variables_of_settings()
    assert set(re.findall(r"`((?:stancewire|celery)_\w+)`", RUNBOOK)) <= declared_names()
