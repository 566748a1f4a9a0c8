"""A distant database: the round trips of a push are counted, since each of them may take a fifth of a second."""

from __future__ import annotations

from typing import Any

import pytest

from services.database import migrations
from services.database.engine import Database
from services.settings import Database as DatabaseSettings
from tests.support.link import link_to
from tests.support.postgres import PostgresServer

# BEGIN, stored revisions, article, job, counters, COMMIT; then the job as the answer shows it.
USUAL_TRIPS = 7
# The key, the feed, the pauses, the ages and counts of the queue, the rate of the workers; some may be new connections.
RARE_TRIPS = 8


@pytest.mark.parametrize("fresh_s", [60, 0.001], ids=["cached", "nothing-cached"])
def test_push_takes_few_round_trips(postgres: PostgresServer, serve: Any, fresh_s: float) -> None:
    with postgres.new_database() as url, link_to(postgres.port) as link:
        near = Database(url, DatabaseSettings(), pooled=False)
        migrations.upgrade(near)
        far = Database(url.replace(f":{postgres.port}/", f":{link.port}/"), DatabaseSettings())
        api = serve(far, access={"cache_s": fresh_s}, feeds={"cache_s": fresh_s})
        services = api.app.state.services
        services.dispatch_thread.stop()  # it dispatches beside the push
        trips = []
        for number in range(5):
            before = link.trips
            assert api.push(f"Story {number}.").status_code == 202
            trips.append(link.trips - before)
        assert min(trips) <= USUAL_TRIPS + (2 if fresh_s < 1 else 0), trips
        assert max(trips[1:]) <= USUAL_TRIPS + RARE_TRIPS, trips  # the first also opens the connection
        api.stop()
        far.dispose()
