"""A result as W3C Web Annotations (JSON-LD): an annotation page with one annotation for each item.

Positions count code points (TextPositionSelector), and each span is quoted with its surroundings (TextQuoteSelector),
so that annotation tools can anchor it to the article's own page.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from services.contracts import Attribution, Entity, Extent, Result, Stance

MEDIA_TYPE: Final = "application/ld+json"
PROFILE: Final = 'application/ld+json; profile="http://www.w3.org/ns/anno.jsonld"'
_CONTEXT: Final = ("http://www.w3.org/ns/anno.jsonld", {"stancewire": "urn:stancewire:terms:"})
_AROUND: Final = 32  # characters before and after a quoted span

Part = tuple[str, Extent]


def annotation_page(result: Result) -> dict[str, Any]:
    """Return the page. Its target is the address of the article, or the article's ID without one."""
    names = {entity.id: entity.name for entity in result.entities}
    items = [_entity(result, entity) for entity in result.entities]
    items += [_attribution(result, item, names) for item in result.attributions]
    items += [_stance(result, stance, names) for stance in result.stances]
    return {
        "@context": list(_CONTEXT),
        "id": f"urn:uuid:{result.job_id}",
        "type": "AnnotationPage",
        "items": items,
    }


def _entity(result: Result, entity: Entity) -> dict[str, Any]:
    bodies = [_body("identifying", entity.name), _body("tagging", entity.type)]
    bodies += [_body("describing", role) for role in entity.roles]
    parts = [(mention.form.value, mention) for mention in entity.mentions]
    return _annotation(result, entity.id, "identifying", entity.score, bodies, parts)


def _attribution(result: Result, item: Attribution, names: dict[str, str]) -> dict[str, Any]:
    speaker = names.get(item.source.entity or "") if item.source else None
    bodies = [_body("tagging", "attribution"), _body("tagging", item.kind)]
    bodies += [_body("tagging", item.cue.act)] if item.cue else []
    bodies += [_body("identifying", speaker)] if speaker else []
    parts: list[Part] = [("source", item.source)] if item.source else []
    parts += [("cue", item.cue)] if item.cue else []
    parts += [("content", part) for part in item.content]
    return _annotation(result, item.id, "describing", item.score, bodies, parts)


def _stance(result: Result, stance: Stance, names: dict[str, str]) -> dict[str, Any]:
    target = names.get(stance.target.entity or "", stance.target.topic)
    bodies = [
        _body("assessing", stance.stance),
        _body("identifying", names.get(stance.holder or ""), part="holder"),
        _body("identifying", target, part="target"),
    ]
    return _annotation(result, stance.id, "assessing", stance.score, bodies, [("evidence", stance.evidence)])


def _annotation(
    result: Result,
    item_id: str,
    motivation: str,
    score: float,
    bodies: Iterable[dict[str, Any]],
    parts: Iterable[Part],
) -> dict[str, Any]:
    return {
        "id": f"urn:uuid:{result.job_id}#{item_id}",
        "type": "Annotation",
        "motivation": motivation,
        "created": result.pipeline.analysed_at.isoformat(),
        "generator": {"type": "Software", "name": f"Stancewire {result.pipeline.version}"},
        "stancewire:score": score,
        "body": list(bodies),
        "target": [_target(result, name, extent) for name, extent in parts],
    }


def _body(purpose: str, value: str | None, *, part: str | None = None) -> dict[str, Any]:
    body = {"type": "TextualBody", "purpose": purpose, "value": "the article" if value is None else str(value)}
    return body | ({"stancewire:part": part} if part else {})


def _target(result: Result, name: str, extent: Extent) -> dict[str, Any]:
    text, start, end = result.text, extent.start, extent.end
    url = result.article.url if result.article else None
    return {
        "type": "SpecificResource",
        "source": url or f"urn:uuid:{result.article_id}",
        "stancewire:part": name,
        "selector": [
            {"type": "TextPositionSelector", "start": start, "end": end},
            {
                "type": "TextQuoteSelector",
                "exact": text[start:end],
                "prefix": text[max(0, start - _AROUND) : start],
                "suffix": text[end : end + _AROUND],
            },
        ],
    }
