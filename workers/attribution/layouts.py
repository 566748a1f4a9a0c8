"""Stage ``stancewire_layouts``: speech that its place on the page attributes, after what words attribute.

"Name: ...", "... - Name", and quotations that run on from the one before. Completes ``doc._.attributions``: their order,
the kind of each, and a score where it has none yet.
"""

from __future__ import annotations

from typing import Final

from spacy.language import Language
from spacy.tokens import Doc

from services.contracts import Act, Kind
from workers.attribution import scores
from workers.attribution.scene import RuleContext
from workers.doc.records import AttributionRecord, CueRecord, TokenSpan
from workers.english.lexicon import listed
from workers.english.phrases import trimmed

NAME_WORDS: Final = 6
_DASHES: Final = frozenset({"–", "—", "-", "--"})
_LABELS: Final = listed(
    "note update correction photo source question answer q a ps tip warning editor's fact location date time address tel email"
)


@Language.factory("stancewire_layouts")
class Layouts:
    """Reads statements off the page."""

    def __init__(self, nlp: Language, name: str) -> None:
        """Take what spaCy hands to every factory; there is nothing to set."""
        del nlp, name

    def __call__(self, doc: Doc) -> Doc:
        """Complete ``doc._.attributions`` and put them into the order of the text."""
        scene = RuleContext.of(doc)
        scene.statements += doc._.attributions
        read(scene)
        run_on(scene)
        scene.statements[:] = parted(scene)
        for statement in scene.statements:
            statement.kind = _kind(scene, statement)
            if statement.follows is not None:
                statement.score = scene.statements[statement.follows].score
            elif not statement.score:
                statement.score = scores.of(statement)
        doc._.attributions = scene.statements
        return doc


def read(scene: RuleContext) -> None:
    """Add the statements of paragraphs that begin with "Name:" or end with "- Name"."""
    labels: dict[str, list[TokenSpan]] = {}
    attributed = {statement.content[0].start for statement in scene.statements}
    for paragraph in scene.paragraphs:
        colon = _colon(scene, paragraph)
        if colon:
            labels.setdefault(" ".join(scene.tokens.words[paragraph.start : colon]), []).append(
                TokenSpan(paragraph.start, colon)
            )
        _signed(scene, paragraph, attributed)
    ends = {paragraph.start: paragraph.end for paragraph in scene.paragraphs}
    taken = {i for statement in scene.statements for part in statement.content for i in (part.start, part.end - 1)}
    for found in labels.values():
        for name in found:
            quotation = scene.opens(name.end + 1)
            # A label that comes once may be anything; twice it is an interview, with a quotation speech, in a
            # headline whose name is known too.
            headline = name.start == scene.paragraphs[0].start and scene.names.get(name.start) == name.end
            if len(found) < 2 and not quotation and not headline:  # noqa: PLR2004  # see above
                continue
            content = trimmed(scene.tokens, name.end + 1, ends[name.start])
            if content and content.start not in taken:
                cue = CueRecord(
                    TokenSpan(name.end, name.end + 1), name.end, name.end + 1, ":", Act.ASSERT, "", "layout"
                )
                scene.statements.append(AttributionRecord("label", name, cue, (content,)))


def _colon(scene: RuleContext, paragraph: TokenSpan) -> int:
    """Return the colon after a name that begins the paragraph, or 0."""
    words = scene.tokens.words
    for k in range(paragraph.start, min(paragraph.end - 1, paragraph.start + NAME_WORDS + 1)):
        if words[k] == ":":
            return (
                k
                if k > paragraph.start and words[paragraph.start].lower() not in _LABELS and not scene.skipped[k]
                else 0
            )
        if not (words[k][0].isupper() or words[k] in {"de", "la", "van", "von", "bin", "al"}):
            return 0
    return 0


def _signed(scene: RuleContext, paragraph: TokenSpan, attributed: set[int]) -> None:
    """A paragraph that is one quotation, a dash and a name."""
    quotation = scene.opens(paragraph.start)
    if not quotation or not quotation.speech or not quotation.closed or quotation.end + 1 >= paragraph.end:
        return
    dash = quotation.end + (scene.tokens.words[quotation.end].isspace())
    if (
        scene.tokens.words[dash] not in _DASHES
        or dash + 1 >= paragraph.end
        or not scene.tokens.words[dash + 1][0].isupper()
    ):
        return
    name = trimmed(scene.tokens, dash + 1, min(paragraph.end, dash + 1 + 2 * NAME_WORDS))
    if name and quotation.start not in attributed:
        cue = CueRecord(TokenSpan(dash, dash + 1), dash, dash + 1, "—", Act.ASSERT, "", "layout")
        scene.statements.append(AttributionRecord("signed", name, cue, (TokenSpan(quotation.start, quotation.end),)))


