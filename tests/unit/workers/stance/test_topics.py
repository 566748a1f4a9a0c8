from __future__ import annotations

from collections.abc import Callable

import pytest

from services import settings
from services.contracts import Analysis, Article, StanceLabel, Topic
from workers.pipeline.pipeline import Pipeline

TRAM = Topic(id="tram", name="tram plan", aliases=("the tram",), claim="The tram should be built.")
BUS = Topic(id="bus", name="bus lanes", claim="There should be bus lanes.")
FOR, AGAINST = StanceLabel.SUPPORT, StanceLabel.OPPOSE

Judged = list[tuple[str, str]]
Read = Callable[..., tuple[list[tuple[str | None, str | None, StanceLabel, str]], Judged]]


@pytest.fixture(scope="module")
def read() -> Read:
    """Reads a text for topics with a judge that finds "good" and "bad" in what it is given."""
    pipeline = Pipeline(settings.Pipeline(model="rules", topic_statements=3))

    def analyse(body: str, *topics: Topic) -> tuple[list[tuple[str | None, str | None, StanceLabel, str]], Judged]:
        judged: Judged = []

        def judge(claim: str, statement: str) -> tuple[StanceLabel, float]:
            judged.append((claim, statement))
            return (AGAINST if "bad" in statement else FOR), (0.9 if "bad" in statement or "good" in statement else 0.3)

        pipeline.judge = judge
        analysis: Analysis = pipeline.analyse(Article(body=body, language="en"), topics=topics or (TRAM,))
        names = {entity.id: entity.name for entity in analysis.entities}
        found = [
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
        assert {one for position in analysis.positions for one in position.stances} == {
            one.id for one in analysis.stances
        }
        return found, judged

    return analyse


def test_a_statement_whose_content_names_the_topic_is_judged_by_its_content(read: Read) -> None:
    found, judged = read("Mayor Ida Berg said the tram plan was bad for the city. The tram opens in May.")
    assert judged == [("The tram should be built.", "the tram plan was bad for the city")]
    assert found == [("Ida Berg", "tram", AGAINST, "Mayor Ida Berg said the tram plan was bad for the city")]


def test_a_statement_whose_sentence_names_the_topic_is_judged_by_the_sentence(read: Read) -> None:
    sentence = "Asked about the tram, Mayor Ida Berg said it was good for the city."
    found, judged = read(f"{sentence} She left.")
    assert judged == [("The tram should be built.", sentence)]
    assert found == [("Ida Berg", "tram", FOR, sentence)]


def test_a_statement_that_touches_no_topic_costs_no_judgement(read: Read) -> None:
    assert read("Mayor Ida Berg said the weather was bad. The tram plan is old.") == ([], [])
    assert read("Mayor Ida Berg said trams were bad.") == ([], [])


def test_each_topic_is_judged_by_its_own_claim_and_once(read: Read) -> None:
    found, judged = read("Mayor Ida Berg said the tram, the tram plan and bus lanes were good.", TRAM, BUS)
    assert {claim for claim, _ in judged} == {TRAM.claim, BUS.claim}
    assert sorted(topic or "" for _, topic, _, _ in found) == ["bus", "tram"]


def test_what_the_judge_doubts_is_left_out(read: Read) -> None:
    found, judged = read("Mayor Ida Berg said the tram plan was twelve years old.")
    assert (found, len(judged)) == ([], 1)


def test_who_denies_it_stands_on_the_other_side(read: Read) -> None:
    assert [side for _, _, side, _ in read("Mayor Ida Berg denied that the tram plan was bad.")[0]] == [FOR]
    assert [side for _, _, side, _ in read("Mayor Ida Berg said that the tram plan was bad.")[0]] == [AGAINST]


def test_a_question_takes_no_side(read: Read) -> None:
    assert read("Mayor Ida Berg asked whether the tram plan was bad.") == ([], [])


def test_who_is_not_resolved_holds_nothing(read: Read) -> None:
    assert read("According to sources, the tram plan was bad.") == ([], [])


def test_the_number_of_judgements_is_bounded(read: Read) -> None:
    text = " ".join(f"Mayor Ida Berg said the tram plan number {number} was bad." for number in range(9))
    assert len(read(text)[1]) == 3


def test_without_a_judge_articles_are_not_read_for_topics() -> None:
    pipeline = Pipeline(settings.Pipeline(model="rules"))
    analysis = pipeline.analyse(
        Article(body="Mayor Ida Berg said the tram plan was bad.", language="en"), topics=(TRAM,)
    )
    assert [stance for stance in analysis.stances if stance.target.topic] == []
    assert analysis.attributions


def test_the_trained_model_brings_its_judge() -> None:
    pipeline = Pipeline(settings.Pipeline(min_stance_score=0))
    topic = Topic(id="nato", name="NATO", claim="Ukraine should join NATO.")
    body = "President Ida Berg said that Ukraine joining NATO would be a disaster for Europe."
    found = [
        one for one in pipeline.analyse(Article(body=body, language="en"), topics=(topic,)).stances if one.target.topic
    ]
    assert [(one.target.topic, one.stance) for one in found] == [("nato", AGAINST)]
