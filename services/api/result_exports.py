"""The representations of one result: its own JSON, and the formats of other tools, by ``format`` or ``Accept``."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated, Any, Final

import mimeparse
from fastapi import Query

from services.api.problems import ProblemError
from services.contracts import Result
from services.results.exports import conllu, docbin, offsets, web_annotations
from services.results.exports.displacy import displacy


class ResultFormat(StrEnum):
    """The formats of a result."""

    JSON = "json"
    ANNOTATIONS = "annotations"
    DISPLACY = "displacy"
    CONLLU = "conllu"
    DOCBIN = "docbin"


class OffsetUnit(StrEnum):
    """The unit of offsets: code points, as in Python, or UTF-16 code units, as in JavaScript, Java and C#."""

    CODE_POINTS = "codepoints"
    UTF16 = "utf16"


FormatParameter = Annotated[
    ResultFormat | None,
    Query(
        description="`annotations`: W3C Web Annotation (JSON-LD); `displacy`: spaCy's visualiser; `conllu`: CoNLL-U "
        "Plus; `docbin`: spaCy's DocBin. Without it, `Accept` decides"
    ),
]
OffsetParameter = Annotated[OffsetUnit, Query(description="the unit of the offsets of `json`")]

MEDIA_TYPES: Final = {
    ResultFormat.DOCBIN: docbin.MEDIA_TYPE,
    ResultFormat.CONLLU: conllu.MEDIA_TYPE,
    ResultFormat.DISPLACY: "application/vnd.displacy+json",
    ResultFormat.ANNOTATIONS: web_annotations.MEDIA_TYPE,
    ResultFormat.JSON: "application/json",
}
CONTENT: Final[dict[str, dict[str, Any]]] = {
    media_type: {} for form, media_type in MEDIA_TYPES.items() if form is not ResultFormat.JSON
}


def negotiate(form: ResultFormat | None, accept: str | None, unit: OffsetUnit) -> ResultFormat:
    """Return the format to answer in: the one asked for, else that of ``Accept``, else JSON.

    Raises `ProblemError`: 422 (offsets in a format that has its own), 501 (DocBin without spaCy).
    """
    if form is None:
        form = _accepted(accept or "*/*")
    if unit is OffsetUnit.UTF16 and form is not ResultFormat.JSON:
        raise ProblemError(422, "invalid", f"offsets: {form} has its own, in code points; utf16 is for json")
    if form is ResultFormat.DOCBIN and not docbin.is_available():
        detail = "format: this process cannot write DocBin: its operator has not installed spaCy (extra `worker`)"
        raise ProblemError(501, "docbin_unavailable", detail)
    return form


def _accepted(accept: str) -> ResultFormat:
    # mimeparse prefers the last of equal candidates, which is JSON.
    try:
        best = mimeparse.best_match(list(MEDIA_TYPES.values()), accept.lower())
    except ValueError:
        return ResultFormat.JSON
    return next((form for form, media_type in MEDIA_TYPES.items() if media_type == best), ResultFormat.JSON)


def represent(document: str, form: ResultFormat, unit: OffsetUnit) -> tuple[str | bytes, str]:
    """Return a stored result in a format, with its media type."""
    if form is ResultFormat.JSON:
        if unit is OffsetUnit.UTF16:
            document = json.dumps(offsets.with_utf16_offsets(json.loads(document)), ensure_ascii=False)
        return document, MEDIA_TYPES[form]
    result = Result.model_validate_json(document)
    if form is ResultFormat.ANNOTATIONS:
        return json.dumps(web_annotations.annotation_page(result), ensure_ascii=False), web_annotations.PROFILE
    if form is ResultFormat.DISPLACY:
        return json.dumps(displacy(result), ensure_ascii=False), MEDIA_TYPES[form]
    if form is ResultFormat.CONLLU:
        return conllu.conllu(result), f"{MEDIA_TYPES[form]}; charset=utf-8"
    return docbin.docbin(result), MEDIA_TYPES[form]
