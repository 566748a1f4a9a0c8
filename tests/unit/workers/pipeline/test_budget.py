"""Tests of how much of a text one analysis reads."""

from __future__ import annotations

from services.contracts import MediaType
from services.samples import load
from services.settings import Pipeline as Settings
from tests.hostile.texts import NEWS, lettered
from workers.pipeline.budget import affordable_words
from workers.pipeline.pipeline import Pipeline

DENSE = NEWS + lettered("{} {} met him. ")(4_000)


def test_plain_words_within_the_budget_are_all_read() -> None:
    assert affordable_words(["plain"] * 100, 100) == 100
    assert affordable_words(["plain"] * 101, 100) == 100


def test_names_and_pronouns_cost_more_than_plain_words() -> None:
    assert affordable_words(["Ana"] * 100, 120) == 10
    assert affordable_words(["he"] * 100, 280) == 10
    assert affordable_words(["Ana"], 1) == 1


def test_text_beyond_the_budget_is_kept_whole_and_analysed_to_a_whole_word() -> None:
    analysis = Pipeline(Settings(model="rules", max_work=1_000)).analyse_text(DENSE)
    assert analysis.text == DENSE
    (cut,) = [warning for warning in analysis.warnings if warning.code == "text_cut"]
    read = int(cut.detail.split()[2])
    assert f"of {len(DENSE)} characters" in cut.detail
    assert len(NEWS) < read < len(DENSE) / 2
    assert not DENSE[read - 1].isalnum()
    assert max(mention.end for entity in analysis.entities for mention in entity.mentions) <= read


def test_ordinary_articles_are_far_below_the_default_budget() -> None:
    body = " ".join(article.body for article in load() if article.media_type is MediaType.TEXT)
    words = body.split()
    assert affordable_words(words, Settings().max_work // 20) == len(words)
