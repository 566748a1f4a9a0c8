"""What is done by saying it. In a text, ``[…]`` is the cue and ``{…}`` the content; what comes before both is the source."""

from __future__ import annotations

import re

import pytest
from spacy.language import Language
from spacy.tokens import Doc

from services.contracts import Act
from workers.doc.records import AttributionRecord, CueRecord, TokenSpan
from workers.doc.tokens import Offsets
from workers.english import lexicon
from workers.pipeline.components import build_nlp

NLP = build_nlp(["stancewire_sentences"])
ACTS = build_nlp(["stancewire_acts"]).get_pipe("stancewire_acts")


def act_of(marked: str, source: str = "") -> Act:
    """Read the act off a marked text."""
    return read(marked, source).act


def read(marked: str, source: str = "") -> AttributionRecord:
    """Read a marked text; ``source`` where it is not what stands before cue and content."""
    plain = re.sub(r"[\[\]{}]", "", marked)
    doc = NLP(plain)
    offsets = Offsets(doc)

    def stretch(opened: str, closed: str) -> TokenSpan:
        start, end = marked.index(opened), marked.index(closed)
        before = sum(marked[:start].count(mark) for mark in "[]{}")
        inside = sum(marked[start:end].count(mark) for mark in "[]{}")
        return TokenSpan(*offsets.span(start - before, end - before - inside))

    cue, content = stretch("[", "]"), stretch("{", "}")
    named = source or re.split(r"[\[{]", marked)[0].strip()
    begin = plain.index(named) if named else 0
    who = TokenSpan(*offsets.span(begin, begin + len(named))) if named else None
    verb, end, lemma, act = _verb(doc, cue)
    doc._.attributions = [
        AttributionRecord("model", who, CueRecord(cue, verb, end, lemma, act, "", "model"), (content,))
    ]
    found: AttributionRecord = ACTS(doc)._.attributions[0]
    return found


def _verb(doc: Doc, cue: TokenSpan) -> tuple[int, int, str, Act]:
    words = [token.lower_ for token in doc]
    for i in range(cue.start, cue.end):
        for entry in lexicon.act_forms().get(words[i], ()):
            end = i + 1 + len(entry.rest)
            if tuple(words[i + 1 : end]) == entry.rest:
                return i, end, entry.lemma, entry.act
    return cue.start, cue.start + 1, words[cue.start], Act.ASSERT