def run_on(scene: RuleContext) -> None:
    """Give each quotation that nothing attributes the speaker of the one it runs on from; order the statements by their place.

    It runs on where it follows an attributed statement in the same paragraph, repeats the opening mark of the paragraph
    before, or opens a mark after a statement in the paragraph before that the next paragraph repeats.
    """
    covered = bytearray(len(scene.tokens))
    for statement in scene.statements:
        for start, end in statement.content:
            covered[start:end] = b"\x01" * (end - start)
    scene.statements.sort(
        key=lambda statement: min(
            statement.content[0].start, statement.cue.span.start if statement.cue else statement.content[0].start
        )
    )
    merged: list[AttributionRecord] = []
    known = iter(scene.statements)
    upcoming = next(known, None)
    paragraphs = iter(scene.paragraphs)
    paragraph = next(paragraphs, None)
    before = 0  # where the paragraph before begins
    latest = -1
    latest_end = -1
    for quotation, after in zip(scene.quotations, [*scene.quotations[1:], None], strict=False):
        while upcoming and upcoming.content[0].start <= quotation.start:
            merged.append(upcoming)
            if upcoming.rule.startswith(("model", "quoted", "postposed", "that", "bare", "label", "according")):
                latest, latest_end = len(merged) - 1, max(part.end for part in upcoming.content)
            upcoming = next(known, None)
        while paragraph and paragraph.end <= quotation.start:
            before, paragraph = paragraph.start, next(paragraphs, None)
        if latest < 0 or covered[quotation.start] or not paragraph:
            continue
        cue = merged[latest].cue
        end = max(latest_end - 1, cue.verb if cue else 0)
        same = end >= paragraph.start and quotation.speech and _begins_sentence(scene, quotation.start)
        opens = end >= before and quotation.speech and not quotation.closed and after is not None and after.continues
        if not (same or opens or quotation.continues):
            continue
        follows = merged[latest].follows
        first = latest if follows is None else follows
        merged.append(
            AttributionRecord(
                "run_on", merged[first].source, None, (TokenSpan(quotation.start, quotation.end),), follows=first
            )
        )
        latest, latest_end = len(merged) - 1, quotation.end
    while upcoming:
        merged.append(upcoming)
        upcoming = next(known, None)
    scene.statements[:] = merged


def parted(scene: RuleContext) -> list[AttributionRecord]:
    """Make each quotation that a statement's content goes on with in a sentence of its own a statement that runs on."""
    known = scene.statements
    followed = {id(statement): known[statement.follows] for statement in known if statement.follows is not None}
    found: list[AttributionRecord] = []
    for statement in known:
        found.append(statement)
        own = [part for part in statement.content if not _stands_alone(scene, statement, part)]
        for part in statement.content if own and len(own) < len(statement.content) else ():
            if part not in own:
                found.append(AttributionRecord("run_on", statement.source, None, (part,)))
                followed[id(found[-1])] = statement
        statement.content = tuple(own) or statement.content
    found.sort(key=lambda statement: statement.content[0].start)
    places = {id(statement): place for place, statement in enumerate(found)}
    for statement in found:
        statement.follows = places[id(followed[id(statement)])] if id(statement) in followed else None
    return found


def _stands_alone(scene: RuleContext, statement: AttributionRecord, part: TokenSpan) -> bool:
    """Whether a part of a statement is a quotation in a sentence after its cue's, with nothing around it."""
    quotation = scene.opens(part.start)
    if quotation is None or quotation.end < part.end or statement.cue is None or part.start < statement.cue.span.end:
        return False
    first = scene.tokens.first
    return _begins_sentence(scene, part.start) and first[part.start] != first[statement.cue.span.start]


def _begins_sentence(scene: RuleContext, i: int) -> bool:
    return scene.tokens.first[i] == i or (scene.tokens.first[min(i + 1, len(scene.tokens) - 1)] == i + 1)


def _kind(scene: RuleContext, statement: AttributionRecord) -> Kind:
    """Direct if all words stand in quotation marks, mixed if some do."""
    inside = outside = 0
    for start, end in statement.content:
        for i in range(start, end):
            if scene.tokens.words[i][0].isalnum():
                if scene.quoted[i] >= 0:
                    inside += 1
                else:
                    outside += 1
    if not inside:
        return Kind.INDIRECT
    return Kind.MIXED if outside else Kind.DIRECT
