"""All compiled regular expressions of ``services`` and ``workers``, with inputs that are hard for each."""

from __future__ import annotations

import importlib
import pkgutil
import re
from itertools import product
from pathlib import Path
from typing import Any, Final

import services
import workers

# Lengths of inputs whose caller cuts the text first, so the expression need not be linear.
BOUNDED: Final = {
    "workers.segmentation.paragraphs._LINE": 120,  # cut to LINE in is_boilerplate
    "workers.segmentation.paragraphs._DATELINE": 100,  # cut in dateline
    "workers.segmentation.paragraphs._CAPITALS": 100,  # cut in dateline
    "services.api.long_poll._WAIT": 200,  # PreferHeader
}
# Beginnings of a match that never complete it, chosen by reading the expressions.
NEAR_MATCHES: Final[dict[str, tuple[str, ...]]] = {
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
    """Return compiled expressions by module and name; training is left out, as it never reads articles of feeds."""
    expressions_by_name: dict[str, re.Pattern[Any]] = {}
    for package in (services, workers):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if module.name.startswith(("workers.training", "services.database.migrations")) or module.name.endswith(
                "__main__"
            ):
                continue
            imported = importlib.import_module(module.name)
            for name, value in vars(imported).items():
                values = value if isinstance(value, tuple | list) else (value,)
                for number, expression in enumerate(values):
                    if isinstance(expression, re.Pattern) and expression not in expressions_by_name.values():
                        index = f"[{number}]" if number else ""
                        expressions_by_name[f"{module.name}.{name}{index}"] = expression
    return expressions_by_name


def called_methods(name: str) -> set[str]:
    """Return the methods called on an expression: if the code never searches with it, searching need not be linear."""
    variable = name.rpartition(".")[2].partition("[")[0]
    sources = [
        path.read_text(encoding="utf-8") for top in (services, workers) for path in Path(top.__path__[0]).rglob("*.py")
    ]
    methods = {method for source in sources for method in re.findall(rf"\b{variable}\.(\w+)\(", source)}
    return methods & {"match", "fullmatch", "search", "finditer", "findall", "sub", "split"} or {"finditer"}


def pieces(name: str, expression: re.Pattern[Any]) -> list[str]:
    """Return strings to repeat for an expression: near matches, the words in it, and common characters."""
    source = expression.pattern if isinstance(expression.pattern, str) else expression.pattern.decode("latin-1")
    words = sorted(set(re.findall(r"[A-Za-z]{2,}", re.sub(r"\\.", " ", source))))[:12]
    marks = sorted(set(re.findall(r"[^\w\s\\]", source)) - set("()[]{}?*+|^$"))[:8]
    joined = [first + second for first, second in product(words[:3], (" ", ".", "-"))]
    return list(dict.fromkeys((*NEAR_MATCHES.get(name, ()), *words, *marks, *joined, *_PIECES)))
