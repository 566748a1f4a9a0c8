from __future__ import annotations

import onnx
import pytest

from services import samples, settings
from services.contracts import Analysis, Article
from services.errors import PermanentError
from workers.model.encoder import Encoder
from workers.model.packaged import packaged_weights
from workers.pipeline.pipeline import Pipeline
from workers.training.batched_export import build
from workers.training.restore import restore

ARTICLES = samples.load()[:3]


@pytest.fixture(scope="module")
def batched(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    file = tmp_path_factory.mktemp("graph") / "batched.onnx"
    onnx.save(build(restore(packaged_weights())), str(file))
    return Pipeline(settings.Pipeline(batched_model=str(file)))


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forbid the packaged network, which reads one article at a time."""

    def fail(*_: object) -> None:
        raise AssertionError("the article has been read a second time")

    monkeypatch.setattr(Encoder, "run", fail)


def statements(analysis: Analysis) -> set[tuple[int, int]]:
    return {(part.start, part.end) for attribution in analysis.attributions for part in attribution.content}


def test_articles_encoded_ahead_are_analysed_without_the_network(batched: Pipeline, no_network: None) -> None:
    assert batched.encode_ahead(ARTICLES) == len(ARTICLES)
    analyses = [batched.analyse(article) for article in ARTICLES]
    assert all(analysis.entities for analysis in analyses)


def test_analyses_of_articles_encoded_ahead_are_close_to_the_usual_ones(batched: Pipeline) -> None:
    usual = Pipeline(settings.Pipeline())
    batched.encode_ahead(ARTICLES)
    for article in ARTICLES:
        ours, theirs = (statements(pipeline.analyse(article)) for pipeline in (batched, usual))
        assert len(ours & theirs) >= 0.8 * max(len(ours), len(theirs))


def test_article_that_was_not_encoded_ahead_is_read_by_the_packaged_network(batched: Pipeline) -> None:
    batched.encode_ahead(ARTICLES[:1])
    assert batched.analyse(ARTICLES[1]).attributions


def test_article_that_cannot_be_read_is_left_to_its_own_analysis(batched: Pipeline) -> None:
    french = Article(body="Le ministre a dit lundi que rien ne changerait, et que les trains rouleraient comme avant.")
    assert batched.encode_ahead([french, ARTICLES[0]]) == 1
    with pytest.raises(PermanentError):
        batched.analyse(french)


def test_without_a_batched_model_nothing_is_encoded_ahead() -> None:
    assert Pipeline(settings.Pipeline(model="rules")).encode_ahead(ARTICLES) == 0
