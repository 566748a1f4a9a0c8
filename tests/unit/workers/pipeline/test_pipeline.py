from __future__ import annotations

import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.contracts import Analysis, Article, Extent, Warned, merge_positions
from services.errors import PermanentError
from services.settings import Pipeline as Settings
from tests.support.growth import assert_linear
from workers.english.lexicon import word_set
from workers.pipeline.components import COMPONENTS
from workers.pipeline.pipeline import Pipeline

RULES = Pipeline(Settings(model="rules", min_stance_score=0))
# The model's time is linear; a limit on the words it reads keeps these tests short.
TRAINED = Pipeline(Settings(min_stance_score=0, max_words=1000))
both_pipelines = pytest.mark.parametrize("pipeline", [RULES, TRAINED], ids=["rules", "trained"])

STORY = """Works Minister Ama Osei told parliament on Tuesday that the Tarva bridge was “safe for now”.
She accused Tarva Bank of delay.

“We asked for the money in spring,” the minister said. “We are still waiting.”

Read more: Ten bridges that fell
Tarva Bank denied that it was late, saying the papers had been “sent back twice”. According to the bank, Osei knew."""


def assert_valid(analysis: Analysis) -> None:
    """Assert what the contract of an analysis promises in addition to its schema."""
    text = analysis.text
    extents: list[Extent] = [mention for entity in analysis.entities for mention in entity.mentions]
    for attribution in analysis.attributions:
        extents += attribution.content
        extents += [part for part in (attribution.source, attribution.cue) if part]
    extents += [stance.evidence for stance in analysis.stances]
    for extent in extents:
        assert extent.end <= len(text)
        assert text[extent.start : extent.end] == text[extent.start : extent.end].strip()
    entities = [entity.id for entity in analysis.entities]
    attributions = [attribution.id for attribution in analysis.attributions]
    assert entities == [f"e{number}" for number in range(1, len(entities) + 1)]
    assert attributions == [f"a{number}" for number in range(1, len(attributions) + 1)]
    assert [stance.id for stance in analysis.stances] == [
        f"s{number}" for number in range(1, len(analysis.stances) + 1)
    ]
    assert all(entity.mentions for entity in analysis.entities)
    sources = {attribution.source.entity for attribution in analysis.attributions if attribution.source}
    assert sources <= {*entities, None}
    assert {stance.holder for stance in analysis.stances} <= {*entities, None}
    assert {stance.target.entity for stance in analysis.stances} <= set(entities)
    assert {stance.attribution for stance in analysis.stances} <= {*attributions, None}
    assert analysis.positions == merge_positions(analysis.stances)


def test_rules_analyse_a_whole_story() -> None:
    analysis = RULES.analyse(Article(title="Bridge row", body=STORY, language="en"))
    assert_valid(analysis)
    names = {entity.id: entity.name for entity in analysis.entities}
    attributions = [
        (
            names.get(attribution.source.entity or "") if attribution.source else None,
            attribution.cue.lemma if attribution.cue else None,
            attribution.kind.value,
        )
        for attribution in analysis.attributions
    ]
    assert attributions == [
        ("Ama Osei", "tell", "mixed"),
        ("Ama Osei", "accuse", "indirect"),
        ("Ama Osei", "say", "direct"),
        ("Ama Osei", None, "direct"),
        ("Tarva Bank", "deny", "indirect"),
        ("Tarva Bank", "say", "mixed"),
        ("Tarva Bank", "according to", "indirect"),
    ]
    assert [(names[s.holder or ""], names[s.target.entity or ""], s.stance.value) for s in analysis.stances] == [
        ("Ama Osei", "Tarva Bank", "oppose")
    ]
    assert "Read more" not in " ".join(analysis.text[c.start : c.end] for a in analysis.attributions for c in a.content)
    assert [warning.code for warning in analysis.warnings] == []
    assert analysis.pipeline.model == RULES.model
    assert analysis.text.startswith("Bridge row\n\nWorks Minister")


@both_pipelines
def test_text_without_attributions_has_warning(pipeline: Pipeline) -> None:
    analysis = pipeline.analyse_text(
        "The bridge opened in 1954. It is made of steel.", warnings=(Warned(code="given", detail="kept"),)
    )
    assert [warning.code for warning in analysis.warnings] == ["given", "no_speech_found"]


@both_pipelines
def test_unclosed_quotation_has_warning(pipeline: Pipeline) -> None:
    analysis = pipeline.analyse_text("“The bridge is old and it will fall")
    assert "unbalanced_quotation" in [warning.code for warning in analysis.warnings]


@both_pipelines
def test_quotation_over_paragraphs_has_no_warning(pipeline: Pipeline) -> None:
    analysis = pipeline.analyse_text("“The bridge is old.\n\n“It will fall,” Osei said.")
    assert "unbalanced_quotation" not in [warning.code for warning in analysis.warnings]


