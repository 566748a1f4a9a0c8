from __future__ import annotations

import pytest
from spacy.language import Language
from spacy.tokens import Doc

from services.contracts import Act, Kind

FoundAttribution = tuple[str, str | None, list[str]]


def found_attributions(doc: Doc) -> list[FoundAttribution]:
    """Return the source, the cue and the content of each attribution."""
    return [
        (
            doc[attribution.source.start : attribution.source.end].text if attribution.source else "",
            doc[attribution.cue.span.start : attribution.cue.span.end].text if attribution.cue else None,
            [doc[part.start : part.end].text for part in attribution.content],
        )
        for attribution in doc._.attributions
    ]


@pytest.mark.parametrize(
    ("text", "source", "cue", "content"),
    [
        # quotation, then speaker
        ("“The bridge is safe,” Ama Osei said.", "Ama Osei", "said", ["“The bridge is safe,”"]),
        ('"The bridge is safe," Ama Osei said.', "Ama Osei", "said", ['"The bridge is safe,"']),
        ("'The bridge is safe,' Ama Osei said.", "Ama Osei", "said", ["'The bridge is safe,'"]),
        ("''The bridge is safe,'' Ama Osei said.", "Ama Osei", "said", ["''The bridge is safe,''"]),
        ("«The bridge is safe», Ama Osei said.", "Ama Osei", "said", ["«The bridge is safe»"]),
        ("“The bridge is safe,” said Ama Osei.", "Ama Osei", "said", ["“The bridge is safe,”"]),
        (
            "“The bridge is safe,” said the minister, who was in Tema.",
            "the minister, who was in Tema",
            "said",
            ["“The bridge is safe,”"],
        ),
        ("“Is the bridge safe?” Ama Osei asked.", "Ama Osei", "asked", ["“Is the bridge safe?”"]),
        ("“The bridge is safe. It always was,” she said.", "she", "said", ["“The bridge is safe. It always was,”"]),
        ("“He said ‘never’ to me,” she added.", "she", "added", ["“He said ‘never’ to me,”"]),
        ("“The bridge is safe,” Ama Osei told reporters.", "Ama Osei", "told", ["“The bridge is safe,”"]),
        # in two parts
        ("“The bridge,” he said, “is safe.”", "he", "said", ["“The bridge,”", "“is safe.”"]),
        # speaker, then quotation
        ("Ama Osei said: “The bridge is safe.”", "Ama Osei", "said", ["“The bridge is safe.”"]),
        ("Ama Osei said, “The bridge is safe.”", "Ama Osei", "said", ["“The bridge is safe.”"]),
        (
            "She wrote: “The bridge is safe. Nobody need fear it.”",
            "She",
            "wrote",
            ["“The bridge is safe. Nobody need fear it.”"],
        ),
        # indirect
        ("Ama Osei said that the bridge was safe.", "Ama Osei", "said", ["that the bridge was safe"]),
        ("Ama Osei said the bridge was safe.", "Ama Osei", "said", ["the bridge was safe"]),
        ("The bridge was safe, Ama Osei said.", "Ama Osei", "said", ["The bridge was safe"]),
        (
            "The bridge was safe and would stay open, said Ama Osei.",
            "Ama Osei",
            "said",
            ["The bridge was safe and would stay open"],
        ),
        (
            "The bridge, she said, was safe enough for lorries.",
            "she",
            "said",
            ["The bridge", "was safe enough for lorries"],
        ),
        ("She told reporters that the bridge was safe.", "She", "told", ["that the bridge was safe"]),
        ("She told reporters the bridge was safe.", "She", "told", ["the bridge was safe"]),
        ("He said in Tema on Monday that the bridge was safe.", "He", "said", ["that the bridge was safe"]),
        (
            "Osei, the works minister, said the bridge was safe.",
            "Osei, the works minister",
            "said",
            ["the bridge was safe"],
        ),
        ("In June, Osei said the bridge was safe.", "Osei", "said", ["the bridge was safe"]),
        ("On Monday the minister said the bridge was safe.", "the minister", "said", ["the bridge was safe"]),
        ("The mayor of the harbour town said it was safe.", "The mayor of the harbour town", "said", ["it was safe"]),
        # mixed
        ("She said the bridge was “safe and sound”.", "She", "said", ["the bridge was “safe and sound”"]),
        # according to
        ("According to Osei, the bridge was safe.", "Osei", "According to", ["the bridge was safe"]),
        ("The bridge was safe, according to Osei.", "Osei", "according to", ["The bridge was safe"]),
        # infinitives, demands, objects
        ("Osei vowed to repair the bridge.", "Osei", "vowed", ["to repair the bridge"]),
        ("Osei urged the council to repair the bridge.", "Osei", "urged", ["the council to repair the bridge"]),
        ("Osei called on the council to repair the bridge.", "Osei", "called on", ["the council to repair the bridge"]),
        ("Osei called for a new bridge.", "Osei", "called for", ["a new bridge"]),
        ("Osei rejected the offer.", "Osei", "rejected", ["the offer"]),
        ("Osei denied reports that the bridge was unsafe.", "Osei", "denied", ["reports that the bridge was unsafe"]),
        (
            "Osei dismissed the latest claims that it was unsafe.",
            "Osei",
            "dismissed",
            ["the latest claims that it was unsafe"],
        ),
        # layout
        ("“The bridge is safe.” – Ama Osei, minister", "Ama Osei, minister", "–", ["“The bridge is safe.”"]),
        ("Osei: “The bridge is safe.”", "Osei", ":", ["“The bridge is safe.”"]),
    ],
)
def test_single_attribution_is_found(nlp: Language, text: str, source: str, cue: str, content: list[str]) -> None:
    with nlp.memory_zone():
        assert found_attributions(nlp(text)) == [(source, cue, content)]


