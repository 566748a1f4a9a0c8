from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.hostile.service import Service, serving


@pytest.fixture(scope="package")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service for all that is pushed at it; what it is sent must not bring it down."""
    with serving(tmp_path_factory.mktemp("hostile")) as running:
        yield running
