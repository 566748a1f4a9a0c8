"""The statements that the trained pipeline reads in a text, in a form that tests can compare."""

from __future__ import annotations

from functools import cache

from services import settings
from services.contracts import Attribution
from workers.pipeline.pipeline import Pipeline

Statement = tuple[str | None, str | None, str]


@cache
def trained_pipeline() -> Pipeline:
    """Return the pipeline with the packaged model, loaded once."""
    return Pipeline(settings.Pipeline())


def statements(text: str, min_score: float = 0.0) -> list[Statement]:
    """Return the speaker, the cue and the content of each attribution with ``min_score`` or more.

    The speaker is the name of the entity, or else the words of the source. The parts of a content are joined with
    "...".
    """
    analysis = trained_pipeline().analyse_text(text)
    names = {entity.id: entity.name for entity in analysis.entities}

    def speaker(attribution: Attribution) -> str | None:
        source = attribution.source
        return names.get(source.entity or "", text[source.start : source.end]) if source else None

    return [
        (
            speaker(attribution),
            text[attribution.cue.start : attribution.cue.end] if attribution.cue else None,
            " ... ".join(text[part.start : part.end] for part in attribution.content),
        )
        for attribution in analysis.attributions
        if attribution.score >= min_score
    ]