@pytest.mark.parametrize(
    ("marked", "act"),
    [
        # not
        ("Osei [did not deny] {that the bridge was old}.", Act.ASSERT),
        ("Osei [didn’t deny] {that the bridge was old}.", Act.ASSERT),
        ("Osei [never denied] {that the bridge was old}.", Act.ASSERT),
        ("Osei [never promised] {to build a bridge}.", Act.ASSERT),
        ("Osei [has not ruled out] {a second term}.", Act.ASSERT),
        ("Osei [hasn't rejected] {the plan}.", Act.ASSERT),
        ("Osei [did not accuse] {Mensah of theft}.", Act.ASSERT),
        ("Osei [did not praise] {the builders}.", Act.ASSERT),
        ("Osei [would neither confirm nor deny] {the report}.", Act.ASSERT),
        ("Osei [made no promise] {to build a bridge}.", Act.ASSERT),
        ("Osei left, [without criticising] {Mensah}.", Act.ASSERT),
        # as good as not
        ("Osei [hardly ever criticised] {Mensah}.", Act.ASSERT),
        ("Osei [rarely praised] {Mensah}.", Act.ASSERT),
        # not to be for somebody is to be against them
        ("Osei [does not support] {the plan}.", Act.REJECT),
        ("Osei [no longer supports] {the plan}.", Act.REJECT),
        ("Osei [does not agree with] {the plan}.", Act.REJECT),
        ("Osei [doesn't want] {the bridge to be closed}.", Act.REJECT),
        ("Osei [has not endorsed] {Mensah}.", Act.ASSERT),
        # left undone
        ("Osei [failed to praise] {the builders}.", Act.ASSERT),
        ("Osei [failed] {to praise the builders}.", Act.ASSERT),
        ("Osei [stopped short of condemning] {the attack}.", Act.ASSERT),
        ("Osei [avoided criticising] {Mensah}.", Act.ASSERT),
        ("Osei [refrained from criticising] {Mensah}.", Act.ASSERT),
        ("Osei [was reluctant to criticise] {Mensah}.", Act.ASSERT),
        ("Osei [has yet to endorse] {Mensah}.", Act.ASSERT),
        # refused
        ("Osei [refused to rule out] {a second term}.", Act.ASSERT),
        ("Osei [refused] {to rule out a second term}.", Act.ASSERT),
        ("Osei [would not rule out] {a second term}.", Act.ASSERT),
        ("Osei [refused to condemn] {the attack}.", Act.ASSERT),
        ("Osei [refused to deny] {the report}.", Act.ASSERT),
        ("Osei [refused to endorse] {Mensah}.", Act.REJECT),
        ("Osei [would not endorse] {Mensah}.", Act.REJECT),
        ("Osei [declined] {to endorse Mensah}.", Act.ASSERT),
        ("Osei [declined to meet] {Mensah}.", Act.REJECT),
        ("Osei [refused to apologise for] {the remark}.", Act.REJECT),
        ("Osei [flatly refused to even meet] {the council}.", Act.REJECT),
        ("Osei [declined] {an invitation}.", Act.REJECT),
        ("Osei [declined to comment on] {the report}.", Act.ASSERT),
        ("Osei [declined to say] {whether the bridge was safe}.", Act.ASSERT),
        ("Osei [would not say] {whether the bridge was safe}.", Act.ASSERT),
        # denied
        ("Osei [denied] {that he had accused Mensah}.", Act.DENY),
        ("Osei [denied accusing] {Mensah of theft}.", Act.DENY),
        # twice turned
        ("Osei [did not hesitate to accuse] {Mensah}.", Act.ACCUSE),
        ("Osei [never failed to praise] {the builders}.", Act.PRAISE),
        ("Osei [could not help but praise] {the builders}.", Act.PRAISE),
        ("Osei [did not refuse to endorse] {Mensah}.", Act.ASSERT),
        # no negation at all
        ("Osei [not only accused] {Mensah of theft}.", Act.ACCUSE),
        ("Osei [promised] {not to close the bridge}.", Act.PROMISE),
        ("Osei [vowed] {never to close the bridge}.", Act.PROMISE),
        ("Osei [ruled out] {a second term}.", Act.REJECT),
        # nobody
        ("No one [accused] {Mensah of theft}.", Act.ASSERT),
        ("Nobody [demanded] {that the bridge be closed}.", Act.ASSERT),
        ("None of the ministers [rejected] {the plan}.", Act.ASSERT),
        ("Neither Osei nor Mensah [rejected] {the plan}.", Act.ASSERT),
        ("No. 10 [rejected] {the plan}.", Act.REJECT),
        # what may be, or might have been
        ("Osei [may reject] {the plan}.", Act.ASSERT),
        ("Osei [could accuse] {Mensah of theft}.", Act.ASSERT),
        ("Osei [would have rejected] {the plan}.", Act.ASSERT),
        ("Osei [will reject] {the plan}.", Act.REJECT),
    ],
)
def test_what_turns_an_act(marked: str, act: Act) -> None:
    assert act_of(marked) is act


@pytest.mark.parametrize(
    ("marked", "act"),
    [
        ("Osei did not [deny] {that the bridge was old}.", Act.ASSERT),
        ("Osei stopped short of openly [condemning] {the attack}.", Act.ASSERT),
        ("Osei refused to [condemn] {the attack}.", Act.ASSERT),
        ("Osei refused to [endorse] {Mensah}.", Act.REJECT),
        ("Osei never failed to [praise] {the builders}.", Act.PRAISE),
        ("Osei is to [praise] {the builders}.", Act.PRAISE),
    ],
)
def test_what_turns_an_act_may_stand_before_the_cue(marked: str, act: Act) -> None:
    assert act_of(marked, "Osei") is act


def test_another_subject_is_not_read_over() -> None:
    assert act_of("Mensah did not, and Osei [rejected] {the plan}.", "Osei") is Act.REJECT


@pytest.mark.parametrize(
    ("marked", "act"),
    [
        ("If Osei [rejects] {the plan}, the bridge will close.", Act.ASSERT),
        ("Unless Osei [endorses] {Mensah}, he will lose.", Act.ASSERT),
        ("They asked whether Osei [supported] {Mensah}.", Act.ASSERT),
        ("Did Osei [reject] {the plan}?", Act.ASSERT),
        ("“Will Osei [endorse] {Mensah}?”", Act.ASSERT),
        ("Had Osei [rejected] {the plan}. It would be closed.", Act.REJECT),
        ("Why Osei [rejected] {the plan} is not known.", Act.REJECT),
    ],
)
def test_what_was_not_done_is_no_act(marked: str, act: Act) -> None:
    assert act_of(marked, "Osei") is act


