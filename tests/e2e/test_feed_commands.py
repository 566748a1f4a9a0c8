"""The commands `feeds` and `audit`, on a database that no service uses."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.support.stack import command, environment


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    run(tmp_path, "migrate").check_returncode()
    return tmp_path


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    variables = environment(STANCEWIRE_STATE_DIR=str(folder))
    return subprocess.run(command(*arguments), capture_output=True, text=True, timeout=120, env=variables)


def test_feed_is_added_changed_and_shown_and_audited(folder: Path) -> None:
    assert (
        run(folder, "feeds", "add", "wire", "--queued-limit", "7", "--description", "[red]The wire").stdout
        == "wire: added\n"
    )
    assert run(folder, "feeds", "set", "wire", "--queued-limit", "-1", "--rate", "2.5").stdout == "wire: changed\n"
    shown = json.loads(run(folder, "feeds", "show", "wire").stdout)
    assert (shown["queued_limit"], shown["rate_per_s"], shown["description"]) == (None, 2.5, "[red]The wire")
    assert "[red]The wire" in run(folder, "feeds", "list").stdout
    entries = [json.loads(line) for line in run(folder, "audit", "--json", "--subject", "wire").stdout.splitlines()]
    assert [entry["action"] for entry in entries] == ["feed.set", "feed.add"]
    assert entries[0]["detail"] == {"queued_limit": [7, None], "rate_per_s": [None, 2.5]}
    assert all(entry["actor"].startswith("shell:") for entry in entries)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("feeds", "add", "No Capitals"), "feed 'No Capitals'"),
        (("feeds", "set", "wire"), "say what to change"),
        (("feeds", "set", "wire", "--rate", "0"), "--rate: at least 0.001, or -1"),
        (("feeds", "show", "nobody"), "there is no feed 'nobody'"),
    ],
)
def test_invalid_request_is_rejected_with_its_reason(folder: Path, arguments: tuple[str, ...], reason: str) -> None:
    refused = run(folder, *arguments)
    assert refused.returncode in {1, 2}
    assert reason in " ".join(refused.stderr.replace("│", " ").split())
    assert "Traceback" not in refused.stderr
