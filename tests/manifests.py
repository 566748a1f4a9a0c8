"""`make manifests`: the chart of deploy/kubernetes rendered with all its parts, for those who do without Helm."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final

from helm_python.chart import Chart

ROOT: Final = Path(__file__).parents[1]
CHART: Final = ROOT / "deploy" / "kubernetes" / "chart"
MANIFESTS: Final = ROOT / "deploy" / "kubernetes" / "manifests.yaml"
_HEADER: Final = """\
# Made from the chart beside it by `make manifests`: change the chart, not this file. Create the namespace and in it the
# Secret that this names, with STANCEWIRE_DATABASE_URL, STANCEWIRE_REDIS_URL, STANCEWIRE_CONSOLE__SECRET and
# STANCEWIRE_SECRETS__KEYS, before.
"""
_PLAIN: Final = {"secret": {"existing": "stancewire-stores"}}


def render(values: dict[str, Any], *, upgrade: bool = False) -> str:
    """Return the manifests for these values as YAML documents. Raises ``HelmError`` for values that are not valid."""
    with Chart.load(CHART) as chart:
        rendered = chart.render(
            values=values,
            name="stancewire",
            namespace="stancewire",
            is_upgrade=upgrade,
            is_install=not upgrade,
        )
    documents = (document.strip() for file in sorted(rendered) for document in rendered[file].split("\n---\n"))
    return "".join(f"---\n{document.removeprefix('---').strip()}\n" for document in documents if document.strip("- \n"))


def plain() -> str:
    """Return the content of ``deploy/kubernetes/manifests.yaml``."""
    return _HEADER + render(_PLAIN)


if __name__ == "__main__":
    sys.exit(0 if MANIFESTS.write_text(plain()) else 1)
