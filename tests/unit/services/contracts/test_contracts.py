from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from pydantic import BaseModel, ValidationError

from services.contracts import (
    FINAL_STATES,
    TRANSITIONS,
    Analysis,
    Article,
    Extent,
    JobState,
    JobView,
    Mention,
    Pipeline,
    Result,
    ResultArticle,
    Target,
    instant,
    ledger_time,
)
from tests.support import paths

GOLDEN = paths.GOLDEN
MODELS: list[tuple[str, type[BaseModel]]] = [("article-1", Article), ("job-1", JobView), ("result-1", Result)]
each_contract = pytest.mark.parametrize(("name", "model"), MODELS, ids=[name for name, _ in MODELS])


def golden(name: str) -> Any:
    return json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))


@each_contract
def test_golden_file_round_trips(name: str, model: type[BaseModel]) -> None:
    document = golden(name)
    parsed = model.model_validate_json(json.dumps(document))
    assert json.loads(parsed.model_dump_json()) == document
    assert model.model_validate(parsed.model_dump()) == parsed


@each_contract
def test_model_schema_equals_the_golden_schema(name: str, model: type[BaseModel]) -> None:
    """A field may be added with a default; any other change is a new version. Both need a new schema file."""
    assert model.model_json_schema(mode="serialization") == golden(f"{name}.schema")


@each_contract
def test_golden_schema_validates_the_golden_file(name: str, model: type[BaseModel]) -> None:
    from jsonschema import Draft202012Validator  # takes seconds, which the collection of tests does not wait for

    schema = golden(f"{name}.schema")
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(golden(name))
    assert schema["properties"]["schema"]["const"] == model.model_fields["schema_version"].default


@each_contract
def test_other_schema_tag_is_rejected(name: str, model: type[BaseModel]) -> None:
    with pytest.raises(ValidationError, match="schema"):
        model.model_validate(golden(name) | {"schema": "stancewire.other/1"})


def contained_models(model: type[BaseModel]) -> set[type[BaseModel]]:
    """Return a model and all models that its fields contain."""
    models = {model}
    for field in model.model_fields.values():
        stack = [field.annotation]
        while stack:
            annotation = stack.pop()
            stack += getattr(annotation, "__args__", ())
            if isinstance(annotation, type) and issubclass(annotation, BaseModel):
                models |= contained_models(annotation)
    return models


@each_contract
def test_contract_is_frozen_and_rejects_unknown_fields(name: str, model: type[BaseModel]) -> None:
    parsed = model.model_validate(golden(name))
    with pytest.raises(ValidationError, match="frozen"):
        setattr(parsed, next(iter(model.model_fields)), None)
    with pytest.raises(ValidationError, match="Extra inputs"):
        model.model_validate(golden(name) | {"unknown": 1})
    for part in contained_models(model):
        assert part.model_config["frozen"], part
        assert part.model_config["extra"] == "forbid", part


def test_offsets_of_the_golden_result_count_code_points() -> None:
    """The text has a character outside the BMP before most of them: counted in code points, it is one."""
    result = Result.model_validate(golden("result-1"))
    she = result.entities[0].mentions[1]
    assert result.text[she.start : she.end] == "She"
    [content] = result.attributions[0].content
    assert result.text[content.start : content.end] == "the “absurd” fees 🙂 must go"


@pytest.mark.parametrize(("start", "end"), [(0, 0), (5, 5), (5, 4), (-1, 3), (0, -1)])
@pytest.mark.parametrize("model", [Extent, Mention])
def test_empty_or_negative_extent_is_rejected(model: type[Extent], start: int, end: int) -> None:
    form = {"form": "name"} if model is Mention else {}
    with pytest.raises(ValidationError):
        model.model_validate({"start": start, "end": end, **form})


@pytest.mark.parametrize("fields", [{}, {"entity": "e1", "topic": "t1"}])
def test_target_with_neither_or_both_of_entity_and_topic_is_rejected(fields: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="exactly one"):
        Target.model_validate(fields)


@pytest.mark.parametrize("score", [-0.01, 1.01, float("nan"), float("inf")])
def test_score_outside_zero_to_one_is_rejected(score: float) -> None:
    document = golden("result-1")
    document["entities"][0]["score"] = score
    with pytest.raises(ValidationError):
        Result.model_validate(document)


def test_attribution_without_content_is_rejected() -> None:
    document = golden("result-1")
    document["attributions"][0]["content"] = []
    with pytest.raises(ValidationError, match="content"):
        Result.model_validate(document)


def test_result_has_the_ids_and_the_fields_of_its_analysis() -> None:
    analysis = Analysis(language="en", pipeline=Pipeline(version="1", model="m", analysed_at=instant(0)), text="x")
    job_id, article_id = uuid4(), uuid4()
    article = Article(body="x", feed="wire", guid="7", url="https://news.example/7", metadata={"section": "City"})
    result = Result.of(analysis, article, job_id=job_id, article_id=article_id)
    assert result.article == ResultArticle(feed="wire", guid="7", url="https://news.example/7")
    assert result.metadata == {"section": "City"}
    assert (result.job_id, result.article_id, result.text, result.pipeline) == (
        job_id,
        article_id,
        "x",
        analysis.pipeline,
    )


def test_transitions_cover_every_state() -> None:
    assert set(TRANSITIONS) == set(JobState)
    assert TRANSITIONS[JobState.SUCCEEDED] == TRANSITIONS[JobState.CANCELED] == frozenset()
    assert {state for state in JobState if JobState.RUNNING in TRANSITIONS[state]} == {JobState.QUEUED}
    assert frozenset(JobState) - {JobState.HELD, JobState.QUEUED, JobState.RUNNING} == FINAL_STATES


@pytest.mark.parametrize("published_at", ["0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01"])
def test_time_outside_the_years_of_utc_is_rejected(published_at: str) -> None:
    with pytest.raises(ValidationError, match="UTC"):
        Article.model_validate({"body": "x", "published_at": published_at})


@pytest.mark.parametrize("published_at", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "1969-07-20T20:17:40Z"])
def test_time_within_the_years_of_utc_round_trips(published_at: str) -> None:
    article = Article.model_validate({"body": "x", "published_at": published_at})
    assert article.published_at is not None
    assert instant(ledger_time(article.published_at)) == article.published_at


def test_last_moment_of_the_calendar_is_rounded_down_to_a_time_that_can_be_read_back() -> None:
    assert instant(ledger_time(datetime.max.replace(tzinfo=UTC))).year == 9999


def test_white_space_around_identifiers_and_title_is_stripped() -> None:
    article = Article(body=" x ", guid=" a1 ", title=" A title\n", version="\t2")
    assert (article.guid, article.title, article.version, article.body) == ("a1", "A title", "2", " x ")


@pytest.mark.parametrize("field", ["guid", "version"])
def test_blank_identifier_is_rejected(field: str) -> None:
    with pytest.raises(ValidationError, match="at least 1 character"):
        Article(body="x", **{field: "  "})