@pytest.mark.parametrize(
    "text",
    [
        "The novel “The House of the Nine Rivers” sold well.",
        "Samuel “Iron Hand” Adu won the race.",
        "The claims were false.",
        "The bridge opened in 1954 and closed in 1991.",
        "Read more: Osei said the bridge was safe",
        "“Not a word of this is attributed to anybody here.”",
    ],
)
def test_text_without_reported_speech_has_no_attribution(nlp: Language, text: str) -> None:
    with nlp.memory_zone():
        assert found_attributions(nlp(text)) == []


def test_participle_shares_the_source_of_the_cue_before(nlp: Language) -> None:
    with nlp.memory_zone():
        attributions = found_attributions(
            nlp("The bridge was “safe for now,” the minister said, adding that lorries had to wait.")
        )
    assert attributions == [
        ("the minister", "said", ["The bridge was “safe for now,”"]),
        ("the minister", "adding", ["that lorries had to wait"]),
    ]


def test_two_verbs_share_a_subject(nlp: Language) -> None:
    with nlp.memory_zone():
        attributions = found_attributions(nlp("He denied that the bridge was old, and said that it was safe."))
    assert [(source, cue) for source, cue, _ in attributions] == [("He", "denied"), ("He", "said")]
    assert attributions[0][2] == ["that the bridge was old"]


def test_quotation_runs_on_without_a_cue(nlp: Language) -> None:
    with nlp.memory_zone():
        doc = nlp("“The bridge is safe,” Osei said. “It will stay open all year.”")
        assert found_attributions(doc)[1] == ("Osei", None, ["“It will stay open all year.”"])
        assert doc._.attributions[1].follows == 0


def test_quotation_runs_on_over_paragraphs(nlp: Language) -> None:
    with nlp.memory_zone():
        doc = nlp("Osei said: “The bridge is safe.\n\n“It will stay open.\n\n“Come and see.”")
        assert [(source, cue) for source, cue, _ in found_attributions(doc)] == [
            ("Osei", "said"),
            ("Osei", None),
            ("Osei", None),
        ]


def test_quotation_that_is_a_paragraph_belongs_to_the_last_speaker(nlp: Language) -> None:
    with nlp.memory_zone():
        attributions = found_attributions(
            nlp("“The bridge is safe,” Osei said.\n\n“Nobody here believes a word of it.”")
        )
    assert attributions[1:] == [("Osei", None, ["“Nobody here believes a word of it.”"])]


def test_boilerplate_is_not_part_of_a_content(nlp: Language) -> None:
    with nlp.memory_zone():
        attributions = found_attributions(
            nlp("Osei said: “The bridge is safe.”\nRead more\n“It will stay open,” Osei said.")
        )
    assert len(attributions) == 2
    assert not any("Read more" in part for _, _, content in attributions for part in content)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("“The bridge is safe,” Osei said.", Kind.DIRECT),
        ("Osei said the bridge was safe.", Kind.INDIRECT),
        ("Osei said the bridge was “safe and sound”.", Kind.MIXED),
    ],
)
def test_kind_of_an_attribution(nlp: Language, text: str, kind: Kind) -> None:
    with nlp.memory_zone():
        assert [attribution.kind for attribution in nlp(text)._.attributions] == [kind]


@pytest.mark.parametrize(
    ("text", "act"),
    [
        ("Osei said the bridge was safe.", Act.ASSERT),
        ("Osei said the bridge should be closed.", Act.DEMAND),
        ("Osei urged the council to act.", Act.DEMAND),
        ("Osei proposed a new bridge.", Act.PROPOSE),
        ("Osei vowed to build a bridge.", Act.PROMISE),
        ("Osei threatened to close the bridge.", Act.THREATEN),
        ("Osei accused the council of neglect.", Act.ACCUSE),
        ("Osei rejected the plan.", Act.REJECT),
        ("Osei denied that the bridge was unsafe.", Act.DENY),
        ("Osei praised the builders.", Act.PRAISE),
        ("Osei asked whether the bridge was safe.", Act.ASK),
    ],
)
def test_act_of_a_cue(nlp: Language, text: str, act: Act) -> None:
    with nlp.memory_zone():
        assert [attribution.act for attribution in nlp(text)._.attributions] == [act]


@pytest.mark.parametrize(
    ("rest", "speakers"),
    [
        ("“We will close it in May.\n\n“It will open again in autumn.”", ["Ama Osei"] * 3),
        ("“We will close it in May.\n\nIt will open again in autumn.", ["Ama Osei"]),
        ("It rained.\n\n“We will close it in May.\n\n“It will open again in autumn.”", ["Ama Osei", "Ama Osei"]),
    ],
)
def test_quotation_continued_in_the_next_paragraph_runs_on(nlp: Language, rest: str, speakers: list[str]) -> None:
    with nlp.memory_zone():
        attributions = found_attributions(nlp(f"“The bridge is old,” Ama Osei told reporters.\n\n{rest}"))
    assert [source for source, _, _ in attributions] == speakers
