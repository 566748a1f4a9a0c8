"""Component ``stancewire_statements``: attributions read by the model, merged with those of the rules.

Completes ``doc._.cues`` and ``doc._.attributions``.

The spans of sources, cues and contents come from the best sequence of tags, so spans are whole and do not overlap.
The links assign each content to a cue and each cue to a source; each cue with a content is one attribution.
``stancewire_layouts`` adds the attributions that layout and quotation marks show.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from spacy.language import Language
from spacy.tokens import Doc

from services.contracts import Act
from workers.attribution.merge_rules import AttributionIndex, is_confirmed, merge_attributions
from workers.attribution.repairs import bound_by_dashes, repair
from workers.attribution.rule_context import RuleContext
from workers.attribution.sources import fill_missing_sources
from workers.doc.records import AttributionRecord, CueRecord
from workers.doc.tokens import Tokens
from workers.english import lexicon
from workers.english.lemmas import lemma
from workers.model import confidence
from workers.model.bounds import Page
from workers.model.component import EncodedDocument, packaged_encoder
from workers.model.link_scorer import CONTENT, SOURCE, choose_links
from workers.model.tags import PARTS_OF_SPEECH, ROLES, TaggedSpan, decode_spans
from workers.model.viterbi import best_tags, tag_probabilities

if TYPE_CHECKING:
    from collections.abc import Sequence

# Below this score at most one attribution in ten is right, as scores are calibrated.
_MIN_SCORE: Final = 0.15
_VERB: Final = PARTS_OF_SPEECH.index("VERB")
_NOUN: Final = PARTS_OF_SPEECH.index("NOUN")
_CUE, _CONTENT, _SOURCE = ROLES.index("cue"), ROLES.index("content"), ROLES.index("source")


@Language.factory("stancewire_statements")
class ModelAttributions:
    """Decodes attributions from the model's role tags and links, and merges those of the rules.

    Reads ``doc._.encoded``, ``doc.ents``, the paragraphs and boilerplate of ``doc.spans``, and the rules'
    ``doc._.attributions``. Writes ``doc._.cues`` and ``doc._.attributions``.
    """

    def __init__(self, nlp: Language, name: str) -> None:
        """Use the weights loaded in this process."""
        del nlp, name
        self.encoder = packaged_encoder()
        self.forms = lexicon.act_forms()

    def __call__(self, doc: Doc) -> Doc:
        """Set the cues and, in the order of their contents, the attributions."""
        encoded: EncodedDocument = doc._.encoded
        heads = self.encoder.heads
        tags = best_tags(encoded.scores.roles, encoded.scores.windows, heads.roles.transitions, heads.roles.start)
        spans = _join_at_windows(decode_spans(tags.tolist()), {start for start, _ in encoded.scores.windows})
        tag_probability = tag_probabilities(encoded.scores.roles, tags)
        page = Page.of(doc)
        spans = page.split(encoded.inputs, spans)
        sources, cues, contents = ([span for span in spans if span.label == role] for role in (_SOURCE, _CUE, _CONTENT))
        contents = [span for span in contents if page.has_words(encoded.inputs, span)]
        vectors = encoded.scores.links
        source_links = choose_links(
            vectors, cues, sources, SOURCE, heads.distance_scores[SOURCE], float(heads.none_scores[SOURCE])
        )
        cue_links = choose_links(
            vectors, contents, cues, CONTENT, heads.distance_scores[CONTENT], float(heads.none_scores[CONTENT])
        )
        tokens = Tokens.of(doc)
        cue_records = [self._cue_record(tokens, encoded, span) for span in cues]
        from_rules: list[AttributionRecord] = doc._.attributions
        rule_index = AttributionIndex(from_rules)
        contents_of_cue: defaultdict[int, list[int]] = defaultdict(list)
        for content_number, link in enumerate(cue_links):
            content_start = encoded.inputs.tokens[contents[content_number].start]
            if link.choice >= 0 and page.belongs_to_cue(content_start, cue_records[link.choice].span.start):
                contents_of_cue[link.choice].append(content_number)
        attributions = []
        for cue_number, cue in enumerate(cue_records):
            content_numbers = contents_of_cue[cue_number]
            if not content_numbers:
                continue
            source_link = source_links[cue_number]
            source = sources[source_link.choice] if source_link.choice >= 0 else None
            own_contents = [contents[i] for i in content_numbers]
            content = tuple(encoded.span(part) for part in own_contents)
            attribution = AttributionRecord("model", encoded.span(source) if source else None, cue, content)
            attribution.features = confidence.attribution_features(
                tag_probability,
                source,
                cues[cue_number],
                own_contents,
                source_link,
                [cue_links[i] for i in content_numbers],
                confirmed_by_rule=is_confirmed(attribution, rule_index),
            )
            attribution.score = confidence.probability(attribution.features, heads.confidence)
            if attribution.score >= _MIN_SCORE:
                attributions.append(attribution)
        context = RuleContext.of(doc)
        repair(context, attributions, rule_index)
        doc._.cues = cue_records
        doc._.attributions = sorted(
            merge_attributions(tokens, attributions, from_rules),
            key=lambda attribution: attribution.content[0].start,
        )
        bound_by_dashes(context, doc._.attributions)
        fill_missing_sources(tokens, doc, doc._.attributions)
        return doc

    def _cue_record(self, tokens: Tokens, encoded: EncodedDocument, cue: TaggedSpan) -> CueRecord:
        """Return the record of a cue: its lexicon entry, else the lemma of its verb, noun or first word."""
        span = encoded.span(cue)
        if tokens.lower[span.start : span.end] == ["according", "to"]:
            return CueRecord(span, span.start, span.end, "according to", Act.ASSERT, "", "according")
        for i in range(span.start, span.end):
            for entry in self.forms.get(tokens.lower[i], ()):
                end = i + 1 + len(entry.rest)
                if tuple(tokens.lower[i + 1 : end]) == entry.rest:
                    return CueRecord(span, i, end, entry.lemma, entry.act, entry.frames, entry.tense)
        parts = encoded.scores.parts[cue.start : cue.end].tolist()
        offset = next((parts.index(part) for part in (_VERB, _NOUN) if part in parts), 0)
        head = encoded.inputs.tokens[cue.start + offset]
        return CueRecord(
            span, head, head + 1, lemma(tokens.words[head], self.encoder.vocabulary), Act.ASSERT, "", "model"
        )


def _join_at_windows(spans: Sequence[TaggedSpan], window_starts: set[int]) -> list[TaggedSpan]:
    """Join a span with its continuation in the next window; tagging starts again at each window."""
    joined: list[TaggedSpan] = []
    for span in spans:
        if joined and span.start in window_starts and joined[-1].end == span.start and joined[-1].label == span.label:
            joined[-1] = joined[-1]._replace(end=span.end)
        else:
            joined.append(span)
    return joined
