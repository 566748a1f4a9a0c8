from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.hostile.service import Service, running_service


@pytest.fixture(scope="package")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service for all tests of the package; nothing that they send may bring it down."""
    with running_service(tmp_path_factory.mktemp("hostile")) as running:
        yield running
