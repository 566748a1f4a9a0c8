"""Robustness cases: ``python -m workers.evaluation.cases tests/cases``, or ``make cases``.

A case is a short text of our own with what a careful reader takes from it, written before any system had read it.
Cases lie in ``<half>/<phenomenon>.toml``: the half ``open`` is there to be worked on, the half ``held`` to be counted
only, so that its share tells how far what was done for the one carries over to the other.
"""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services import settings
from services.contracts import MentionForm
from workers.pipeline.components import STAGES
from workers.pipeline.pipeline import Pipeline

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from services.contracts import Analysis

HALVES: Final = ("open", "held")
# The holder that a stance in the article's own voice has.
ARTICLE: Final = "(article)"
ANY: Final = "*"

Stance = tuple[str, Literal["supports", "opposes"], str]
Said = tuple[str, str, str]


class Case(BaseModel):
    """A text and what must and must not come out of it.

    Parties are named by words of one of their names. Between the two parties of a stance that is listed nothing may come
    out but what is listed, in either direction.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: Annotated[str, Field(min_length=1)]
    stances: tuple[Stance, ...] = ()
    """Must come out: holder, side, target."""
    mutual: tuple[Stance, ...] = ()
    """Must come out in one direction or the other."""
    any_of: tuple[Stance, ...] = ()
    """One of these must come out, all may."""
    maybe: tuple[Stance, ...] = ()
    """May come out: readers would differ."""
    neutral: tuple[tuple[str, str], ...] = ()
    """Between these two nothing may come out."""
    never: tuple[Stance, ...] = ()
    """Must not come out."""
    said: tuple[Said, ...] = ()
    """Must come out: speaker, act (or several, parted by ``|``), and words of the content; ``*`` stands for any."""
    unsaid: tuple[Said, ...] = ()
    """Must not come out."""

    @property
    def takes_side(self) -> bool:
        """Whether a stance must come out."""
        return bool(self.stances or self.mutual or self.any_of)

    @property
    def takes_none(self) -> bool:
        """Whether the case asks for no stance between two parties."""
        return not self.takes_side and bool(self.neutral or self.never)


class Place(NamedTuple):
    """Where a case stands: its half, its phenomenon and its number there, from 1."""

    half: str
    phenomenon: str
    number: int

    def __str__(self) -> str:
        """Say it for people."""
        return f"{self.half}/{self.phenomenon} {self.number}"


class Findings(NamedTuple):
    """What has come out of a text, with all names of each party: ``(holder's names, side, target's names)`` and the like."""

    stances: tuple[tuple[tuple[str, ...], str, tuple[str, ...]], ...]
    said: tuple[tuple[tuple[str, ...], str, str], ...]

    @classmethod
    def of(cls, analysis: Analysis) -> Findings:
        """Read what an analysis says; a stance towards a topic is left out."""
        named = {
            entity.id: (
                entity.name,
                *(analysis.text[m.start : m.end] for m in entity.mentions if m.form is MentionForm.NAME),
            )
            for entity in analysis.entities
        }
        stances = tuple(
            (
                named[stance.holder] if stance.holder else (ARTICLE,),
                {"support": "supports", "oppose": "opposes"}[stance.stance],
                named[stance.target.entity],
            )
            for stance in analysis.stances
            if stance.target.entity
        )
        said = tuple(
            (
                named[one.source.entity] if one.source and one.source.entity else (),
                str(one.cue.act) if one.cue else "assert",
                " … ".join(analysis.text[part.start : part.end] for part in one.content),
            )
            for one in analysis.attributions
        )
        return cls(stances, said)


def load(folder: Path) -> dict[Place, Case]:
    """Read all cases below ``folder``; raises ``ValueError`` naming the file of one that is none."""
    found: dict[Place, Case] = {}
    for half in HALVES:
        for path in sorted((folder / half).glob("*.toml")):
            try:
                rows = [Case.model_validate(row) for row in tomllib.loads(path.read_text("utf-8"))["case"]]
            except (KeyError, tomllib.TOMLDecodeError, ValidationError) as wrong:
                raise ValueError(f"{path}: {wrong}") from wrong
            found |= {Place(half, path.stem, number): case for number, case in enumerate(rows, 1)}
    if not found:
        raise ValueError(f"{folder}: no cases in {' or '.join(HALVES)}")
    return found


def failures(case: Case, findings: Findings) -> list[str]:
    """Return what is wrong with ``findings``, one line each; none if the case passes."""
    wrong = [f"missing: {' '.join(one)}" for one in case.stances if not _found(findings, one)]
    wrong += [
        f"missing, either way: {' '.join(one)}"
        for one in case.mutual
        if not (_found(findings, one) or _found(findings, one[::-1]))
    ]
    if case.any_of and not any(_found(findings, one) for one in case.any_of):
        wrong.append("missing any of: " + "; ".join(" ".join(one) for one in case.any_of))
    wrong += [f"must not come out: {' '.join(one)}" for one in case.never if _found(findings, one)]
    expected = (*case.stances, *case.any_of, *case.maybe, *case.mutual, *(one[::-1] for one in case.mutual))
    pairs = dict.fromkeys((*case.neutral, *((one[0], one[2]) for one in (*case.stances, *case.mutual, *case.any_of))))
    for one, other in pairs:
        for holder, side, target in findings.stances:
            between = (_is(one, holder) and _is(other, target)) or (_is(other, holder) and _is(one, target))
            if between and not any(_same(want, (holder, side, target)) for want in expected):
                wrong.append(f"must not come out: {holder[0]} {side} {target[0]}")
    wrong += [f"not said: {' / '.join(one)}" for one in case.said if not _heard(findings, one)]
    wrong += [f"must not be said: {' / '.join(one)}" for one in case.unsaid if _heard(findings, one)]
    return list(dict.fromkeys(wrong))


def _found(findings: Findings, wanted: tuple[str, str, str]) -> bool:
    return any(_same(wanted, found) for found in findings.stances)


def _same(wanted: tuple[str, str, str], found: tuple[tuple[str, ...], str, tuple[str, ...]]) -> bool:
    return wanted[1] == found[1] and _is(wanted[0], found[0]) and _is(wanted[2], found[2])


def _heard(findings: Findings, wanted: Said) -> bool:
    speaker, acts, words = wanted
    return any(
        (speaker == ANY or _is(speaker, names))
        and (acts == ANY or act in acts.split("|"))
        and (words == ANY or words in content)
        for names, act, content in findings.said
    )


def _is(wanted: str, names: Iterable[str]) -> bool:
    """Whether one of ``names`` holds the words ``wanted``."""
    return any(re.search(rf"(?<!\w){re.escape(wanted)}(?!\w)", name.replace("’", "'")) for name in names)


def run(cases: dict[Place, Case], pipeline: Pipeline) -> dict[Place, list[str]]:
    """Analyse the text of every case; return what is wrong with each, by its place."""
    return {place: failures(case, Findings.of(pipeline.analyse_text(case.text))) for place, case in cases.items()}


def share(results: dict[Place, list[str]], half: str = "") -> float:
    """Return which part of the cases passes, of one half or of all."""
    counted = [not wrong for place, wrong in results.items() if half in {"", place.half}]
    return sum(counted) / len(counted)


def report(cases: dict[Place, Case], results: dict[Place, list[str]], listed: Iterable[str]) -> Iterator[str]:
    """Say in lines how many pass, by phenomenon and half, and what is wrong with those of the halves ``listed``."""
    passed = Counter((place.phenomenon, place.half) for place, wrong in results.items() if not wrong)
    whole = Counter((place.phenomenon, place.half) for place in results)
    yield f"{'phenomenon':<20}" + "".join(f"{half:>10}" for half in HALVES)
    for phenomenon in dict.fromkeys(place.phenomenon for place in results):
        yield f"{phenomenon:<20}" + "".join(f"{f'{passed[phenomenon, h]}/{whole[phenomenon, h]}':>10}" for h in HALVES)
    rows = {"all": results}
    rows["a stance comes out"] = {place: wrong for place, wrong in results.items() if cases[place].takes_side}
    rows["no stance"] = {place: wrong for place, wrong in results.items() if cases[place].takes_none}
    for name, some in rows.items():
        by_half = [{place: wrong for place, wrong in some.items() if place.half == half} for half in HALVES]
        figures = "".join(f"{f'{share(half):.1%}':>10}" if half else f"{'–':>10}" for half in by_half)
        yield f"{name:<20}{figures}{share(some):>10.1%} of {len(some)}"
    for place, wrong in results.items():
        if wrong and place.half in listed:
            yield f"\n{place}: {cases[place].text}"
            yield from (f"    {line}" for line in wrong)


def main(arguments: list[str] | None = None) -> None:
    """Print the shares, and the failures of the half that may be looked at."""
    parser = argparse.ArgumentParser(prog="python -m workers.evaluation.cases", description=__doc__)
    parser.add_argument("folder", type=Path, help="the folder of the cases")
    parser.add_argument("--model", choices=list(STAGES), default="trained", help="what answers")
    parser.add_argument("--held", action="store_true", help="list the failures of the held half, too: then it is spent")
    given = parser.parse_args(arguments)
    try:
        cases = load(given.folder)
    except ValueError as wrong:
        parser.error(str(wrong))
    results = run(cases, Pipeline(settings.Pipeline(model=given.model)))
    sys.stdout.write("\n".join(report(cases, results, HALVES if given.held else HALVES[:1])) + "\n")


if __name__ == "__main__":
    main()
