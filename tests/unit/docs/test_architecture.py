"""The architecture page shows the packages as they are."""

from __future__ import annotations

from tests import architecture


def test_package_tables_equal_the_import_graph() -> None:
    text = architecture.PAGE.read_text("utf-8")
    assert text == architecture.page(text), "run `make architecture`"


def test_package_picture_equals_the_layers() -> None:
    assert architecture.PICTURE.read_text("utf-8") == architecture.picture(), "run `make architecture`"


def test_no_package_imports_one_above_it() -> None:
    for tree, rows in architecture.layers().items():
        layer = {name: number for number, row in enumerate(rows) for name in row}
        graph = architecture.imports(tree)
        upward = {(name, other) for name, others in graph.items() for other in others if layer[other] < layer[name]}
        assert not upward
        assert set(graph) == set(layer), "every package stands in a layer"
