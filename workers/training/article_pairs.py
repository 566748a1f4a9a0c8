"""Pairs of parties in whole articles as training examples of the stance heads, labelled with the annotated stances.

The sentences of the stance corpora were chosen because two names stand in them; in articles most pairs have no stance,
parties are pronouns and descriptions, and targets are issues as well. The questions are those of the service: pairs of
mentions in a sentence, and each party of which a speaker speaks. A passage that is not among those that show an
annotated stance of its pair has no label. Of pairs without a stance a sample is taken. An article that was read twice
gives the pairs of both readings: a stance that only one reader took from it counts less than one that both did.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, Final

from workers.doc.tokens import Offsets, Tokens
from workers.evaluation.article_stances import shared_mentions
from workers.evaluation.entity_alignment import align_entities
from workers.model.inputs import EncoderInput
from workers.model.stance_heads import NONE, OPPOSE, SUPPORT, Pair
from workers.pipeline.components import COMPONENTS, build_nlp
from workers.stance.issues import read_issues
from workers.stance.readings import MAX_PARTNERS, MAX_SENTENCE_MENTIONS
from workers.stance.stance_context import StanceContext
from workers.text.cleaning import PLAIN_SPACES
from workers.training.annotated_articles import readings
from workers.training.corpora import UNLABELLED, Example, LabelledPair

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from spacy.tokens import Doc

    from workers.doc.records import TokenSpan

NEGATIVES: Final = 4  # pairs without a stance for each with one, and as many more
_SEED: Final = 20261129
# Of a sentence for the teacher alone: its words and pieces, and the parties taken from it.
_MIN_SENTENCE_WORDS: Final = 8
_MAX_SENTENCE_PIECES: Final = 120
_MAX_PARTIES: Final = 3
_SIDES: Final = {"support": SUPPORT, "oppose": OPPOSE}
_OF_SECOND: Final = 2  # from the class of a stance of the first party to that of the second
Passages = dict[tuple[str | None, str], list[tuple[int, list[tuple[int, int]]]]]


def examples(articles: Iterable[dict[str, Any]]) -> list[Example]:
    """Return an example for each article that has pairs; ``articles`` are those of ``annotated_articles``."""
    nlp = build_nlp([name for name in COMPONENTS["trained"] if name != "stancewire_sides"])
    result = []
    for article in articles:
        with nlp.memory_zone():
            example = article_example(nlp(article["text"].translate(PLAIN_SPACES)), article)
        if example.pairs:
            result.append(example)
    return result


def article_example(doc: Doc, article: dict[str, Any]) -> Example:
    """Return the labelled pairs of a document that has been through all components but the last."""
    base = StanceContext.of(doc)
    issues = read_issues(doc, Tokens.of(doc))
    context = base.with_issues(issues)
    new = range(len(base.entities), len(context.entities))
    targets_only = {*new, *(issue.entity for issue in issues)}
    rng = random.Random(f"{_SEED} {article['id']}")  # noqa: S311  # a reproducible sample, not a secret
    kept: list[LabelledPair] = []
    for reading in readings(article):
        names, gold = _aligned(doc, context, reading), _passages(doc, reading)
        for labelled in (_pairs, _voices):
            pairs = list(labelled(context, targets_only, names, gold))
            kept += [pair for pair in pairs if pair.label != NONE]
            others = [pair for pair in pairs if pair.label == NONE]
            kept += rng.sample(others, min(len(others), NEGATIVES * (len(pairs) - len(others) + 1)))
    return Example(context.encoded.inputs, pairs=kept)


def unlabelled(examples: Iterable[Example], count: int) -> list[Example]:
    """Return up to ``count`` passages of articles, each with up to three parties as targets, for a teacher to answer.

    ``examples`` is what `examples` returned.
    """
    rng = random.Random(_SEED)  # noqa: S311  # a reproducible sample, not a secret
    sentences = []
    for example in examples:
        parties: dict[tuple[int, int], dict[tuple[int, int], None]] = {}
        for pair, _ in example.pairs:
            parties.setdefault(pair.context, {}).update(dict.fromkeys(filter(None, (pair.target, pair.holder))))
        for (start, end), spans in parties.items():
            words = _part(example.words, start, end)
            whole = [span for span in spans if start <= span[0] and span[1] <= end]
            if end - start < _MIN_SENTENCE_WORDS or sum(map(len, words.pieces)) > _MAX_SENTENCE_PIECES:
                continue
            shifted = [(first - start, last - start) for first, last in whole]
            chosen = rng.sample(shifted, min(len(shifted), _MAX_PARTIES))
            pairs = [LabelledPair(Pair(None, party, (0, end - start)), UNLABELLED) for party in chosen]
            sentences.append(Example(words, pairs=pairs))
    return rng.sample(sentences, min(len(sentences), count))


def _part(words: EncoderInput, start: int, end: int) -> EncoderInput:
    return EncoderInput(
        words.tokens[start:end],
        words.pieces[start:end],
        words.shapes[start:end],
        words.position_types[start:end],
        words.starts[start:end],
    )


def _passages(doc: Doc, reading: dict[str, Any]) -> Passages:
    """Return the sides that a reader saw, with the passages that show each, by holder and target."""
    gold: Passages = {}
    offsets = Offsets(doc)
    for stance in reading["stances"]:
        passages = [offsets.span(*passage) for passage in stance["passages"]]
        gold.setdefault((stance["holder"], stance["target"]), []).append((_SIDES[stance["side"]], passages))
    return gold


def _aligned(doc: Doc, context: StanceContext, reading: dict[str, Any]) -> dict[int, str]:
    """Return the annotated party of each entity."""
    ends = [token.idx + len(token) for token in doc]
    given: dict[str, list[tuple[int, int, str]]] = {}
    for mentions in context.mentions:
        for mention in mentions:
            form = "name" if mention.is_name else "description"
            start, end = mention.tokens
            given.setdefault(str(mention.key), []).append((doc[start].idx, ends[end - 1], form))
    gold = {entity["id"]: [tuple(mention) for mention in entity["mentions"]] for entity in reading["entities"]}
    return {int(key): name for key, name in align_entities(shared_mentions(gold, given)).items()}


def _label(gold: Passages, pair: tuple[str | None, str | None], passage: TokenSpan) -> int | None:
    """Return the class of a pair in a passage, or None if its stance is shown elsewhere."""
    holder, target = pair
    stances = gold.get((holder, target), ()) if target is not None else ()
    for side, passages in stances:
        if any(start < passage.end and passage.start < end for start, end in passages):
            return side
    return None if stances else NONE


def _pairs(
    context: StanceContext, targets_only: set[int | None], names: dict[int, str], gold: Passages
) -> Iterator[LabelledPair]:
    for sentence, mentions in zip(context.sentences, context.mentions, strict=True):
        for i, first in enumerate(mentions[:MAX_SENTENCE_MENTIONS]):
            for second in mentions[i + 1 : i + 1 + MAX_PARTNERS]:
                if first.key == second.key or (first.key in targets_only and second.key in targets_only):
                    continue
                a, b = names.get(first.key), names.get(second.key)
                forward, backward = (
                    _label(gold, pair, sentence) if None not in pair else NONE for pair in ((a, b), (b, a))
                )
                if forward is None or backward is None:
                    continue
                label = forward or (backward + _OF_SECOND if backward else NONE)
                window = context.word_window(sentence, first, second)
                yield LabelledPair(Pair(first.words, second.words, window), label)


def _voices(
    context: StanceContext, targets_only: set[int | None], names: dict[int, str], gold: Passages
) -> Iterator[LabelledPair]:
    """Yield what speakers say of each party, also where their sentence names them."""
    for attribution in context.attributions:
        if attribution.speaker is None or attribution.speaker in targets_only:
            continue
        for content in attribution.content:
            for part, mentions in context.split_by_sentence(content):
                for mention in mentions:
                    if not part.start <= mention.tokens.start < part.end or mention.key == attribution.speaker:
                        continue
                    pair = (names.get(attribution.speaker, "?"), names.get(mention.key))
                    label = _label(gold, pair, part)
                    if label is not None:
                        window = context.word_window(part, mention, mention)
                        yield LabelledPair(Pair(None, mention.words, window), label)
