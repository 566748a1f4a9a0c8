from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spacy.language import Language
from spacy.tokens import Doc

from workers.pipeline.components import build_nlp

SEGMENTATION = build_nlp(["stancewire_paragraphs", "stancewire_sentences", "stancewire_quotations"])


def quotation_texts(doc: Doc) -> list[str]:
    return [span.text for span in doc.spans["quotations"]]


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("She said “we will go now”.", ["“we will go now”"]),
        ('She said "we will go now".', ['"we will go now"']),
        ("She said ''we will go now''.", ["''we will go now''"]),
        ("She said ``we will go now''.", ["``we will go now''"]),
        ("``We go,'' she said. ``Not today.''", ["``We go,''", "``Not today.''"]),
        ("She said »we will go now«.", ["»we will go now«"]),
        ("»Go,« she said. »Now.«", ["»Go,«", "»Now.«"]),
        ("She said ”we will go now”.", ["”we will go now”"]),
        ('She said: „We go now." He said: „No."', ['„We go now."', '„No."']),
        ('She said: “We go now." He said no.', ['“We go now."']),
        # apostrophes between single marks
        (
            "'It isn't the drivers' fault,' she said. 'It's the owners'.'",
            ["'It isn't the drivers' fault,'", "'It's the owners'.'"],
        ),
        ("‘It isn’t the drivers’ fault,’ she said.", ["‘It isn’t the drivers’ fault,’"]),
        ("'The nurses' and doctors' pay is low' was her answer.", ["'The nurses' and doctors' pay is low'"]),
        ("She called them 'losers' and the drivers' union left.", ["'losers'"]),
        ("She called them 'losers', then said: 'We won.'", ["'losers'", "'We won.'"]),
        ("'Cause of the rain, the farmers' sons said 'no'. It rained in '22 and '23.", ["'no'"]),
        ("'Cause it rains,' she said.", ["'Cause it rains,'"]),
        ("She said «we will go now».", ["«we will go now»"]),
        ("She said „we will go now“.", ["„we will go now“"]),
        ("She said ‘we will go now’.", ["‘we will go now’"]),
        ("She said 'we will go now'.", ["'we will go now'"]),
        ("“He told me ‘never again’ twice,” she said.", ["“He told me ‘never again’ twice,”"]),
        ("‘He told me “never again” twice,’ she said.", ["‘He told me “never again” twice,’"]),
        ("\"He's my 'boss', isn't he?\" she asked.", ["\"He's my 'boss', isn't he?\""]),
        ("It's the drivers' strike, they're sure.", []),
        ("The drivers’ strike isn’t over.", []),
        ("A “first” and a “second” try.", ["“first”", "“second”"]),
        ("“Yes,” she said. “No,” he said.", ["“Yes,”", "“No,”"]),
        ("A stray ” mark, then “a real one here”.", ["“a real one here”"]),
        ("A stray “ mark, then “a real one here”.", ["“a real one here”"]),
        ("An open “ mark in the middle.", []),
        ("“An open one from the start", ["“An open one from the start"]),
        ("“”", []),
        ("6' tall and 5\" wide", []),
    ],
)
def test_marks_are_paired(nlp: Language, text: str, quoted: list[str]) -> None:
    with nlp.memory_zone():
        assert quotation_texts(nlp(text)) == quoted


@pytest.mark.parametrize(
    ("text", "speech"),
    [
        ("He called it “a great and lasting shame”.", True),
        ("“Never.” That was all.", True),
        ("“Why not?” she asked.", True),
        ("“Yes,” she said.", True),
        ("a so-called “peace” plan", False),
        ("Samuel “Iron Hand” Adu won.", False),
        ("Her novel “The House of the Nine Rivers” sold well.", False),
        ("the “real weight” of the region", False),
        ("a man who goes by the name “Slim.”", False),
        ("a dealer known as “Mister Rain.” He left.", False),
    ],
)
def test_quotation_is_speech_unless_title_or_scare_quotes(nlp: Language, text: str, speech: bool) -> None:  # noqa: FBT001  # a parameter
    with nlp.memory_zone():
        doc = nlp(text)
        assert [span._.speech for span in doc.spans["quotations"]] == [speech]


def test_quotation_continues_over_paragraphs(nlp: Language) -> None:
    text = "“We began in spring.\n“We went on in autumn.\n“We stop today,” Osei said."
    with nlp.memory_zone():
        doc = nlp(text)
        quotations = doc.spans["quotations"]
        assert [span._.continues for span in quotations] == [False, True, True]
        assert [span._.closed for span in quotations] == [False, False, True]


def test_quotation_in_single_marks_continues_where_the_next_paragraph_repeats_the_mark(nlp: Language) -> None:
    text = "'We began in spring.\n\n'We stop today,' Osei said.\n\n'Tis late."
    with nlp.memory_zone():
        doc = nlp(text)
        quotations = doc.spans["quotations"]
        assert [(span.text, span._.continues) for span in quotations] == [
            ("'We began in spring.", False),
            ("'We stop today,'", True),
        ]


def test_boilerplate_has_no_quotations(nlp: Language) -> None:
    with nlp.memory_zone():
        assert quotation_texts(nlp("Osei left.\nRead more: “We will be back soon”\nHe waved.")) == []


@given(st.text(alphabet="“”‘’\"'«»„ ab.\n,", max_size=120))
def test_any_marks_give_ordered_quotations_without_overlaps(text: str) -> None:
    with SEGMENTATION.memory_zone():
        doc = SEGMENTATION(text)
        quotations = [(span.start, span.end) for span in doc.spans["quotations"]]
        assert quotations == sorted(quotations)
        assert all(start < end for start, end in quotations)
        assert all(before[1] <= after[0] for before, after in pairwise(quotations))
