"""The client's models have the fields and values of the service's contracts, and read documents of newer versions."""

from __future__ import annotations

import json
from enum import StrEnum

import pytest
from pydantic import BaseModel

from services import client, contracts
from services.api.problems import Problem
from services.api.schemas import articles, entities, feeds, results, search, sources, stories, topics, watches, webhooks
from services.client import documents, models
from services.contracts.base import Warned
from services.results.timeline import Bucket
from tests.support.paths import GOLDEN

# Those that have the same name.
CONTRACTS = (
    *("Attribution", "Cue", "Entity", "Extent", "Mention", "Pipeline", "Position", "Result", "ResultArticle"),
    *("Source", "Stance", "Target"),
)
PAIRS: list[tuple[type[BaseModel], type[BaseModel]]] = [
    *[(getattr(documents, name), getattr(contracts, name)) for name in CONTRACTS],
    (client.Article, contracts.Article),
    (client.Job, contracts.JobView),
    (client.JobMetadata, contracts.JobMetadata),
    (client.Warned, Warned),
    (client.Problem, Problem),
    (client.Batch, articles.BatchAnswer),
    (client.BatchItem, articles.BatchItem),
    (client.StoredArticle, articles.ArticleView),
    (client.ArticleJob, articles.ArticleJob),
    (client.ResultItem, results.ResultItem),
    (client.Tombstone, results.TombstoneItem),
    (models.ResultPage, results.ResultPage),
    (client.AttributionItem, search.AttributionItem),
    (client.StanceItem, search.StanceItem),
    (client.EntityItem, entities.EntityItem),
    (client.StoryCopy, stories.StoryCopy),
    (client.StoryVersion, stories.StoryVersion),
    (client.Bucket, Bucket),
    (client.Feed, feeds.FeedView),
    (client.FeedSource, sources.CreatedSource),
    (client.FeedSource, sources.SourceView),
    (client.Webhook, webhooks.WebhookWithSecret),
    (client.Webhook, webhooks.WebhookView),
    (client.Delivery, webhooks.DeliveryView),
    (client.Delivery, webhooks.DeliverySummary),
    (client.Redelivery, webhooks.Redelivery),
    (client.Watch, watches.WatchView),
    (client.Topic, topics.TopicView),
]


@pytest.mark.parametrize(("own", "contract"), PAIRS, ids=lambda model: model.__name__)
def test_model_has_every_field_of_the_contract(own: type[BaseModel], contract: type[BaseModel]) -> None:
    left_out = {"schema_version"} if own is client.Article else {"type", "title"} if own is client.Problem else set()
    fields = set(contract.model_fields) - left_out
    assert set(own.model_fields) >= fields, f"services/client: {own.__name__} has the fields of {contract.__name__}"
    always_sent = {name for name, field in own.model_fields.items() if field.is_required()}
    if own is not client.Article:
        assert always_sent <= {name for name, field in contract.model_fields.items() if field.is_required()}


@pytest.mark.parametrize("name", ["Act", "EntityType", "JobState", "Kind", "MentionForm", "Side", "StanceLabel"])
def test_enumeration_has_the_values_of_the_contract(name: str) -> None:
    own: type[StrEnum] = getattr(client, name)
    contract: type[StrEnum] = getattr(contracts, name)
    assert {member.name: member.value for member in own} == {member.name: member.value for member in contract}


def test_result_is_read_and_written_without_a_loss() -> None:
    document = json.loads((GOLDEN / "result-1.json").read_text("utf-8"))
    result = client.Result.model_validate(document)
    again = contracts.Result.model_validate_json(result.model_dump_json(exclude_unset=True))
    assert again == contracts.Result.model_validate(document)
    attribution = result.attributions[0]
    assert attribution.source is not None
    assert result.words(attribution.source) == result.text[attribution.source.start : attribution.source.end]
    assert result.speaker(attribution) in {entity.name for entity in result.entities}


def test_field_and_value_of_a_newer_version_are_kept() -> None:
    cue = client.Cue.model_validate({"start": 0, "end": 4, "lemma": "muse", "act": "muse", "mood": "grave"})
    assert (cue.act, cue.model_extra) == ("muse", {"mood": "grave"})
    assert client.Cue.model_validate({"start": 0, "end": 4, "lemma": "deny", "act": "deny"}).act is client.Act.DENY
