from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.hostile.service import SETTINGS, Service
from tests.support.stack import up


@pytest.fixture(scope="package")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service for all that is pushed at it; what it is sent must not bring it down."""
    folder = tmp_path_factory.mktemp("hostile")
    outside = [name for name in os.environ if name.startswith("STANCEWIRE_")]
    assert set(outside) <= {"STANCEWIRE_STATE_DIR"}
    with up(folder / "state", **SETTINGS) as running:
        yield Service(running.url, folder, running)
