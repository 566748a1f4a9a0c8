"""Time grows with the text and no faster: every expression, every stage, every way to read a page."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from functools import cache
from typing import Any, Final, Literal

import pytest
from spacy.tokens import Doc

from services import settings
from services.contracts import Article, MediaType
from services.errors import PermanentError
from tests.hostile.articles import MARKUP, TEXTS, large
from tests.hostile.expressions import BOUNDED, expressions, pieces, uses
from tests.hostile.service import FUZZ
from tests.hostile.texts import NEWS
from tests.support.growth import TIMES, TOLERANCE, assert_linear, seconds
from workers.pipeline.pipeline import Pipeline
from workers.text import to_plain_text
from workers.text.cleaning import clean

EXPRESSIONS: Final = expressions()
SIZE: Final = 1_000_000 if FUZZ else 200_000
QUICK_S: Final = 0.05
# A stage of the pipeline is measured on less, so that all texts have their turn.
STAGE_SIZE: Final = 400_000 if FUZZ else 16_000
STAGE_NOTHING_S: Final = 0.25
MARKUP_SIZE: Final = 1_000_000 if FUZZ else 50_000


def work(expression: re.Pattern[Any], methods: set[str], *, binary: bool) -> Callable[[str], None]:
    def run(text: str) -> None:
        subject: Any = text.encode() if binary else text
        for method in sorted(methods):
            if method == "sub":
                expression.sub(lambda found: found[0], subject)
            elif method == "finditer":
                sum(1 for _ in expression.finditer(subject))
            else:
                getattr(expression, method)(subject)

    return run


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_an_expression_is_linear(name: str) -> None:
    expression = EXPRESSIONS[name]
    run = work(expression, uses(name), binary=isinstance(expression.pattern, bytes))
    size = BOUNDED.get(name, SIZE)
    for piece in pieces(name, expression):

        def text(length: int, piece: str = piece) -> str:
            return piece * (length // len(piece)) + "\x01"  # what ends the text is no match

        if size < SIZE:
            assert seconds(run, text(size)) < 0.05, (name, piece)
        elif seconds(run, text(size // TIMES)) > QUICK_S:  # what is quick on an eighth is no square of anything
            assert_linear(f"{name} on {piece!r}", run, text, size)


@cache
def pipeline(model: Literal["rules", "trained"] = "rules") -> Pipeline:
    made = Pipeline(settings.Pipeline(model=model))
    made.analyse_text(NEWS)
    return made


def stages(text: str) -> dict[str, float]:
    """Processor seconds of each stage on a text."""
    found: dict[str, float] = {}
    found["clean"] = seconds(clean, text)
    cleaned = clean(text)
    nlp = pipeline().nlp
    with nlp.memory_zone():
        made: list[Doc] = []
        found["tokens"] = seconds(lambda given: made.append(nlp.make_doc(given)), cleaned)
        doc = made[0]
        for name, component in nlp.pipeline:
            found[name] = seconds(component, doc)
    return found


@pytest.mark.parametrize("name", TEXTS)
def test_no_stage_takes_more_than_its_share(name: str) -> None:
    too_long: dict[str, tuple[float, float]] = {}
    for _ in range(3):  # a measurement can only be too long
        small, large = (stages(NEWS + TEXTS[name](size)) for size in (STAGE_SIZE // TIMES, STAGE_SIZE))
        too_long = {
            stage: (small[stage], took)
            for stage, took in large.items()
            if took > TOLERANCE * TIMES * small[stage] + STAGE_NOTHING_S
        }
        if not too_long:
            break
    assert too_long == {}, f"{TIMES} times the text"


@pytest.mark.parametrize("model", ["rules", "trained"] if FUZZ else ["rules"])
@pytest.mark.parametrize(("name", "article"), large().items(), ids=large())
def test_the_largest_articles_keep_within_the_limit(
    name: str, article: dict[str, Any], model: Literal["rules", "trained"]
) -> None:
    limit = settings.Worker().soft_limit_s
    assert seconds(lambda pushed: pipeline(model).analyse(Article.model_validate(pushed)), article) < limit


@pytest.mark.parametrize("name", MARKUP)
def test_reading_markup_is_linear(name: str) -> None:
    def run(body: str) -> None:
        with contextlib.suppress(PermanentError):  # not every soup holds text
            to_plain_text(Article(body=body, media_type=MediaType.HTML))

    run(MARKUP[name](1_000))  # loads what is loaded once
    assert assert_linear(name, run, MARKUP[name], MARKUP_SIZE) < 20
