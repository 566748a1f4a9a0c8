"""All tests, in two runs side by side: ``python -m tests.run [pytest options]``, behind ``make test``.

Tests of whole processes (browser, e2e, faults, hostile) depend on the clock and mostly wait: they run one by one, at
normal priority. All others run on every core at low priority, so that they use only the time left over. Their output is
printed when they end. The exit status is 1 if either run fails.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from tests.support.paths import ROOT

ONE_AT_A_TIME: Final = ("tests/browser", "tests/e2e", "tests/faults", "tests/hostile")
NICENESS: Final = 15


def main(options: list[str]) -> int:
    """Run both halves with the given pytest options; return the exit status."""
    pytest = [sys.executable, "-m", "pytest", *options]
    parallel = ["nice", "-n", str(NICENESS), *pytest, "--numprocesses", "auto", "--dist", "worksteal"]
    parallel += [argument for folder in ONE_AT_A_TIME for argument in ("--ignore", folder)]
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "parallel.txt"
        with output.open("wb") as stream:
            background = subprocess.Popen(parallel, cwd=ROOT, stdout=stream, stderr=subprocess.STDOUT)
            foreground = subprocess.run([*pytest, *ONE_AT_A_TIME], cwd=ROOT, check=False)
            status = background.wait()
        print(output.read_text("utf-8", "replace"))
    return 1 if foreground.returncode or status else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
