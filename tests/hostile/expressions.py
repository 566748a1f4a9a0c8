"""Every regular expression of the tree, found by walking its modules, and inputs that are hard for each."""

from __future__ import annotations

import importlib
import pkgutil
import re
from itertools import product
from pathlib import Path
from typing import Any, Final

import services
import workers

# What an expression may be asked at most, where its caller cuts the text first: there it need not be linear.
BOUNDED: Final = {
    "workers.segmentation.paragraphs._LINE": 120,  # LINE, in is_boilerplate
    "workers.segmentation.paragraphs._DATELINE": 100,  # in dateline
    "workers.segmentation.paragraphs._CAPITALS": 100,  # as above
    "services.api.long_poll._WAIT": 200,  # PreferHeader
}
# What begins like a match and is none, chosen by reading the expressions.
CHOSEN: Final[dict[str, tuple[str, ...]]] = {
    "services.api.middleware.body_limits._TOKENS": ('"\\"', '\\"', '"a', "\\\\", '"['),
    "workers.doc.tokens._TOKEN": (
        "Aa-",
        "A.",
        "a.",
        "1.",
        "1,",
        "a'",
        "a’s",
        "Mr",
        "Mr.",
        "ex-",
        "ex-A",
        "No.",
        "p.m",
        "a-",
        "--",
    ),
    "workers.text.page._WRAPPER": ("<html", "<!doctype", "<head ", "<body"),
    "workers.stance.relations._WORD": ("a'", "a-", "_a", "a’-"),
}
_PIECES: Final = ("a", "A", "1", " ", "\n", ".", "-", "_", "'", '"', "a ", "A. ", "1,", "\u00e9", "\u0301")


def expressions() -> dict[str, re.Pattern[Any]]:
    """Compiled expressions by module and name; those that only training has stay out, it reads no article of a feed."""
    found: dict[str, re.Pattern[Any]] = {}
    for package in (services, workers):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if module.name.startswith(("workers.training", "services.database.migrations")) or module.name.endswith(
                "__main__"
            ):
                continue
            holder = importlib.import_module(module.name)
            for name, value in vars(holder).items():
                values = value if isinstance(value, tuple | list) else (value,)
                for number, one in enumerate(values):
                    if isinstance(one, re.Pattern) and one not in found.values():
                        found[f"{module.name}.{name}{f'[{number}]' if number else ''}"] = one
    return found


def uses(name: str) -> set[str]:
    """The methods that the tree calls on an expression: one that only matches whole texts need not be quick to search."""
    variable = name.rpartition(".")[2].partition("[")[0]
    sources = [
        path.read_text(encoding="utf-8") for top in (services, workers) for path in Path(top.__path__[0]).rglob("*.py")
    ]
    methods = {method for source in sources for method in re.findall(rf"\b{variable}\.(\w+)\(", source)}
    return methods & {"match", "fullmatch", "search", "finditer", "findall", "sub", "split"} or {"finditer"}


def pieces(name: str, expression: re.Pattern[Any]) -> list[str]:
    """What to repeat for an expression: what was chosen, the words that it names, and the usual characters."""
    source = expression.pattern if isinstance(expression.pattern, str) else expression.pattern.decode("latin-1")
    words = sorted(set(re.findall(r"[A-Za-z]{2,}", re.sub(r"\\.", " ", source))))[:12]
    marks = sorted(set(re.findall(r"[^\w\s\\]", source)) - set("()[]{}?*+|^$"))[:8]
    joined = [first + second for first, second in product(words[:3], (" ", ".", "-"))]
    return list(dict.fromkeys((*CHOSEN.get(name, ()), *words, *marks, *joined, *_PIECES)))
