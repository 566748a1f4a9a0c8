"""The page ``docs/reference/settings.md``, made from the settings: ``make reference`` writes it, a test compares.

Run as ``python -m services.settings_reference``, it prints the page.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import groupby
from typing import Final

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from services.settings import Settings
from services.settings.environment import variables

_TITLE: Final = """\
# Settings

Made from `services/settings/` by `make reference`; change it there.

Every setting is an environment variable. Processes refuse to start with a misspelt one, or with a value out of range.
Durations are in seconds (`_S`) or days (`_DAYS`)."""
_TABLE_HEAD: Final = ("| variable | default | meaning |", "|---|---|---|")


def page() -> str:
    """Return the whole page."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield _TITLE
    for name, fields in groupby(variables(Settings), key=lambda setting: setting[1]):
        yield from ("", *_section_head(name), "", *_TABLE_HEAD)
        for variable, _, field in fields:
            yield f"| `{variable}` | {_default(field)} | {(field.description or '').replace('|', chr(92) + '|')} |"


def _section_head(name: str) -> Iterator[str]:
    """Yield the heading of a group, and the first line of its docstring."""
    if not name:
        yield "## The process"
        return
    yield f"## {name.capitalize()}"
    yield ""
    group = Settings.model_fields[name].annotation
    yield (group.__doc__ or "").splitlines()[0]


def _default(field: FieldInfo) -> str:
    default = field.default
    if isinstance(default, SecretStr):
        default = default.get_secret_value()
    if isinstance(default, bool):
        default = str(default).lower()
    return f"`{default}`" if str(default) else "empty"


if __name__ == "__main__":
    sys.stdout.write(page())
