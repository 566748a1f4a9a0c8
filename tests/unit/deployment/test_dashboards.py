"""Dashboard files are valid and distinct and use existing metrics; integration tests run their queries."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml

from services.metrics import declared_names
from tests.support import paths

DEPLOY = paths.ROOT / "deploy"
FILES = sorted((DEPLOY / "grafana/dashboards").glob("*.json"))
BOARDS: list[dict[str, Any]] = [json.loads(file.read_text()) for file in FILES]
EACH = pytest.mark.parametrize("board", BOARDS, ids=lambda board: board["uid"])
RECORDED = {
    rule["record"]
    for group in yaml.safe_load((DEPLOY / "prometheus/rules/recording.yml").read_text())["groups"]
    for rule in group["rules"]
}


def test_four_dashboards_have_distinct_names() -> None:
    assert [board["uid"] for board in BOARDS] == [
        f"stancewire-{name}" for name in ("feeds", "overview", "quality", "workers")
    ]
    assert [board["uid"] for board in BOARDS] == [f"stancewire-{file.stem}" for file in FILES]
    assert len({board["title"] for board in BOARDS}) == len(BOARDS)


@EACH
def test_panels_are_distinct_and_described_and_do_not_overlap(board: dict[str, Any]) -> None:
    panels = board["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len({panel["title"] for panel in panels}) == len(panels)
    occupied: set[tuple[int, int]] = set()
    for panel in panels:
        assert panel["type"] == "row" or panel["description"].endswith("."), panel["title"]
        position = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(position["x"], position["x"] + position["w"])
            for y in range(position["y"], position["y"] + position["h"])
        }
        assert max(x for x, _ in cells) < 24
        assert not cells & occupied, panel["title"]
        occupied |= cells


@EACH
def test_every_data_source_is_the_variable(board: dict[str, Any]) -> None:
    [source] = [variable for variable in board["templating"]["list"] if variable["type"] == "datasource"]
    assert (source["name"], source["query"]) == ("datasource", "prometheus")
    used = re.findall(r'"uid": "([^"]*)"', json.dumps(board["panels"]) + json.dumps(board["templating"]))
    assert set(used) == {"${datasource}"}


@EACH
def test_queries_use_only_existing_metrics_and_variables(board: dict[str, Any]) -> None:
    variables = {variable["name"] for variable in board["templating"]["list"]} | {"__rate_interval"}
    targets = [target for panel in board["panels"] for target in panel.get("targets", ())]
    assert len(targets) >= 8
    for target in targets:
        names = set(re.findall(r"\b(?:[a-z_]+:)?(?:stancewire|celery)_[\w:]+", target["expr"]))
        assert names <= declared_names() | RECORDED, target["expr"]
        assert set(re.findall(r"\$(\w+)", target["expr"])) <= variables


@EACH
def test_ledger_figures_are_not_summed_over_api_processes(board: dict[str, Any]) -> None:
    aggregated = re.compile(r"\b(?:max|min)(?: by \([\w, ]+\))? ?\(")
    summed = re.compile(
        r"\bsum(?: by \([\w, ]+\))? ?"
        r"\((?:rate|increase)?\(?(stancewire_(?:feed|jobs|articles_accepted|job_attempts)\w*)"
    )
    for panel in board["panels"]:
        for target in panel.get("targets", ()):
            assert not summed.search(target["expr"]), target["expr"]
            if (
                re.search(r"stancewire_(?:feed_\w+|jobs\w*|articles_accepted\w*)", target["expr"])
                and ":" not in target["expr"]
            ):
                assert aggregated.search(target["expr"]), target["expr"]


def test_provisioned_data_source_is_prometheus() -> None:
    sources = yaml.safe_load((DEPLOY / "grafana/provisioning/datasources/prometheus.yml").read_text())["datasources"]
    assert [(source["type"], source["isDefault"]) for source in sources] == [("prometheus", True)]
