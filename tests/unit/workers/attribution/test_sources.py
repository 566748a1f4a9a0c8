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

    def stretches(opened: str, closed: str) -> list[TokenSpan]:
        found = []
        for match in re.finditer(re.escape(opened) + "[^" + re.escape(closed) + "]*", marked):
            start = match.start() - len(re.findall(r"[\[\]{}]", marked[: match.start()]))
            found.append(TokenSpan(*offsets.span(start, start + len(match[0]) - 1)))
        return found

    (cue,) = stretches("[", "]")
    form = "past" if doc[cue.end - 1].text.endswith("ed") else "model"
    made = CueRecord(cue, cue.start, cue.end, "", Act.ASSERT, "", form)
    statement = AttributionRecord("model", None, made, tuple(stretches("{", "}")))
    fill_missing_sources(Tokens.of(doc), doc, [statement])
    source = statement.source
    return doc[source.start : source.end].text if source else None, [doc[a:b].text for a, b in statement.content]


@pytest.mark.parametrize(
    ("marked", "source", "content"),
    [
        # whoever "by" names, and what it adds about them, is no content
        (
            "{Tarva Bank} [was accused of] {hiding losses by Mr. Kofi Mensah, who left}.",
            "Mr. Kofi Mensah",
            ["Tarva Bank", "hiding losses"],
        ),
        ("{Tarva Bank} [was accused] {by Mr. Kofi Mensah of theft}.", "Mr. Kofi Mensah", ["Tarva Bank", "of theft"]),
        ("{It} [was denounced by] the Tarva Bank.", "the Tarva Bank", ["It"]),
        # who pays, moves or is nobody by name has accused nobody
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
def test_a_source_is_taken_where_its_sentence_names_it(marked: str, source: str | None, content: list[str]) -> None:
    assert completed(marked) == (source, content)


def test_a_source_that_is_there_stays() -> None:
    doc = NLP("Ama Osei was accused of theft by Mr. Kofi Mensah.")
    cue = CueRecord(TokenSpan(2, 5), 3, 5, "accuse", Act.ACCUSE, "", "past")
    statement = AttributionRecord("model", TokenSpan(0, 2), cue, (TokenSpan(5, 6),))
    fill_missing_sources(Tokens.of(doc), doc, [statement])
    assert statement.source == TokenSpan(0, 2)
