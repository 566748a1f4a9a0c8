"""Print the coverage of all processes together and every module under 90 %. Behind ``make coverage``."""

from __future__ import annotations

import io
import sys
from typing import Final

from coverage import Coverage

WANTED: Final = 90.0


def main() -> int:
    """Print the figures; return 0."""
    coverage = Coverage(data_suffix=False)
    coverage.load()  # pytest-cov has combined the data of all processes
    gaps = []
    for file in sorted(coverage.get_data().measured_files()):
        if not file.endswith(".py"):  # templates are measured under their own names
            continue
        numbers = coverage._analyze(file).numbers
        if numbers.n_statements and numbers.pc_covered < WANTED:
            gaps.append((numbers.pc_covered, file))
    total = coverage.report(file=io.StringIO(), ignore_errors=True, include=["*.py"])
    print(f"coverage of statements and branches: {total:.1f} %; under {WANTED:.0f} %:")
    for percent, file in sorted(gaps):
        print(f"  {percent:5.1f} %  {file}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
