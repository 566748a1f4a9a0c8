"""`make sbom`: the bill of materials of each image and of the wheel as CycloneDX 1.6, and a list of their licences.

The packages of an image are those of its lock file. Their licences come from the installed packages, which
``cyclonedx-py`` reads; a package for other platforms is not installed and has none.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from services.version import VERSION

ROOT: Final = Path(__file__).parents[1]
TARGET: Final = ROOT / "build" / "sbom"
# Deliveries and their lock files. The wheel asks for packages by range; `run` is what `make demo` installs with it.
LOCKS: Final = {"image-api": "api", "image-worker": "worker", "wheel": "run"}
# Parts that are inside of our own package. NOTICE has their licences in full.
_INCLUDED: Final = (
    ("htmx.org", "library", "0BSD", "services/console/static/vendor"),
    ("Inter", "file", "OFL-1.1", "services/console/static/vendor"),
    ("Source Serif 4", "file", "OFL-1.1", "services/console/static/vendor"),
    ("all-MiniLM-L6-v2", "machine-learning-model", "Apache-2.0", "workers/model"),
)
_NAME_AND_VERSION: Final = re.compile(r"([A-Za-z0-9._-]+)==(\S+)")

Component = dict[str, Any]


def locked(lock: Path) -> list[tuple[str, str]]:
    """Return the normalised names and the versions of a lock file; a package may have several, by version of Python."""
    matches = (_NAME_AND_VERSION.match(line) for line in lock.read_text().splitlines())
    return sorted((normalised(match.group(1)), match.group(2)) for match in matches if match)


def normalised(name: str) -> str:
    """Return a package's name as the packaging standards compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def installed() -> dict[str, Component]:
    """Return the components of this environment by normalised name, as ``cyclonedx-py`` describes them."""
    command = [
        sys.executable,
        "-m",
        "cyclonedx_py",
        "environment",
        "--no-validate",
        "--output-reproducible",
        sys.executable,
    ]
    output = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout
    return {normalised(component["name"]): component for component in json.loads(output)["components"]}


def bill(name: str, lock: Path, environment: dict[str, Component]) -> dict[str, Any]:
    """Return the bill of materials of one delivery as a CycloneDX document."""
    components = [_component(package, version, environment) for package, version in locked(lock)]
    components += [
        {
            "type": kind,
            "bom-ref": f"included-{part.replace(' ', '-')}",
            "name": part,
            "licenses": [{"license": {"id": licence}}],
        }
        | {"properties": [{"name": "stancewire:folder", "value": folder}]}
        for part, kind, licence, folder in _INCLUDED
    ]
    identity = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps([name, VERSION, components], sort_keys=True))
    main = {"type": "application", "bom-ref": "stancewire", "name": "stancewire", "version": VERSION}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{identity}",
        "version": 1,
        "metadata": {"component": main | {"licenses": [{"license": {"id": "Apache-2.0"}}]}},
        "components": components,
    }


def licences(component: Component) -> str:
    """Return a component's licences in words; empty if none is declared."""
    stated = (
        entry.get("expression") or entry["license"].get("id") or entry["license"].get("name", "")
        for entry in component.get("licenses", [])
    )
    return "; ".join(dict.fromkeys(name.removeprefix("License :: OSI Approved :: ") for name in stated))


def _component(package: str, version: str, environment: dict[str, Component]) -> Component:
    known = environment.get(package)
    if known is not None and known.get("version") == version:
        return known
    component = {"type": "library", "bom-ref": f"{package}=={version}", "name": package, "version": version}
    component["purl"] = f"pkg:pypi/{package}@{version}"
    if known is not None and "licenses" in known:  # of another version
        component["licenses"] = known["licenses"]
    return component


def _rows(bills: dict[str, dict[str, Any]]) -> Iterator[str]:
    """Yield the lines of the table of licences."""
    yield "| component | version | licence | in |"
    yield "|---|---|---|---|"
    deliveries: dict[tuple[str, str, str], list[str]] = {}
    for name, document in bills.items():
        for component in document["components"]:
            key = (component["name"], component.get("version", ""), licences(component) or "not declared")
            deliveries.setdefault(key, []).append(name)
    for key, names in sorted(deliveries.items()):
        yield f"| {' | '.join(key)} | {', '.join(names)} |"


def main() -> None:
    """Write all bills and the table."""
    TARGET.mkdir(parents=True, exist_ok=True)
    environment = installed()
    bills = {name: bill(name, ROOT / "locks" / f"{lock}.txt", environment) for name, lock in LOCKS.items()}
    for name, document in bills.items():
        file = TARGET / f"{name}.cdx.json"
        file.write_text(json.dumps(document, indent=1) + "\n")
        print(f"{file.relative_to(ROOT)}: {len(document['components'])} components")
    (TARGET / "licences.md").write_text("\n".join(_rows(bills)) + "\n")
    print(f"{(TARGET / 'licences.md').relative_to(ROOT)}")


if __name__ == "__main__":
    main()
