"""Component ``stancewire_sides``: stances read by the model from the encoder's vectors, decided over the article.

Writes ``doc._.stances`` from the readings of single passages (`workers.stance.readings`), and from the stances shown by
acts ("accused", "praised") and by verbs between two names. Of several stances of one holder towards one target in a
sentence, the most probable wins. The score is then that of the decision over the article
(`workers.stance.article_decision`); acts that it finds not improbable, or whose target is meant by "the offer", and
attacks in a person's own words (`workers.stance.attacks`) keep a score of their own. Stances on issues have readings
and a decision of their own (`workers.stance.issue_stances`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from spacy.language import Language
from spacy.tokens import Doc

from services.contracts import EntityType
from workers.doc.records import StanceRecord
from workers.doc.tokens import Tokens
from workers.model.component import packaged_encoder
from workers.stance.acts import refers_back, stances_by_act
from workers.stance.article_decision import candidate_vectors, packaged_decision
from workers.stance.article_features import Candidate, candidates
from workers.stance.attacks import ATTACK_PRECISION, MIN_DECISION, attacks
from workers.stance.issue_stances import add_issues, issue_stances, packaged_issue_decision
from workers.stance.readings import pair_readings, voice_readings
from workers.stance.stance_context import StanceContext
from workers.stance.verb_between import stances_by_verb

if TYPE_CHECKING:
    from collections.abc import Iterable

# Texts up to this length have no article around their sentences: the readings of the sentences decide about parties.
MAX_SINGLE_SENTENCES: Final = 2
# Of an article's stance, the sentences that show it at least so clearly are given, and the clearest.
MIN_READING: Final = 0.3
MIN_ACT: Final = 0.3  # of acts below, one in four is right; from it to .5, two in five (cross-validated)
MIN_ISSUE_SCORE: Final = 0.1  # a lower score makes no issue of a phrase


@Language.factory("stancewire_sides")
class ModelStances:
    """Adds the stances that the model reads, with those shown by acts and verbs.

    Reads ``doc._.encoded``, ``doc._.attributions``, ``doc._.entities``, ``doc.spans["mentions"]`` and
    ``doc.spans["boilerplate"]``. Writes ``doc._.stances``.
    """

    def __init__(self, nlp: Language, name: str) -> None:
        """Use the weights loaded in this process."""
        del nlp, name
        self.encoder = packaged_encoder()
        self.decision = packaged_decision()
        self.issue_decision = packaged_issue_decision()

    def __call__(self, doc: Doc) -> Doc:
        """Set ``doc._.stances``, in the order of their evidence."""
        context, tokens = StanceContext.of(doc), Tokens.of(doc)
        readings = [
            *pair_readings(self.encoder, context, tokens),
            *voice_readings(self.encoder, context, tokens),
        ]
        by_act = stances_by_act(doc, tokens)
        shown = [*by_act, *stances_by_verb(doc, tokens)]
        records = _by_candidate(context, [*(reading.record for reading in readings), *shown])
        if len(context.sentences) > MAX_SINGLE_SENTENCES:
            features = candidates(context, tokens, readings, shown)
            vectors = candidate_vectors(self.encoder, context, list(features), readings)
            probabilities = self.decision.probabilities(list(features.values()), vectors)
            scores = dict(zip(features, probabilities, strict=True))
            for candidate in attacks(features, readings):
                if scores[candidate] >= MIN_DECISION:
                    scores[candidate] = max(scores[candidate], ATTACK_PRECISION)
            for record in by_act:
                key = (record.holder, record.target, record.stance)
                if scores.get(key, 0.0) >= MIN_ACT or refers_back(tokens, context.attributions, record):
                    scores[key] = max(scores.get(key, 0.0), record.score)
            records = {key: _decided(each, scores.get(key, 0.0)) for key, each in records.items()}
        records = {key: each for key, each in records.items() if context.entities[key[1]].type is not EntityType.MISC}
        records |= self._on_issues(doc, context, tokens)
        doc._.stances = sorted(
            (stance for each in records.values() for stance in each),
            key=lambda stance: (stance.evidence, stance.holder or -1, stance.target),
        )
        return doc

    def _on_issues(self, doc: Doc, context: StanceContext, tokens: Tokens) -> dict[Candidate, list[StanceRecord]]:
        """Return the stances on issues that are not improbable, and add their targets to the document."""
        on_issues = issue_stances(self.encoder, doc, context, tokens)
        records = _by_candidate(on_issues.context, [*(each.record for each in on_issues.readings), *on_issues.shown])
        probabilities = self.issue_decision.probabilities(list(on_issues.features.values()), on_issues.vectors)
        decided = {
            candidate: _decided(records[candidate], probability)
            for candidate, probability in zip(on_issues.features, probabilities, strict=True)
            if probability >= MIN_ISSUE_SCORE and candidate in records
        }
        scores: dict[int, float] = {}
        for (_, target, _), of_candidate in decided.items():
            scores[target] = max(of_candidate[0].score, scores.get(target, 0.0))
        add_issues(doc, on_issues, scores)
        return decided


def _by_candidate(context: StanceContext, records: Iterable[StanceRecord]) -> dict[Candidate, list[StanceRecord]]:
    """Return the most probable record of each holder and target in a sentence, by holder, target and side."""
    best: dict[tuple[int | None, int, int], StanceRecord] = {}
    for record in records:
        key = (record.holder, record.target, context.sentence_index(record.evidence.start))
        if key not in best or best[key].score < record.score:
            best[key] = record
    groups: dict[Candidate, list[StanceRecord]] = {}
    for record in best.values():
        groups.setdefault((record.holder, record.target, record.stance), []).append(record)
    return groups


def _decided(records: list[StanceRecord], probability: float) -> list[StanceRecord]:
    """Return the sentences that show a stance of the article, with the probability of the stance as their score."""
    clearest = max(record.score for record in records)
    return [replace(record, score=probability) for record in records if record.score >= min(MIN_READING, clearest)]
