from __future__ import annotations

from collections.abc import Callable

import pytest

from services import settings
from services.contracts import Analysis, Article, StanceLabel, Topic
from workers.pipeline.pipeline import Pipeline

TRAM = Topic(id="tram", name="tram plan", aliases=("the tram",), claim="The tram should be built.")
BUS = Topic(id="bus", name="bus lanes", claim="There should be bus lanes.")
SUPPORT, OPPOSE = StanceLabel.SUPPORT, StanceLabel.OPPOSE

JudgedTexts = list[tuple[str, str]]
ReadForTopics = Callable[..., tuple[list[tuple[str | None, str | None, StanceLabel, str]], JudgedTexts]]


@pytest.fixture(scope="module")
def read_for_topics() -> ReadForTopics:
    """Return a function that reads a text for topics, with a judge that looks for "good" and "bad".

    The function returns the topic stances (holder, topic, stance, evidence) and the judged (claim, text) pairs.
    """
    pipeline = Pipeline(settings.Pipeline(model="rules", topic_statements=3))

    def analyse(body: str, *topics: Topic) -> tuple[list[tuple[str | None, str | None, StanceLabel, str]], JudgedTexts]:
        judged: JudgedTexts = []

        def judge(claim: str, statement: str) -> tuple[StanceLabel, float]:
            judged.append((claim, statement))
            return (OPPOSE if "bad" in statement else SUPPORT), (
                0.9 if "bad" in statement or "good" in statement else 0.3
            )

        pipeline.judge = judge
        analysis: Analysis = pipeline.analyse(Article(body=body, language="en"), topics=topics or (TRAM,))
        names = {entity.id: entity.name for entity in analysis.entities}
        stances: list[tuple[str | None, str | None, StanceLabel, str]] = [
            (
                names[stance.holder or ""],
                stance.target.topic,
                stance.stance,
                analysis.text[stance.evidence.start : stance.evidence.end],
            )
            for stance in analysis.stances
            if stance.target.topic
        ]
        assert [stance.id for stance in analysis.stances] == [f"s{n + 1}" for n in range(len(analysis.stances))]
        assert {stance for position in analysis.positions for stance in position.stances} == {
            stance.id for stance in analysis.stances
        }
        return stances, judged

    return analyse


def test_content_that_names_the_topic_is_judged(read_for_topics: ReadForTopics) -> None:
    stances, judged = read_for_topics("Mayor Ida Berg said the tram plan was bad for the city. The tram opens in May.")
    assert judged == [("The tram should be built.", "the tram plan was bad for the city")]
    assert stances == [("Ida Berg", "tram", OPPOSE, "Mayor Ida Berg said the tram plan was bad for the city")]


def test_sentence_is_judged_if_only_the_sentence_names_the_topic(read_for_topics: ReadForTopics) -> None:
    sentence = "Asked about the tram, Mayor Ida Berg said it was good for the city."
    stances, judged = read_for_topics(f"{sentence} She left.")
    assert judged == [("The tram should be built.", sentence)]
    assert stances == [("Ida Berg", "tram", SUPPORT, sentence)]


def test_statement_without_a_topic_is_not_judged(read_for_topics: ReadForTopics) -> None:
    assert read_for_topics("Mayor Ida Berg said the weather was bad. The tram plan is old.") == ([], [])
    assert read_for_topics("Mayor Ida Berg said trams were bad.") == ([], [])


def test_each_topic_is_judged_by_its_own_claim_and_once(read_for_topics: ReadForTopics) -> None:
    stances, judged = read_for_topics("Mayor Ida Berg said the tram, the tram plan and bus lanes were good.", TRAM, BUS)
    assert {claim for claim, _ in judged} == {TRAM.claim, BUS.claim}
    assert sorted(topic or "" for _, topic, _, _ in stances) == ["bus", "tram"]


def test_stance_with_a_low_score_is_left_out(read_for_topics: ReadForTopics) -> None:
    stances, judged = read_for_topics("Mayor Ida Berg said the tram plan was twelve years old.")
    assert (stances, len(judged)) == ([], 1)


def test_denying_reverses_the_stance(read_for_topics: ReadForTopics) -> None:
    assert [side for _, _, side, _ in read_for_topics("Mayor Ida Berg denied that the tram plan was bad.")[0]] == [
        SUPPORT
    ]
    assert [side for _, _, side, _ in read_for_topics("Mayor Ida Berg said that the tram plan was bad.")[0]] == [OPPOSE]


def test_question_gives_no_stance(read_for_topics: ReadForTopics) -> None:
    assert read_for_topics("Mayor Ida Berg asked whether the tram plan was bad.") == ([], [])


def test_unresolved_speaker_gives_no_stance(read_for_topics: ReadForTopics) -> None:
    assert read_for_topics("According to sources, the tram plan was bad.") == ([], [])


def test_number_of_judged_statements_is_limited(read_for_topics: ReadForTopics) -> None:
    text = " ".join(f"Mayor Ida Berg said the tram plan number {number} was bad." for number in range(9))
    assert len(read_for_topics(text)[1]) == 3


def test_pipeline_without_a_judge_gives_no_topic_stances() -> None:
    pipeline = Pipeline(settings.Pipeline(model="rules"))
    analysis = pipeline.analyse(
        Article(body="Mayor Ida Berg said the tram plan was bad.", language="en"), topics=(TRAM,)
    )
    assert [stance for stance in analysis.stances if stance.target.topic] == []
    assert analysis.attributions


def test_trained_pipeline_judges_topics() -> None:
    pipeline = Pipeline(settings.Pipeline(min_stance_score=0))
    topic = Topic(id="nato", name="NATO", claim="Ukraine should join NATO.")
    body = "President Ida Berg said that Ukraine joining NATO would be a disaster for Europe."
    stances = [
        stance
        for stance in pipeline.analyse(Article(body=body, language="en"), topics=(topic,)).stances
        if stance.target.topic
    ]
    assert [(stance.target.topic, stance.stance) for stance in stances] == [("nato", OPPOSE)]
