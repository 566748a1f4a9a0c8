"""Data frames of items."""

from __future__ import annotations

from datetime import date

import pandas as pd

from services.client import AttributionItem, Bucket, Timeline, to_pandas


def test_timeline_has_its_start_as_index() -> None:
    bucket = Bucket(start=date(2026, 11, 23), support=1, oppose=0, articles=4, support_rate=250.0, oppose_rate=0.0)
    frame = Timeline(items=(bucket,)).to_pandas()
    assert frame.loc[pd.Timestamp("2026-11-23"), "support"] == 1


def test_items_have_a_row_each_with_times_in_utc_and_plain_strings() -> None:
    fields = {
        "at": "2026-11-23T20:15:02+01:00", "feed": "wire", "article_id": "00000000-0000-0000-0000-000000000001",
        "story_id": None, "guid": None, "title": None, "url": None,
        "job_id": "00000000-0000-0000-0000-000000000002", "href": "/",
        "start": 0, "end": 1, "cursor": "c", "id": "a1", "speaker": "Ann Lee", "source": None, "cue": None,
        "act": "deny", "kind": "direct", "content": "no", "score": 0.5,
    }  # fmt: skip
    frame = to_pandas([AttributionItem.model_validate(fields)])
    assert frame.loc[0, "at"] == pd.Timestamp("2026-11-23T19:15:02Z")
    assert type(frame.loc[0, "act"]) is str


def test_no_items_give_a_frame_with_all_columns() -> None:
    frame = to_pandas([], AttributionItem)
    assert (len(frame), list(frame.columns)) == (0, list(AttributionItem.model_fields))
