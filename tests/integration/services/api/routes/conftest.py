"""Articles with attributions and stances to search for."""

from __future__ import annotations

import pytest

from services.contracts import Act, StanceLabel
from services.database.engine import Database
from tests.support.api import Api
from tests.support.speech import Statement, store_result


@pytest.fixture
def search_api(api: Api, database: Database) -> Api:
    store_result(
        database,
        Statement("Sergey Lavrov", "the plan is reckless", act=Act.REJECT, target="NATO"),
        Statement("Lavrov", "the talks go on", "added"),
        Statement("Jens Stoltenberg", "members’ fees must rise", act=Act.DEMAND, score=0.6),
        other_names={"Sergey Lavrov": ["Lavrov"], "NATO": ["North Atlantic Treaty Organization"]},
        organizations=["NATO"],
        feed="wire",
        guid="1",
        title="Talks",
        url="https://example.org/1",
        published_at="2026-11-20T10:00:00Z",
    )
    store_result(
        database,
        Statement(
            "José Ramírez",
            "Żytomierz voted for the tram plan",
            act=Act.PRAISE,
            target="Lavrov",
            stance=StanceLabel.SUPPORT,
            score=0.7,
        ),
        Statement(None, "he is loved", target="José Ramírez", stance=StanceLabel.SUPPORT, attributed=False, score=0.55),
        feed="paper",
        published_at="2026-11-21T10:00:00Z",
    )
    store_result(
        database,
        Statement("Ana Ruiz", "the Café's U.S. plans are bad", act=Act.REJECT, target="#port-fees"),
        feed="wire",
        published_at="2026-11-22T10:00:00Z",
    )
    return api
