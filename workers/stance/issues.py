"""Issues: what people are for or against that neither speaks nor acts, as a bill, a deal, sanctions or a strike.

An issue is mentioned by noun phrases with a head of ``issues.txt`` ("the trade bill", "his proposed ban on visas"), and
by names of laws, events and the like ("the Clean Air Act"). Phrases are one issue if they have the same head and do not
differ in their modifiers, or if a phrase without modifiers ("the measure") follows an issue of the same class.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from services.contracts import EntityType, MentionForm
from workers.coreference.noun_phrases import POSSESSIVE_PRONOUNS, Kind, NounPhrase, NounPhraseReader
from workers.doc.records import TokenSpan
from workers.english.phrases import DETERMINERS, POSSESSIVES, PREPOSITIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spacy.tokens import Doc, Span

    from workers.doc.records import EntityRecord
    from workers.doc.tokens import Tokens

MAX_ISSUES: Final = 60
_SHORT: Final = 3  # letters; "gas" is not a plural
MAX_COMPARED: Final = 20  # issues with the same head; the bound keeps time linear
MAX_SENTENCES_BACK: Final = 6  # from "the measure" to the issue that it stands for
_VOWELS: Final = frozenset("aeiou")
_COMPLEMENTS: Final = frozenset({"of", "for", "at", "in", "to", "from", "on"})
_POINTING: Final = frozenset({"the", "this", "that", "these", "those", "such", "its", "their", "his", "her"})
_LITTLE: Final = (
    DETERMINERS | POSSESSIVE_PRONOUNS | POSSESSIVES | PREPOSITIONS | frozenset({"such", "new", "proposed", "-", "own"})
)


@dataclass(slots=True)
class Issue:
    """An issue of an article.

    ``name`` is the words of its fullest mention, ``noun_class`` the class of its head or "name", ``head`` its head.
    ``mentions`` are in text order; ``entity`` is the key of the entity if the issue has a name that is one already.
    """

    name: str
    noun_class: str
    head: str
    mentions: list[TokenSpan]
    modifiers: set[str] = field(default_factory=set)
    entity: int | None = None


@cache
def classes() -> dict[str, str]:
    """Return the class of each head, in lower case; of a head in several classes the first."""
    lines = files(__package__).joinpath("issues.txt").read_text("utf-8").splitlines()
    result: dict[str, str] = {}
    for line in lines:
        name, colon, words = line.partition(":")
        if colon and not line.startswith("#"):
            for word in words.split():
                for form in (word, _plural(word)):
                    result.setdefault(form, name)
    return result


@cache
def _head_kinds() -> dict[str, Kind]:
    return dict.fromkeys(classes(), Kind.ISSUE)


def read_issues(doc: Doc, tokens: Tokens) -> list[Issue]:
    """Return the possible issues of a document with its mentions and encoding, in the order of their first mentions."""
    entities: list[EntityRecord] = doc._.entities
    spans = sorted(doc.spans.get("mentions", ()), key=lambda span: (span.start, -span.end))
    names = [TokenSpan(span.start, span.end) for span in spans if span._.form == MentionForm.NAME]
    taken = bytearray(len(tokens) + 1)  # heads of other mentions, and boilerplate
    for span in doc.spans.get("boilerplate", ()):
        taken[span.start : span.end] = b"\1" * (span.end - span.start)
    named: dict[int, Issue] = {}
    for span in spans:
        entity = entities[int(span.id_)]
        if entity.type is EntityType.MISC and not taken[span.start]:
            issue = named.setdefault(entity.key, Issue(entity.name, "name", "", [], entity=entity.key))
            issue.mentions.append(TokenSpan(span.start, span.end))
        taken[_head(tokens, span, is_name=span._.form == MentionForm.NAME)] = 1
    reader = NounPhraseReader(tokens, doc._.encoded, names, _head_kinds())
    phrases = [phrase for phrase in reader.read() if not taken[phrase.span.end - 1]]
    issues = [*named.values(), *_gathered(doc, tokens, phrases)]
    return sorted(issues, key=lambda issue: issue.mentions[0])[:MAX_ISSUES]


def _head(tokens: Tokens, span: Span, *, is_name: bool) -> int:
    """Return the head of a mention: the last token of a name, or that before "of" and the like of a description."""
    ends = (i - 1 for i in range(span.start + 1, span.end) if not is_name and tokens.lower[i] in _COMPLEMENTS)
    return next(ends, span.end - 1)


def _gathered(doc: Doc, tokens: Tokens, phrases: list[NounPhrase]) -> list[Issue]:
    """Return the phrases by issue."""
    issues: list[Issue] = []
    by_head: dict[str, list[Issue]] = {}
    latest: dict[str, tuple[int, Issue]] = {}
    sentence = {start: index for index, start in enumerate(dict.fromkeys(tokens.sentence_start))}
    for phrase in phrases:
        head = _singular(tokens.lower[phrase.span.end - 1])
        noun_class = classes()[tokens.lower[phrase.span.end - 1]]
        modifiers = set(_modifiers(tokens, phrase))
        is_pointing = tokens.lower[phrase.span.start] in _POINTING and not modifiers
        number = sentence[tokens.sentence_start[phrase.span.start]]
        issue = next(
            (known for known in reversed(by_head.get(head, [])[-MAX_COMPARED:]) if _agree(known.modifiers, modifiers)),
            None,
        )
        if (
            issue is None
            and is_pointing
            and noun_class in latest
            and number - latest[noun_class][0] <= MAX_SENTENCES_BACK
        ):
            issue = latest[noun_class][1]
        if issue is None:
            issue = Issue("", noun_class, head, [])
            issues.append(issue)
            by_head.setdefault(head, []).append(issue)
        issue.mentions.append(phrase.whole)
        if len(modifiers) > len(issue.modifiers) or not issue.name:
            issue.name = " ".join(doc[phrase.whole.start : phrase.whole.end].text.split())
        issue.modifiers |= modifiers
        latest[noun_class] = (number, issue)
    return issues


def _agree(known: set[str], given: set[str]) -> bool:
    """Return whether phrases with these modifiers may be one issue: one says nothing that the other does not."""
    return not known or not given or given <= known or known <= given


def _modifiers(tokens: Tokens, phrase: NounPhrase) -> Iterator[str]:
    for i in (*range(phrase.span.start, phrase.span.end - 1), *range(phrase.span.end, phrase.end)):
        if tokens.lower[i] not in _LITTLE and tokens.words[i][0].isalnum():
            yield _singular(tokens.lower[i])


def _plural(word: str) -> str:
    if word.endswith("y") and word[-2] not in _VOWELS:
        return f"{word[:-1]}ies"
    return f"{word}es" if word.endswith(("s", "x", "ch", "sh")) else f"{word}s"


@cache
def _singulars() -> dict[str, str]:
    """Return the heads of which others are plurals, by the plural."""
    return {_plural(word): word for word in classes() if _plural(word) in classes()}


def _singular(word: str) -> str:
    return _singulars().get(word) or (
        word[:-1] if word.endswith("s") and not word.endswith("ss") and len(word) > _SHORT else word
    )
