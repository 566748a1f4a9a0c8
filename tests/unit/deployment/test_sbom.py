"""The bill of materials: valid CycloneDX, every locked package, and only licences that we may deliver."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tests import sbom

# Parts of names, as packages declare them. LGPL and MPL allow delivery beside our code, unchanged.
ALLOWED = ("MIT", "BSD", "Apache", "Python", "PSF", "ISC", "MPL", "Mozilla", "LGPL", "OFL", "Unlicense", "Zlib", "CC0")
# Without a licence in their metadata, with the one that their sources have.
UNDECLARED = {"protobuf": "BSD-3-Clause"}


@cache
def environment() -> dict[str, sbom.Component]:
    return sbom.installed()


def document(name: str) -> dict[str, Any]:
    return sbom.bill(name, sbom.ROOT / "locks" / f"{sbom.LOCKS[name]}.txt", environment())


@pytest.mark.parametrize("name", sbom.LOCKS)
def test_bill_holds_every_locked_package_with_a_licence_that_allows_delivery(name: str) -> None:
    bill = document(name)
    components = {(sbom.normalised(part["name"]), part.get("version", "")): part for part in bill["components"]}
    missing = set(sbom.locked(sbom.ROOT / "locks" / f"{sbom.LOCKS[name]}.txt")) - set(components)
    assert missing == set()
    for (package, _), component in components.items():
        licence = sbom.licences(component) or UNDECLARED.get(package, "")
        if package in environment() or not component.get("version"):
            assert any(part in licence for part in ALLOWED), (package, licence)


def test_component_of_a_package_that_is_not_installed_has_its_version_and_no_licence(tmp_path: Path) -> None:
    lock = tmp_path / "lock.txt"
    lock.write_text("Some_Package==1.2 ; sys_platform == 'win32' \\\n    --hash=sha256:00\n")
    bill = sbom.bill("image", lock, {})
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(bill)) is None
    [component, *included] = bill["components"]
    assert (component["name"], component["purl"]) == ("some-package", "pkg:pypi/some-package@1.2")
    assert sbom.licences(component) == ""
    assert {part["name"] for part in included} >= {"htmx.org", "all-MiniLM-L6-v2"}
