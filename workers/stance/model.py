"""Stage ``stancewire_sides``: who is for or against whom, as the model reads it off the words that it has already seen.

Writes ``doc._.stances``. Three voices are asked:

* two entities that a sentence brings together: either may be for or against the other;
* a speaker whose words stand in a sentence that does not name the speaker: what is said there is held by the speaker;
* the article itself, in sentences that tell nobody's words.

What a cue does ("accused", "praised"), and a verb right between two names, is heard as well: of two readings of one
passage the likelier stands. What a sentence only asks, supposes, denies or leaves undone is left out.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from spacy.language import Language
from spacy.tokens import Doc

from services.contracts import StanceLabel
from workers.doc.records import StanceRecord, TokenSpan
from workers.doc.tokens import Tokens
from workers.model.component import encoder
from workers.model.stance_heads import Pair
from workers.stance import factuality
from workers.stance.acts import by_act
from workers.stance.scene import Mention, Scene
from workers.stance.verb_between import by_verb

# The work must not grow with the square of a sentence: a name is paired with so many of the names after it.
NEIGHBOURS: Final = 8
_LABELS: Final = (StanceLabel.SUPPORT, StanceLabel.OPPOSE)
_AHEAD, _BACK = slice(1, 3), slice(3, 5)


class _Asked(NamedTuple):
    """How the voice of ``holder`` (none is the article's), in a statement or in none, stands to ``target`` in ``passage``."""

    holder: int | None
    target: Mention
    passage: TokenSpan
    statement: int | None


@Language.factory("stancewire_sides")
class ModelStances:
    """Reads stances off the model's vectors."""

    def __init__(self, nlp: Language, name: str) -> None:
        """Take the weights of this process."""
        del nlp, name
        self.encoder = encoder()
        self.scales = self.encoder.heads.scales

    def __call__(self, doc: Doc) -> Doc:
        """Set ``doc._.stances`` in the order of their evidence; reads statements, entities, mentions and the model's vectors."""
        scene, tokens = Scene.of(doc), Tokens.of(doc)
        found: dict[tuple[int | None, int, int], StanceRecord] = {}
        for leaning in (*self._between(scene, tokens), *self._towards(scene, tokens), *by_act(doc), *by_verb(doc)):
            place = (leaning.holder, leaning.target, scene.sentence_at(leaning.evidence.start))
            if place not in found or found[place].score < leaning.score:
                found[place] = leaning
        doc._.stances = sorted(found.values(), key=lambda each: (each.evidence, each.holder or -1, each.target))
        return doc

    def _between(self, scene: Scene, tokens: Tokens) -> list[StanceRecord]:
        """Ask for every two entities of a sentence."""
        asked = [
            (first, second, sentence)
            for sentence, inside in zip(scene.sentences, scene.mentions, strict=True)
            for i, first in enumerate(inside)
            for second in inside[i + 1 : i + 1 + NEIGHBOURS]
            if second.key != first.key
        ]
        pairs = [Pair(a.words, b.words, scene.passage(sentence, a, b)) for a, b, sentence in asked]
        shares = self.scales["stance_pairs"].true(self.encoder.pairs.between(scene.encoded.scores.stances, pairs))
        shows = {
            (holder.key, target): scene.statement(holder.key, target)
            for a, b, _ in asked
            for holder, target in ((a, b), (b, a))
        }
        voices = self._voices(scene, {(shown, target) for (_, target), shown in shows.items() if shown is not None})
        found = []
        for (a, b, sentence), each in zip(asked, shares.tolist(), strict=True):
            happens = factuality.happens(tokens, sentence, told=scene.tells(sentence))
            left = factuality.between(tokens, sentence, a.tokens, b.tokens) if happens else frozenset()
            for holder, target, sides in ((a, b, each[_AHEAD]), (b, a, each[_BACK])):
                shown = shows[holder.key, target]
                voice = voices.get((shown, target)) if shown is not None else None
                if voice:
                    sides = [(one + other) / 2 for one, other in zip(sides, voice, strict=True)]  # noqa: PLW2901  # heard twice
                side = int(sides[1] > sides[0])
                if scene.own(holder.key, target.key) and side:
                    continue
                if _LABELS[side] in left and _allowed(scene, tokens, shown, target, _LABELS[side]):
                    found.append(StanceRecord(holder.key, target.key, _LABELS[side], sides[side], sentence, shown))
        return found

    def _voices(self, scene: Scene, asked: set[tuple[int, Mention]]) -> dict[tuple[int, Mention], list[float]]:
        """Ask how the words of a statement, by themselves, stand to whom its speaker names in them.

        In what somebody says, two names take sides more often than elsewhere. Of 112 sides in pairs that a statement joins (dev),
        the mean of both readings finds 73 of 100 at one half, the first alone 64, and their precision falls from .75 to .68; over
        all thresholds it is a little better (.778 for .774).
        """
        found: dict[tuple[int, Mention], Pair] = {}
        for index, target in sorted(asked):
            said = scene.part(index, target)
            if said is not None:
                found[index, target] = Pair(None, target.words, scene.passage(said, target, target))
        shares = self.encoder.pairs.towards(scene.encoded.scores.stances, list(found.values()))
        true = self.scales["target_sentiment"].true(shares)[:, 1:].tolist()
        return dict(zip(found, true, strict=True))

    def _towards(self, scene: Scene, tokens: Tokens) -> list[StanceRecord]:
        """Ask how one voice stands to those it names."""
        asked = [
            *_spoken(scene),
            *(one for one in _written(scene) if factuality.happens(tokens, one.passage, told=False)),
        ]
        pairs = [Pair(None, one.target.words, scene.passage(one.passage, one.target, one.target)) for one in asked]
        shares = self.encoder.pairs.towards(scene.encoded.scores.stances, pairs)
        found = []
        for one, (_, *sides) in zip(asked, self.scales["target_sentiment"].true(shares).tolist(), strict=True):
            side = int(sides[1] > sides[0])
            if one.holder is not None and side and scene.own(one.holder, one.target.key):
                continue
            if _allowed(scene, tokens, one.statement, one.target, _LABELS[side]):
                found.append(
                    StanceRecord(one.holder, one.target.key, _LABELS[side], sides[side], one.passage, one.statement)
                )
        return found


def _allowed(scene: Scene, tokens: Tokens, statement: int | None, target: Mention, side: StanceLabel) -> bool:
    return statement is None or factuality.allows(tokens, scene.statements[statement], target.tokens, side)


def _spoken(scene: Scene) -> list[_Asked]:
    """List whom a known speaker names in a sentence that does not name the speaker."""
    return [
        _Asked(statement.speaker, mention, said, index)
        for index, statement in enumerate(scene.statements)
        if statement.speaker is not None
        for content in statement.content
        for said, inside in scene.parts(content)
        if all(mention.key != statement.speaker for mention in inside)
        for mention in inside
        if content.start <= mention.tokens.start < content.end
    ]


def _written(scene: Scene) -> list[_Asked]:
    """List whom the article names in sentences that tell nobody's words."""
    return [
        _Asked(None, mention, sentence, None)
        for sentence, inside in zip(scene.sentences, scene.mentions, strict=True)
        if not scene.tells(sentence)
        for mention in inside
        if mention.named
    ]