@pytest.mark.parametrize(
    ("marked", "act"),
    [
        ("Osei [said] {the bridge was safe}.", Act.ASSERT),
        ("Osei [said] {the bridge should be closed}.", Act.DEMAND),
        ("Osei [said] {the council needs to act}.", Act.DEMAND),
        ("Osei [said] {the bridge should have been closed}.", Act.ASSERT),
        ("Osei [said] {the bridge must have been closed}.", Act.ASSERT),
        ("Osei [said:] {“Is the bridge safe?”}", Act.ASK),
        ("Osei [said:] {“It is old. Is it safe?”}", Act.ASSERT),
        ("Osei [called on] {the council to act}.", Act.DEMAND),
        ("Osei [repeated his call for] {a new bridge}.", Act.DEMAND),
        ("Osei's [calls] {to close the bridge} were heard.", Act.DEMAND),
        ("Osei [insisted] {that the bridge be closed}.", Act.DEMAND),
        ("Osei [insisted] {that the bridge will be closed}.", Act.ASSERT),
        ("Osei [told] {the council to close the bridge}.", Act.DEMAND),
        ("Osei [told] {Mensah that it was time to close the bridge}.", Act.ASSERT),
        ("Osei [asked] {the council to close the bridge}.", Act.DEMAND),
        ("Osei [asked for] {help}.", Act.DEMAND),
        ("Osei [asked] {whether the bridge was safe}.", Act.ASK),
        ("Osei [questioned] {whether the bridge was safe}.", Act.ASK),
        ("Osei [raised questions about] {the bridge}.", Act.ASK),
        ("Osei [outlined] {his conditions for a ceasefire}.", Act.DEMAND),
        ("Osei [outlined] {the history of the bridge}.", Act.ASSERT),
        ("Osei [put forward] {a plan}.", Act.PROPOSE),
        ("Osei [suggested] {closing the bridge}.", Act.PROPOSE),
        ("Osei [suggested] {that the bridge was old}.", Act.ASSERT),
        ("Osei's [proposal] {to close the bridge} was heard.", Act.PROPOSE),
        ("Osei [agreed to] {close the bridge}.", Act.PROMISE),
        ("Osei [agreed] {that the bridge was old}.", Act.ASSERT),
        ("Osei's [promise] {to build a bridge} was kept.", Act.PROMISE),
        ("Osei [threatened to sue] {the council}.", Act.THREATEN),
        ("Osei [issued a threat] {to close the bridge}.", Act.THREATEN),
        ("Osei [warned] {that Ghana would retaliate}.", Act.THREATEN),
        ("Osei [warned] {that “we will strike back”}.", Act.THREATEN),
        ("Osei [warned] {Mensah not to close the bridge}.", Act.DEMAND),
        ("Osei [warned] {that the bridge would fall}.", Act.ASSERT),
        ("Osei [lashed out at] {Mensah}.", Act.ACCUSE),
        ("Osei [hit back at] {Mensah}.", Act.ACCUSE),
        ("Osei [spoke out against] {Mensah}.", Act.ACCUSE),
        ("Osei's [accusation] {that Mensah had lied} was heard.", Act.ACCUSE),
        ("Osei [questioned] {the plan}.", Act.ACCUSE),
        ("{Mensah} [was accused by] Osei.", Act.ACCUSE),
        ("Osei [continued to criticise] {Mensah}.", Act.ACCUSE),
        ("Osei [came out against] {the plan}.", Act.REJECT),
        ("Osei [turned down] {the offer}.", Act.REJECT),
        ("Osei [voiced his opposition to] {the plan}.", Act.REJECT),
        ("Osei [denied] {the request for a permit}.", Act.REJECT),
        ("Osei [denied] {any wrongdoing}.", Act.DENY),
        ("Osei [issued a denial of] {the report}.", Act.DENY),
        ("Osei [praised] {the builders}.", Act.PRAISE),
        ("Osei [announced his full support for] {Mensah}.", Act.PRAISE),
        ("Osei [wants to thank] {the builders}.", Act.PRAISE),
        ("Osei [paid tribute to] {the builders}.", Act.PRAISE),
        ("Osei [backs] {the plan}.", Act.PRAISE),
        ("Osei [lost] {the backing of his party}.", Act.ASSERT),
    ],
)
def test_what_is_done(marked: str, act: Act) -> None:
    assert act_of(marked) is act


@pytest.mark.parametrize(
    ("marked", "turned"),
    [
        ("Osei [did not accuse] {Mensah}.", True),
        ("Osei [refused to condemn] {the attack}.", True),
        ("Osei [refused to endorse] {Mensah}.", True),
        ("Osei [does not support] {the plan}.", True),
        ("If Osei [rejects] {the plan}, it falls.", True),
        ("Osei [refused to meet] {Mensah}.", False),
        ("Osei [did not hesitate to accuse] {Mensah}.", False),
        ("Osei [accused] {Mensah}.", False),
        ("Osei [did not say] {why}.", False),
    ],
)
def test_whether_an_act_was_turned(marked: str, *, turned: bool) -> None:
    assert read(marked, "Osei").act_modified is turned


def test_the_layout_attributes_and_a_question_stays_one(nlp: Language) -> None:
    with nlp.memory_zone():
        found = nlp("Osei: “Is the bridge safe?”\n\nMensah: “It is safe.”")._.attributions
        assert [statement.act for statement in found] == [Act.ASK, Act.ASSERT]
