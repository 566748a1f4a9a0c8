"""Where things lie in the repository."""

from __future__ import annotations

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
GOLDEN: Final = ROOT / "tests" / "golden"
VOCABULARY: Final = ROOT / "workers" / "model" / "weights" / "vocab.txt"
