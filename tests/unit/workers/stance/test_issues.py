from __future__ import annotations

import pytest
from spacy.language import Language
from spacy.tokens import Doc

from tests.support.growth import assert_linear
from workers.doc.tokens import Tokens
from workers.pipeline.components import COMPONENTS, build_nlp
from workers.stance.issues import MAX_ISSUES, Issue, classes, read_issues


@pytest.fixture(scope="module")
def reader() -> Language:
    return build_nlp([name for name in COMPONENTS["trained"] if name != "stancewire_sides"])


def mentions_by_name(reader: Language, text: str) -> dict[str, list[str]]:
    """Return the mentions of each issue by its name."""
    doc = reader(text)
    return {issue.name: [doc[start:end].text for start, end in issue.mentions] for issue in issues(doc)}


def issues(doc: Doc) -> list[Issue]:
    return read_issues(doc, Tokens.of(doc))


def test_phrases_with_one_head_are_one_issue_with_the_fullest_name(reader: Language) -> None:
    text = "Ministers backed the harbour bill. The bill was written by Ana Reyes. Dockers hate the bill."
    assert mentions_by_name(reader, text) == {"the harbour bill": ["the harbour bill", "The bill", "the bill"]}


def test_phrases_that_differ_in_their_modifiers_are_two_issues(reader: Language) -> None:
    text = "Ana Reyes likes the harbour bill. Kofi Mensah prefers the airport bill."
    assert set(mentions_by_name(reader, text)) == {"the harbour bill", "the airport bill"}


def test_bare_phrase_of_the_same_class_refers_back(reader: Language) -> None:
    text = "Ana Reyes wrote the fishing bill. Kofi Mensah voted against the measure."
    assert mentions_by_name(reader, text) == {"the fishing bill": ["the fishing bill", "the measure"]}


def test_phrase_includes_the_complement_of_its_head(reader: Language) -> None:
    assert list(mentions_by_name(reader, "Shopkeepers welcomed the plan for the harbour.")) == [
        "the plan for the harbour"
    ]


def test_parties_are_no_issues(reader: Language) -> None:
    assert mentions_by_name(reader, "Ana Reyes met the minister and the union in Geneva.") == {}


def test_every_head_has_one_class() -> None:
    assert classes()["bill"] == "law"
    assert classes()["sanctions"] == "ban"


def test_number_of_issues_is_bounded_and_time_linear(reader: Language) -> None:
    def bills(count: int) -> Doc:
        return reader(" ".join(f"Ana Reyes liked the number{i} bill." for i in range(count)))

    assert len(issues(bills(MAX_ISSUES + 20))) <= MAX_ISSUES
    assert_linear("issues", issues, bills, 60)