def test_article_in_other_language_is_rejected() -> None:
    body = (
        "Der Minister sagte am Dienstag im Parlament, die Brücke sei vorerst sicher und werde nicht geschlossen. " * 3
    )
    with pytest.raises(PermanentError):
        TRAINED.analyse(Article(body=body))


@pytest.mark.parametrize(("pipeline", "model"), [(RULES, "rules"), (TRAINED, "trained")], ids=["rules", "trained"])
def test_checkpoint_is_called_after_each_stage_and_can_end_analysis(pipeline: Pipeline, model: str) -> None:
    stages: list[str] = []
    pipeline.analyse(Article(body=STORY, language="en"), stages.append)
    assert stages == ["read", "tokens", *(name.removeprefix("stancewire_") for name in COMPONENTS[model])]

    def stop(stage: str) -> None:
        if stage == "aliases":
            raise TimeoutError(stage)

    with pytest.raises(TimeoutError):
        pipeline.analyse(Article(body=STORY, language="en"), stop)
    assert pipeline.analyse(Article(body=STORY, language="en")).attributions  # the pipeline is still usable


@both_pipelines
def test_analysis_is_deterministic(pipeline: Pipeline) -> None:
    first, second = (pipeline.analyse_text(STORY) for _ in range(2))
    assert first.model_dump(exclude={"pipeline"}) == second.model_dump(exclude={"pipeline"})


@both_pipelines
@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=st.sampled_from("“”‘’\"'«» .,:;!?—-()\n\tabAB1É漢ب😀\u00a0\u2028"), max_size=200))
def test_any_characters_are_analysed(pipeline: Pipeline, text: str) -> None:
    analysis = pipeline.analyse_text(text)
    assert analysis.text == text
    assert_valid(analysis)


NAMES = ["Osei", "Tarva", "Bank", "the", "minister", "President", "he", "she", "who", "it"]
WORDS = [*NAMES, *sorted(word_set("said told denied accused according to that was safe and “ ” , . :")), "\n\n"]


@both_pipelines
@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=60))
def test_any_sequence_of_words_is_analysed(pipeline: Pipeline, words: list[str]) -> None:
    assert_valid(pipeline.analyse_text(" ".join(words)))


@both_pipelines
@pytest.mark.parametrize(
    "piece",
    [
        '"',
        "“",
        "he said, ",
        "according to him, ",
        "A of B of ",
        "The minister, who left, told Kofi Mensah that it was safe, ",
        "“He said.” ",
        "Kofi Mensah saw he ",
        "“Yes, we will.” – Ana Ruiz\n",
        " ",
    ],
)
def test_time_grows_linearly_with_length(pipeline: Pipeline, piece: str) -> None:
    assert_linear(piece, pipeline.analyse_text, lambda size: (piece * (size // len(piece) + 1))[:size], 80_000)


@both_pipelines
def test_megabyte_is_analysed_in_seconds(pipeline: Pipeline) -> None:
    text = "Osei said the bridge was safe and, " * 30_000
    began = time.process_time()  # the wall clock depends on what else runs
    assert_valid(pipeline.analyse_text(text))
    assert time.process_time() - began < 40


def test_text_beyond_max_words_has_warning() -> None:
    analysis = TRAINED.analyse_text("Osei said the bridge was safe. " * 200)
    assert [(warning.code, warning.detail) for warning in analysis.warnings][:1] == [
        ("text_cut", "The model has read the first 1000 of 1400 words; the rest has been read by rule.")
    ]
    assert_valid(analysis)
    last = 1000 / 1400 * len(analysis.text)
    mentions = [mention for entity in analysis.entities for mention in entity.mentions]
    assert max(mention.end for mention in mentions if mention.form == "name") > last + 5, "a name is known by then"
    assert max((mention.end for mention in mentions if mention.form != "name"), default=0) <= last + 5


def test_rules_do_not_import_onnxruntime() -> None:
    code = (
        "import sys; from services.settings import Pipeline as Settings; "
        "from workers.pipeline.pipeline import Pipeline; Pipeline(Settings(model='rules')); "
        "print('onnxruntime' in sys.modules)"
    )
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert process.stdout.strip() == "False"


def test_pipeline_imports_no_server_or_store() -> None:
    code = (
        "import sys, workers.pipeline.pipeline, workers.evaluation.predict;"
        "print([m for m in ('fastapi', 'starlette', 'sqlalchemy', 'celery', 'redis') if m in sys.modules])"
    )
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert process.stdout.strip() == "[]"


def test_missing_spacy_package_is_rejected_at_construction() -> None:
    with pytest.raises(OSError, match="no_such_package"):
        Pipeline(Settings(spacy_package="no_such_package"))
