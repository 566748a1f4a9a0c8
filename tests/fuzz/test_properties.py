"""Properties of the pipeline for any text: spans fit the text, no text is lost, and results can be parsed again."""

from __future__ import annotations

import html
from functools import cache
from itertools import pairwise
from typing import Any, Final, Literal
from uuid import UUID

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from services.contracts import Analysis, Article, MediaType, Result
from services.errors import PermanentError
from services.settings import Pipeline as PipelineSettings
from tests.hostile.service import FUZZ
from tests.hostile.texts import NEWS
from tests.support.stack import check_result
from workers.pipeline.pipeline import Pipeline
from workers.segmentation.quotations import CLOSES, EITHER, MARKS
from workers.text import to_plain_text
from workers.text.cleaning import clean, clean_line
from workers.text.encoding import repair_encoding

MANY: Final = settings(max_examples=2_000 if FUZZ else 60, deadline=None, suppress_health_check=list(HealthCheck))
FEW: Final = settings(max_examples=100 if FUZZ else 6, deadline=None, suppress_health_check=list(HealthCheck))

# Words and marks that the rules search for, combined at random: mostly nonsense, sometimes nearly English.
PIECES: Final = st.sampled_from(
    """
    Ann Lee|Ann Lee's|the minister|The Finance Minister|Tarva Bank|TB|Moscow|Moscow-based|France|he|She|they
    who|it|her|Mr.|if
    said|told|asked|was told by|did not say|according to|denied|vowed to|accused|supports|rejected|adding
    saying|says|that
    and|but|, |. |.|? |! |: |; |, and |—| – |-|...|…|\n|\n\n|\n\n\n|\t|  |“|”|‘|’|"|'|«|»|„|``|''|(|)|[|]|”,
    ,”|.”|.’|"," |“‘
    the plan|no|not|never|$5 million|3 May 2026|on Monday|42|1,000|J.|U.S.|p.m.|e.g.
    GENEVA, 3 May (AP) – |Read more: |By Ann Lee
    Q: |A: |Lee: |\U0001f600|\U00010400\U00010428|\u05d0\u05de\u05e8|\u5927\u81e3|caf\u00e9|e\u0301|\u200b
    \u202e|\ufeff|\u2028|\x85|\u00ad|http://a.b/c
    """.replace("\n    ", "|")
    .strip(" |")
    .split("|")
)
TEXTS: Final = st.lists(st.tuples(PIECES, st.sampled_from([" ", " ", " ", ""])), max_size=60).map(
    lambda pieces: "".join(piece + blank for piece, blank in pieces)
)
ANY: Final = st.text(max_size=300)
CLEAN: Final = (TEXTS | ANY).map(lambda text: clean(text.encode("utf-8", "ignore").decode()))
LETTERS: Final = st.text(st.characters(categories=["L", "N"], include_characters=" &<>\"'"), max_size=80)


@cache
def pipeline(model: Literal["rules", "trained"]) -> Pipeline:
    return Pipeline(PipelineSettings(model=model))


def checked_result(analysis: Analysis) -> dict[str, Any]:
    """Return the analysis as a client receives it, after checking every offset."""
    result = Result.of(analysis, Article(body=analysis.text or "-"), job_id=UUID(int=1), article_id=UUID(int=2))
    document = result.model_dump_json()
    parsed = Result.model_validate_json(document)
    assert parsed == result
    assert parsed.text == analysis.text
    fields = parsed.model_dump(mode="json")
    check_result(fields)
    return fields


@MANY
@given(CLEAN)
def test_spans_of_the_rules_fit_the_text(text: str) -> None:
    assert checked_result(pipeline("rules").analyse_text(text))["text"] == text


@FEW
@given(CLEAN)
def test_spans_of_the_trained_model_fit_the_text(text: str) -> None:
    assert checked_result(pipeline("trained").analyse_text(NEWS + text))["text"] == NEWS + text


@MANY
@given(TEXTS)
def test_character_outside_the_basic_plane_counts_as_one(text: str) -> None:
    """The same text with a symbol of either plane has the same findings at the same offsets."""
    base = clean(f"{NEWS}\u2603 {text} \u2603")
    plain = checked_result(pipeline("rules").analyse_text(base.replace("\U0001f600", "\u2603")))
    astral = checked_result(pipeline("rules").analyse_text(base.replace("\u2603", "\U0001f600")))
    for part in ("entities", "attributions", "stances"):
        swapped = str(astral[part]).replace("\U0001f600", "\u2603")
        assert str(plain[part]) == swapped


@MANY
@given(CLEAN)
def test_tokens_paragraphs_and_quotations_are_in_order_and_in_bounds(text: str) -> None:
    nlp = pipeline("rules").nlp
    with nlp.memory_zone():
        doc = pipeline("rules").run(text)
        assert "".join(token.text_with_ws for token in doc) == text
        assert all(text[token.idx : token.idx + len(token)] == token.text for token in doc)
        paragraphs = [(span.start, span.end) for span in doc.spans["paragraphs"]]
        quotations = [(span.start, span.end) for span in doc.spans["quotations"]]
        for spans in (paragraphs, quotations):
            assert all(before[1] <= after[0] for before, after in pairwise(spans))
        outside = set(range(len(doc))) - {i for start, end in paragraphs for i in range(start, end)}
        assert all(doc[i].text.isspace() for i in outside), "every word is in a paragraph"
        starts = [sentence.start for sentence in doc.sents] if len(doc) else []
        assert {start for start, _ in paragraphs} <= set(starts), "a paragraph begins a sentence"
        for span in doc.spans["quotations"]:
            assert any(start <= span.start and span.end <= end for start, end in paragraphs)
            assert span[0].text in MARKS, "in some languages a closing mark opens, too"
            assert not span._.closed or span[-1].text in CLOSES or span[-1].text in EITHER or span[-1].text in MARKS


@MANY
@given(TEXTS | ANY.map(lambda text: text.encode("utf-8", "ignore").decode()))
def test_cleaning_is_idempotent(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    assert clean_line(clean_line(text)) == clean_line(text)
    assert once == once.encode().decode()


@MANY
@given(st.lists(LETTERS, min_size=1, max_size=8))
def test_paragraphs_survive_html_extraction(paragraphs: list[str]) -> None:
    assume(all(repair_encoding(paragraph) == paragraph for paragraph in paragraphs))
    expected = [clean(paragraph) for paragraph in paragraphs]
    body = "".join(f"<p>{html.escape(paragraph)}</p>" for paragraph in paragraphs)
    try:
        reading = to_plain_text(Article(body=NEWS.strip() + body, media_type=MediaType.HTML, language="en"))
    except PermanentError as error:
        pytest.fail(f"{error.code}: {error.detail}")
    assert reading.text.split("\n\n") == [NEWS.strip(), *(paragraph for paragraph in expected if paragraph)]


@MANY
@given(TEXTS, TEXTS)
def test_title_and_body_are_both_in_the_text(title: str, body: str) -> None:
    article = Article(title=title[:500], body=NEWS + body, language="en")
    reading = to_plain_text(article)
    whole = clean(article.body)
    assert reading.text.endswith(whole)
    line = clean_line(article.title or "")
    assert reading.text in {whole, f"{line}\n\n{whole}"}
    assert reading.text[reading.body_start :].strip("\n") in whole
