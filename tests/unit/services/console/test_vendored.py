from __future__ import annotations

import hashlib
import re

from services.console.rendering import STATIC_FOLDER

FOLDER = STATIC_FOLDER / "vendor"
LINE = re.compile(r"^\| `([^`]+)` \|.*\| `([0-9a-f]{64})` \|$", re.MULTILINE)


def test_vendored_files_are_unchanged_and_have_a_licence() -> None:
    listed = dict(LINE.findall((FOLDER / "README.md").read_text()))
    files = {file.name for file in FOLDER.iterdir() if file.suffix in {".js", ".woff2", ".css"}}
    assert set(listed) == files
    for name, expected in listed.items():
        assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() == expected, name
    licences = {file.stem for file in FOLDER.glob("*.LICENSE")}
    assert all(any(name.startswith(licence) for licence in licences) for name in files)
