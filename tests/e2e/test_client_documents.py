"""The packed client as its users have it: its wheel, the examples of its README, and the notebook on a real service."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from services import samples
from services.client import Client
from tests.support.paths import ROOT
from tests.support.stack import Stack, start_stack

README = ROOT / "services" / "client" / "README.md"
NOTEBOOK = ROOT / "docs" / "notebooks" / "stances-over-time.ipynb"


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The contents of the client's wheel."""
    folder = tmp_path_factory.mktemp("client")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT / "services" / "client",
        check=True,
        capture_output=True,
    )
    [wheel] = folder.glob("stancewire_client-*.whl")
    zipfile.ZipFile(wheel).extractall(folder / "unpacked")
    return folder / "unpacked"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A service that has read the sample articles, by rule: that is quicker, and enough for examples."""
    quick = {"STANCEWIRE_PIPELINE__MODEL": "rules", "STANCEWIRE_WORKER__PROCESSES": "1"}
    with start_stack(tmp_path_factory.mktemp("documents") / "state", **quick) as running:
        with Client(running.url, running.key) as client:
            batch = client.push_batch(sample.model_dump(mode="json", exclude_none=True) for sample in samples.load())
            assert all(client.wait(job_id, timeout_s=60).succeeded for job_id in batch.job_ids)
        yield running


def environment_of(stack: Stack, packed: Path) -> Mapping[str, str]:
    """Return the environment of a user who has installed the client, without the checkout."""
    return {"PYTHONPATH": str(packed), "STANCEWIRE_URL": stack.url, "STANCEWIRE_KEY": stack.key, "MPLBACKEND": "agg"}


def test_wheel_has_the_modules_the_licence_and_no_file_of_the_service(packed: Path) -> None:
    written_by_imports = "__pycache__"
    files = {str(file.relative_to(packed)) for file in packed.rglob("*") if file.is_file()}
    files = {name for name in files if written_by_imports not in name}
    modules = {f"stancewire_client/{file.name}" for file in (ROOT / "services" / "client").glob("*.py")}
    extra = {"stancewire_client/py.typed", "stancewire_client/LICENSE"}
    assert {name for name in files if ".dist-info/" not in name} == modules | extra


def test_examples_of_the_readme_work(stack: Stack, packed: Path, tmp_path: Path) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```$", README.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 7
    check = "import sys\nassert 'services' not in sys.modules\n"
    script = tmp_path / "examples.py"
    script.write_text("\n".join([*blocks, check]), encoding="utf-8")
    completed = subprocess.run(
        [sys.executable, "-W", "error", str(script)],
        cwd=tmp_path,
        env=os.environ | environment_of(stack, packed),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert completed.returncode == 0, completed.stderr
    expected = ("Ida Berg reject", "4 422 invalid", "Ada Holt", "tram-1", "note-2", "Ann Lee", "404 not_found", "400")
    for said in expected:
        assert said in completed.stdout, (said, completed.stdout)


def test_notebook_draws_the_stances_of_a_speaker(
    stack: Stack, packed: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in environment_of(stack, packed).items():
        if name != "MPLBACKEND":  # the kernel has one of its own, which keeps the pictures
            monkeypatch.setenv(name, value)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    notebook = nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]  # it has no types
    NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert any("image/png" in output.get("data", {}) for output in outputs), "the timeline is drawn"
    [sides] = [output for output in outputs if "stance" in output.get("data", {}).get("text/html", "")]
    assert all(said in sides["data"]["text/html"] for said in ("Norvane Energy", "oppose", "support"))
    assert "accused Norvane Energy" in outputs[-1]["text"]
