"""Sources that a sentence names where the model has found none. ``[…]`` is the cue, ``{…}`` the content."""

from __future__ import annotations

import re

import pytest

from services.contracts import Act
from workers.attribution.sources import fill_missing_sources
from workers.doc.records import AttributionRecord, CueRecord, TokenSpan
from workers.doc.tokens import Offsets, Tokens
from workers.pipeline.components import build_nlp

NLP = build_nlp(["stancewire_sentences", "stancewire_entities"])


def completed(marked: str) -> tuple[str | None, list[str]]:
    """Return the source that is found, and the content that is left."""
    doc = NLP(re.sub(r"[\[\]{}]", "", marked))
    offsets = Offsets(doc)

    def marked_spans(opened: str, closed: str) -> list[TokenSpan]:
        spans = []
        for match in re.finditer(re.escape(opened) + "[^" + re.escape(closed) + "]*", marked):
            start = match.start() - len(re.findall(r"[\[\]{}]", marked[: match.start()]))
            spans.append(TokenSpan(*offsets.span(start, start + len(match[0]) - 1)))
        return spans

    (cue,) = marked_spans("[", "]")
    form = "past" if doc[cue.end - 1].text.endswith("ed") else "model"
    cue_record = CueRecord(cue, cue.start, cue.end, "", Act.ASSERT, "", form)
    attribution = AttributionRecord("model", None, cue_record, tuple(marked_spans("{", "}")))
    fill_missing_sources(Tokens.of(doc), doc, [attribution])
    source = attribution.source
    return doc[source.start : source.end].text if source else None, [doc[a:b].text for a, b in attribution.content]


@pytest.mark.parametrize(
    ("marked", "source", "content"),
    [
        # the passive agent and what a comma adds to it are removed from the content
        (
            "{Tarva Bank} [was accused of] {hiding losses by Mr. Kofi Mensah, who left}.",
            "Mr. Kofi Mensah",
            ["Tarva Bank", "hiding losses"],
        ),
        ("{Tarva Bank} [was accused] {by Mr. Kofi Mensah of theft}.", "Mr. Kofi Mensah", ["Tarva Bank", "of theft"]),
        ("{It} [was denounced by] the Tarva Bank.", "the Tarva Bank", ["It"]),
        # "by" does not introduce the agent of the cue, or no name follows it
        ("{He} [was accused of] {being paid by Mr. Kofi Mensah}.", None, ["He", "being paid by Mr. Kofi Mensah"]),
        ("{He} [was accused of] {theft by moving Mr. Kofi Mensah}.", None, ["He", "theft by moving Mr. Kofi Mensah"]),
        ("{He} [was accused of] {theft by many}.", None, ["He", "theft by many"]),
        ("[Accused of] {theft by Mr. Kofi Mensah}.", None, ["theft by Mr. Kofi Mensah"]),
        # a subject far from its verb
        (
            "Mr. Kofi Mensah, who ran a bank and lost it, [has called on] {him to go}.",
            "Mr. Kofi Mensah",
            ["him to go"],
        ),
        ("Mr. Kofi Mensah, late as ever, [rejected] {it}.", "Mr. Kofi Mensah", ["it"]),
        ("Mr. Kofi Mensah left, [adding] {it was late}.", None, ["it was late"]),
        ("Late as ever, the man, a Mr. Kofi Mensah, [rejected] {it}.", None, ["it"]),
        ("Mr. Kofi Mensah left and [rejected] {it}.", None, ["it"]),
    ],
)
def test_missing_source_is_taken_from_the_sentence(marked: str, source: str | None, content: list[str]) -> None:
    assert completed(marked) == (source, content)


def test_existing_source_is_kept() -> None:
    doc = NLP("Ama Osei was accused of theft by Mr. Kofi Mensah.")
    cue = CueRecord(TokenSpan(2, 5), 3, 5, "accuse", Act.ACCUSE, "", "past")
    attribution = AttributionRecord("model", TokenSpan(0, 2), cue, (TokenSpan(5, 6),))
    fill_missing_sources(Tokens.of(doc), doc, [attribution])
    assert attribution.source == TokenSpan(0, 2)


def test_the_subject_of_a_passive_that_others_say_of_it_is_not_the_source() -> None:
    doc = NLP("The carer was branded a disgrace by Mr. Kofi Mensah.")
    cue = CueRecord(TokenSpan(2, 4), 3, 4, "brand", Act.ASSERT, "", "past")
    attribution = AttributionRecord("model", TokenSpan(0, 2), cue, (TokenSpan(4, 6),))

    fill_missing_sources(Tokens.of(doc), doc, [attribution])

    assert attribution.source is not None
    assert doc[attribution.source.start : attribution.source.end].text == "Mr. Kofi Mensah"
