"""The acts of attributions. ``[…]`` is the cue and ``{…}`` the content; the source comes before both."""

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
ACTS_COMPONENT = build_nlp(["stancewire_acts"]).get_pipe("stancewire_acts")


def act_of(marked: str, source: str = "") -> Act:
    """Return the act of the attribution in a marked text."""
    return read_marked(marked, source).act


def read_marked(marked: str, source: str = "") -> AttributionRecord:
    """Return the attribution in a marked text; ``source`` if it is not the text before cue and content."""
    plain = re.sub(r"[\[\]{}]", "", marked)
    doc = NLP(plain)
    offsets = Offsets(doc)

    def marked_span(opened: str, closed: str) -> TokenSpan:
        start, end = marked.index(opened), marked.index(closed)
        before = sum(marked[:start].count(mark) for mark in "[]{}")
        inside = sum(marked[start:end].count(mark) for mark in "[]{}")
        return TokenSpan(*offsets.span(start - before, end - before - inside))

    cue, content = marked_span("[", "]"), marked_span("{", "}")
    source_text = source or re.split(r"[\[{]", marked)[0].strip()
    begin = plain.index(source_text) if source_text else 0
    source_span = TokenSpan(*offsets.span(begin, begin + len(source_text))) if source_text else None
    verb, end, lemma, act = _verb(doc, cue)
    doc._.attributions = [
        AttributionRecord("model", source_span, CueRecord(cue, verb, end, lemma, act, "", "model"), (content,))
    ]
    attribution: AttributionRecord = ACTS_COMPONENT(doc)._.attributions[0]
    return attribution


def _verb(doc: Doc, cue: TokenSpan) -> tuple[int, int, str, Act]:
    """Return the verb of the cue, the token after it, the lemma and the act, as the model's component does."""
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
        # near negations
        ("Osei [hardly ever criticised] {Mensah}.", Act.ASSERT),
        ("Osei [rarely praised] {Mensah}.", Act.ASSERT),
        # negated support rejects
        ("Osei [does not support] {the plan}.", Act.REJECT),
        ("Osei [no longer supports] {the plan}.", Act.REJECT),
        ("Osei [does not agree with] {the plan}.", Act.REJECT),
        ("Osei [doesn't want] {the bridge to be closed}.", Act.REJECT),
        ("Osei [has not endorsed] {Mensah}.", Act.ASSERT),
        # omitted
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
        # double negation
        ("Osei [did not hesitate to accuse] {Mensah}.", Act.ACCUSE),
        ("Osei [never failed to praise] {the builders}.", Act.PRAISE),
        ("Osei [could not help but praise] {the builders}.", Act.PRAISE),
        ("Osei [did not refuse to endorse] {Mensah}.", Act.ASSERT),
        # not a negation of the act
        ("Osei [not only accused] {Mensah of theft}.", Act.ACCUSE),
        ("Osei [promised] {not to close the bridge}.", Act.PROMISE),
        ("Osei [vowed] {never to close the bridge}.", Act.PROMISE),
        ("Osei [ruled out] {a second term}.", Act.REJECT),
        # negative subjects
        ("No one [accused] {Mensah of theft}.", Act.ASSERT),
        ("Nobody [demanded] {that the bridge be closed}.", Act.ASSERT),
        ("None of the ministers [rejected] {the plan}.", Act.ASSERT),
        ("Neither Osei nor Mensah [rejected] {the plan}.", Act.ASSERT),
        ("No. 10 [rejected] {the plan}.", Act.REJECT),
        # possible, or unfulfilled
        ("Osei [may reject] {the plan}.", Act.ASSERT),
        ("Osei [could accuse] {Mensah of theft}.", Act.ASSERT),
        ("Osei [would have rejected] {the plan}.", Act.ASSERT),
        ("Osei [will reject] {the plan}.", Act.REJECT),
    ],
)
def test_negation_and_modals_change_the_act(marked: str, act: Act) -> None:
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
def test_modifiers_before_the_cue_count(marked: str, act: Act) -> None:
    assert act_of(marked, "Osei") is act


def test_modifiers_of_another_subject_do_not_count() -> None:
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
def test_conditions_and_questions_are_asserted(marked: str, act: Act) -> None:
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
def test_act_of_cue_and_content(marked: str, act: Act) -> None:
    assert act_of(marked) is act


@pytest.mark.parametrize(
    ("marked", "act_modified"),
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
def test_act_modified_flag(marked: str, *, act_modified: bool) -> None:
    assert read_marked(marked, "Osei").act_modified is act_modified


@pytest.mark.parametrize(
    ("marked", "negated"),
    [
        ("Osei [did not say] {that the bridge was safe}.", True),
        ("Osei [never claimed] {that the bridge was safe}.", True),
        ("Osei [refused to say] {whether he knew}.", True),
        ("Osei [would not say] {whether he knew}.", True),
        ("Osei [denied] {that he had known}.", True),
        ("Osei [disputes] {the figures}.", True),
        ("Osei [did not deny] {that he had known}.", False),
        ("Osei [refused to deny] {the report}.", False),
        ("Osei [denied] {the request for a visa}.", False),
        ("Osei [played down] {the figures}.", False),
        ("Osei [did not hesitate to accuse] {Mensah}.", False),
        ("Osei [may say] {that the bridge is safe}.", False),
        ("Osei [said] {that he did not know}.", False),
    ],
)
def test_negated_is_a_content_that_its_source_did_not_state_or_denied(marked: str, *, negated: bool) -> None:
    assert read_marked(marked, "Osei").negated is negated


def test_question_in_an_interview_is_asked(nlp: Language) -> None:
    with nlp.memory_zone():
        attribution = nlp("Osei: “Is the bridge safe?”\n\nMensah: “It is safe.”")._.attributions
        assert [statement.act for statement in attribution] == [Act.ASK, Act.ASSERT]
