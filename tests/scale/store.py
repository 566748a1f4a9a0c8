"""A store of synthetic results, as large as wanted: what the index would hold after a year, without a pipeline."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Table, insert

from services.contracts import Act, Kind, StanceLabel
from services.database.engine import Database
from services.database.tables import (
    ID_STEP,
    articles,
    attribution_names,
    attributions,
    indexed_results,
    jobs,
    results,
    stance_names,
    stances,
)
from services.results.search_index import DAY_MS, HOLDER, TARGET

STANCES_AN_ARTICLE: Final = 5
DAYS: Final = 365
NOW: Final = 20_400 * DAY_MS
PEOPLE: Final = 20_000
FEEDS: Final = 40
TOPICS: Final = 50
_STORY: Final = 5  # of five articles in sequence, two are copies of earlier ones
_PAGE: Final = 500
_WORDS: Final = tuple(f"word{number}" for number in range(30_000))


def person(number: int) -> str:
    """The normalised name of a person; small numbers are named most."""
    return f"given{number % 97} surname{number}"


def fill(database: Database, number: int, seed: int = 1) -> Iterator[int]:
    """Store ``number`` stances and as many attributions; yields how many there are after each transaction."""
    chance = random.Random(seed)  # noqa: S311 -- data to measure on
    count = number // STANCES_AN_ARTICLE
    for start in range(0, count, _PAGE):
        rows: dict[Table, list[dict[str, Any]]] = {}
        for sequence in range(start + 1, min(start + _PAGE, count) + 1):
            _article(rows, sequence, chance)
        with database.write() as connection:
            for table in (
                articles,
                jobs,
                results,
                indexed_results,
                attributions,
                attribution_names,
                stances,
                stance_names,
            ):
                connection.execute(insert(table), rows[table])
        yield min(start + _PAGE, count) * STANCES_AN_ARTICLE


def _article(rows: dict[Table, list[dict[str, Any]]], sequence: int, chance: random.Random) -> None:
    at = NOW - chance.randrange(DAYS * DAY_MS)
    feed = f"feed{min(FEEDS - 1, int(chance.expovariate(0.15)))}"
    article, job = UUID(int=2 * sequence), UUID(int=2 * sequence + 1)
    leads = 1 <= sequence % _STORY <= 3
    first = sequence if leads else chance.randrange(-(-sequence // _STORY)) * _STORY + 1
    known = {"feed": feed, "created_at": at, "queued_at": at, "finished_at": at}
    new = {
        articles: {
            "id": article,
            "feed": feed,
            "version": "1",
            "revision": 1,
            "identity": f"{sequence}",
            "content_hash": "",
        },
        jobs: {"id": job, "article_id": article, "analysis": 1, "words": 500, "state": "succeeded", "next_run_at": at}
        | known,
        results: {"job_id": job, "sequence": sequence, "feed": feed, "document": "{}", "etag": "", "stored_at": at},
        indexed_results: {
            "sequence": sequence,
            "article_id": article,
            "feed": feed,
            "day": at // DAY_MS,
            "story_id": UUID(int=first),
            "copy_order": sequence,
            "leads_story": leads,
        },
    }
    new[articles] |= {"media_type": "text/plain", "received_at": at, "title": f"Story {sequence}"}
    new[results] |= {"attributions": STANCES_AN_ARTICLE, "stances": STANCES_AN_ARTICLE}
    for table, row in new.items():
        rows.setdefault(table, []).append(row)
    people = [min(PEOPLE - 1, int(chance.paretovariate(0.6))) for _ in range(STANCES_AN_ARTICLE + 1)]
    for number in range(STANCES_AN_ARTICLE):
        shared = {"feed": feed, "at": at, "leads_story": leads}
        _item(rows, sequence * ID_STEP + number, shared, (people[number], people[number + 1]), chance)


def _item(
    rows: dict[Table, list[dict[str, Any]]],
    key: int,
    shared: dict[str, Any],
    people: tuple[int, int],
    chance: random.Random,
) -> None:
    speaker, target = map(person, people)
    words = " ".join(_WORDS[min(len(_WORDS) - 1, int(chance.paretovariate(0.5)))] for _ in range(25))
    act = chance.choice(list(Act))
    at = shared["at"]
    common = shared | {
        "id": key,
        "sequence": key // ID_STEP,
        "score": chance.random(),
        "start": 0,
        "end": 9,
    }
    said = {"item": "a1", "speaker": speaker, "source": speaker, "cue": "said", "act": act, "kind": Kind.INDIRECT}
    rows.setdefault(attributions, []).append(common | said | {"content": words})
    topic = f"topic-{chance.randrange(TOPICS)}" if chance.random() < 0.2 else None
    held = {
        "item": "s1",
        "day": at // DAY_MS,
        "holder": speaker,
        "stance": chance.choice(list(StanceLabel)),
        "act": act,
    }
    about = {"target": None if topic else target, "topic": topic, "attribution": "a1", "evidence": words}
    rows.setdefault(stances, []).append(common | held | about)
    for name in (speaker, speaker.split()[-1]):
        rows.setdefault(attribution_names, []).append({"key": name, "at": at, "attribution_id": key})
        rows.setdefault(stance_names, []).append({"role": HOLDER, "key": name, "at": at, "stance_id": key})
    for name in () if topic else (target, target.split()[-1]):
        rows.setdefault(stance_names, []).append({"role": TARGET, "key": name, "at": at, "stance_id": key})
