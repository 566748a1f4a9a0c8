"""API keys on the command line: how an operator creates them, and how the other commands find theirs."""

from __future__ import annotations

import json
import re
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.stack import SHORT_LIMITS, Stack, command, environment, open_client, start_stack

KEY = re.compile(r"swk_[0-9a-f]{12}_[0-9a-f]{48}")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    quick = SHORT_LIMITS | {"STANCEWIRE_PIPELINE__MODEL": "rules", "STANCEWIRE_ACCESS__CACHE_S": "0.2"}
    with start_stack(tmp_path_factory.mktemp("keys") / "state", **quick) as running_stack:
        yield running_stack


def run(stack: Stack, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    variables = environment(**({"STANCEWIRE_URL": stack.url, "STANCEWIRE_STATE_DIR": str(stack.state_dir)} | settings))
    return subprocess.run(command(*arguments), capture_output=True, text=True, timeout=60, env=variables)


def test_first_admin_key_is_readable_only_by_its_owner_and_not_printed(stack: Stack) -> None:
    file = stack.state_dir / "admin.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert KEY.fullmatch(file.read_text().strip())
    assert f"commands read it from {file}" in stack.read_output()
    assert KEY.search(stack.read_output()) is None
    names = [key["name"] for key in stack.client.get("/v1/keys").json()["items"]]
    assert names[-1] == "first admin key", "keys are listed newest first"


def test_key_of_a_feed_is_created_used_listed_and_revoked(stack: Stack, tmp_path: Path) -> None:
    created = run(stack, "keys", "create", "--feed", "wire", "--days", "30")
    assert created.returncode == 0, created.stderr
    token = created.stdout.strip()
    assert KEY.fullmatch(token)
    assert "ingest, read on wire" in created.stderr
    story = tmp_path / "story.txt"
    story.write_text("Bakers protest in Orvik\n\n“We will not pay this tax,” baker Nils Aune said on Monday.\n")
    submitted = run(stack, "submit", str(story), "--wait", STANCEWIRE_KEY=token)
    assert submitted.returncode == 0, submitted.stderr
    assert "Nils Aune" in submitted.stdout
    with open_client(stack.url, token) as client:
        assert [job["metadata"]["feed"] for job in client.get("/v1/jobs").json()["items"]] == ["wire"]
    key_id = token.split("_")[1]
    listed = [json.loads(line) for line in run(stack, "keys", "list", "--json").stdout.splitlines()]
    assert [(key["state"], key["feeds"]) for key in listed if key["id"] == key_id] == [("works", ["wire"])]
    assert run(stack, "keys", "revoke", key_id).stdout == f"{key_id}: revoked\n"
    refused = run(stack, "submit", str(story), STANCEWIRE_KEY=token)
    assert refused.returncode == 1
    assert f"the key {key_id} was revoked" in refused.stderr
    assert "revoked" in run(stack, "keys", "list").stdout


def test_submit_without_a_key_says_how_to_get_one(stack: Stack, tmp_path: Path) -> None:
    story = tmp_path / "story.txt"
    story.write_text("Bakers protest.\n")
    refused = run(stack, "submit", str(story), STANCEWIRE_STATE_DIR=str(tmp_path))
    assert refused.returncode == 1
    assert "set STANCEWIRE_KEY" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((), "say one of --admin, --feed NAME and --all-feeds"),
        (("--admin", "--feed", "wire"), "say one of"),
        (("--admin", "--scope", "read"), "--admin has every scope"),
        (("--feed", "No Capitals"), "feed 'No Capitals'"),
        (("--feed", "wire", "--scope", "admin"), "an admin key has access to every feed"),
    ],
)
def test_invalid_key_is_rejected_with_its_reason(stack: Stack, arguments: tuple[str, ...], reason: str) -> None:
    refused = run(stack, "keys", "create", *arguments)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert reason in " ".join(refused.stderr.replace("│", " ").split())


def test_revoking_an_unknown_key_fails(stack: Stack) -> None:
    refused = run(stack, "keys", "revoke", "0" * 12)
    assert (refused.returncode, refused.stderr) == (1, "stancewire: there is no key 000000000000\n")


def test_second_start_creates_no_other_admin_key(tmp_path: Path) -> None:
    with start_stack(tmp_path / "state", **SHORT_LIMITS) as first:
        key = first.key
    with start_stack(tmp_path / "state", **SHORT_LIMITS) as second:
        assert second.key == key
        assert "admin key" not in second.read_output()
        assert len(second.client.get("/v1/keys").json()["items"]) == 1
