"""Robustness cases: ``python -m workers.evaluation.cases tests/cases``, or ``make cases``.

A case is a short text of our own with the findings that a careful reader expects, written before any system read it.
Cases are stored in ``<half>/<phenomenon>.toml``. The half ``open`` is for development. The half ``held`` is only
counted: its pass rate shows how far improvements made on ``open`` generalise.
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
from workers.pipeline.components import COMPONENTS
from workers.pipeline.pipeline import Pipeline

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from services.contracts import Analysis

HALVES: Final = ("open", "held")
ARTICLE: Final = "(article)"  # the holder of a stance in the article's own voice
ANY: Final = "*"

Stance = tuple[str, Literal["supports", "opposes"], str]  # holder, side, target
Attribution = tuple[str, str, str]  # speaker, act, words of the content
Names = tuple[str, ...]  # all names of one party
StanceFinding = tuple[Names, str, Names]  # holder, side, target


class Case(BaseModel):
    """A text, the findings that its analysis must contain, and those that it must not contain.

    Parties are named by words of one of their names. Between the two parties of a listed stance, in either direction,
    no stance other than the listed ones may be found.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: Annotated[str, Field(min_length=1)]
    stances: tuple[Stance, ...] = ()
    """Must be found: holder, side, target."""
    mutual: tuple[Stance, ...] = ()
    """Must be found in one direction or the other."""
    any_of: tuple[Stance, ...] = ()
    """At least one of these must be found."""
    maybe: tuple[Stance, ...] = ()
    """May be found: readers would disagree."""
    neutral: tuple[tuple[str, str], ...] = ()
    """Between these two parties no stance may be found."""
    never: tuple[Stance, ...] = ()
    """Must not be found."""
    said: tuple[Attribution, ...] = ()
    """Must be found: speaker, act (or several, separated by ``|``), and words of the content; ``*`` matches any."""
    unsaid: tuple[Attribution, ...] = ()
    """Must not be found."""

    @property
    def expects_stance(self) -> bool:
        """Whether a stance must be found."""
        return bool(self.stances or self.mutual or self.any_of)

    @property
    def expects_no_stance(self) -> bool:
        """Whether the case is about two parties without a stance."""
        return not self.expects_stance and bool(self.neutral or self.never)


class CaseId(NamedTuple):
    """Identifies a case by its half, its phenomenon and its number in that file, from 1."""

    half: str
    phenomenon: str
    number: int

    def __str__(self) -> str:
        """Return the form shown in reports."""
        return f"{self.half}/{self.phenomenon} {self.number}"


class Findings(NamedTuple):
    """The findings of an analysis, with all names of each party.

    An attribution is a tuple of the speaker's names, the act and the content.
    """

    stances: tuple[StanceFinding, ...]
    attributions: tuple[tuple[Names, str, str], ...]

    @classmethod
    def of(cls, analysis: Analysis) -> Findings:
        """Collect the findings of an analysis; stances towards topics are left out."""
        names = {
            entity.id: (
                entity.name,
                *(
                    analysis.text[mention.start : mention.end]
                    for mention in entity.mentions
                    if mention.form is MentionForm.NAME
                ),
            )
            for entity in analysis.entities
        }
        stances = tuple(
            (
                names[stance.holder] if stance.holder else (ARTICLE,),
                {"support": "supports", "oppose": "opposes"}[stance.stance],
                names[stance.target.entity],
            )
            for stance in analysis.stances
            if stance.target.entity
        )
        attributions = tuple(
            (
                names[attribution.source.entity] if attribution.source and attribution.source.entity else (),
                str(attribution.cue.act) if attribution.cue else "assert",
                " … ".join(analysis.text[span.start : span.end] for span in attribution.content),
            )
            for attribution in analysis.attributions
        )
        return cls(stances, attributions)


def load_cases(folder: Path) -> dict[CaseId, Case]:
    """Read all cases below ``folder``; raises ``ValueError`` with the path of a file that is not valid."""
    cases: dict[CaseId, Case] = {}
    for half in HALVES:
        for path in sorted((folder / half).glob("*.toml")):
            try:
                rows = [Case.model_validate(row) for row in tomllib.loads(path.read_text("utf-8"))["case"]]
            except (KeyError, tomllib.TOMLDecodeError, ValidationError) as error:
                raise ValueError(f"{path}: {error}") from error
            cases |= {CaseId(half, path.stem, number): case for number, case in enumerate(rows, 1)}
    if not cases:
        raise ValueError(f"{folder}: no cases in {' or '.join(HALVES)}")
    return cases


def failures(case: Case, findings: Findings) -> list[str]:
    """Return one line for each difference between ``findings`` and the case; an empty list if the case passes."""
    wrong = [f"missing: {' '.join(stance)}" for stance in case.stances if not _has_stance(findings, stance)]
    wrong += [
        f"missing, either way: {' '.join(stance)}"
        for stance in case.mutual
        if not (_has_stance(findings, stance) or _has_stance(findings, _reversed(stance)))
    ]
    if case.any_of and not any(_has_stance(findings, stance) for stance in case.any_of):
        wrong.append("missing any of: " + "; ".join(" ".join(stance) for stance in case.any_of))
    wrong += [f"must not be found: {' '.join(stance)}" for stance in case.never if _has_stance(findings, stance)]
    wrong += _unexpected_stances(case, findings)
    wrong += [f"not said: {' / '.join(each)}" for each in case.said if not _has_attribution(findings, each)]
    wrong += [f"must not be said: {' / '.join(each)}" for each in case.unsaid if _has_attribution(findings, each)]
    return list(dict.fromkeys(wrong))


def _unexpected_stances(case: Case, findings: Findings) -> Iterator[str]:
    """Yield the stances between two parties of the case that the case does not allow."""
    reversed_mutual = (_reversed(stance) for stance in case.mutual)
    allowed = (*case.stances, *case.any_of, *case.maybe, *case.mutual, *reversed_mutual)
    listed = (*case.stances, *case.mutual, *case.any_of)
    pairs = dict.fromkeys((*case.neutral, *((holder, target) for holder, _, target in listed)))
    for first, second in pairs:
        for finding in findings.stances:
            holder, side, target = finding
            between = (_is_named(first, holder) and _is_named(second, target)) or (
                _is_named(second, holder) and _is_named(first, target)
            )
            if between and not any(_matches(stance, finding) for stance in allowed):
                yield f"must not be found: {holder[0]} {side} {target[0]}"


def _reversed(stance: Stance) -> Stance:
    holder, side, target = stance
    return target, side, holder


def _has_stance(findings: Findings, stance: Stance) -> bool:
    return any(_matches(stance, finding) for finding in findings.stances)


def _matches(stance: Stance, finding: StanceFinding) -> bool:
    return stance[1] == finding[1] and _is_named(stance[0], finding[0]) and _is_named(stance[2], finding[2])


def _has_attribution(findings: Findings, attribution: Attribution) -> bool:
    speaker, acts, words = attribution
    return any(
        (speaker == ANY or _is_named(speaker, names))
        and (acts == ANY or act in acts.split("|"))
        and (words == ANY or words in content)
        for names, act, content in findings.attributions
    )


def _is_named(words: str, names: Iterable[str]) -> bool:
    """Return whether one of ``names`` contains ``words``."""
    return any(re.search(rf"(?<!\w){re.escape(words)}(?!\w)", name.replace("’", "'")) for name in names)


def run_cases(cases: dict[CaseId, Case], pipeline: Pipeline) -> dict[CaseId, list[str]]:
    """Analyse the text of every case; return the failures of each."""
    return {key: failures(case, Findings.of(pipeline.analyse_text(case.text))) for key, case in cases.items()}


def pass_rate(results: dict[CaseId, list[str]], half: str = "") -> float:
    """Return the share of cases that pass, in one half or in all."""
    passed = [not wrong for key, wrong in results.items() if half in {"", key.half}]
    return sum(passed) / len(passed)


def report(cases: dict[CaseId, Case], results: dict[CaseId, list[str]], listed: Iterable[str]) -> Iterator[str]:
    """Yield lines with the passes by phenomenon and half, then the failures of the halves in ``listed``."""
    passed = Counter((key.phenomenon, key.half) for key, wrong in results.items() if not wrong)
    total = Counter((key.phenomenon, key.half) for key in results)
    yield f"{'phenomenon':<20}" + "".join(f"{half:>10}" for half in HALVES)
    for phenomenon in dict.fromkeys(key.phenomenon for key in results):
        yield f"{phenomenon:<20}" + "".join(f"{f'{passed[phenomenon, h]}/{total[phenomenon, h]}':>10}" for h in HALVES)
    groups = {
        "all": results,
        "a stance expected": {key: wrong for key, wrong in results.items() if cases[key].expects_stance},
        "no stance expected": {key: wrong for key, wrong in results.items() if cases[key].expects_no_stance},
    }
    for name, group in groups.items():
        by_half = [{key: wrong for key, wrong in group.items() if key.half == half} for half in HALVES]
        rates = "".join(f"{f'{pass_rate(part):.1%}':>10}" if part else f"{'–':>10}" for part in by_half)
        yield f"{name:<20}{rates}{pass_rate(group):>10.1%} of {len(group)}"
    for key, wrong in results.items():
        if wrong and key.half in listed:
            yield f"\n{key}: {cases[key].text}"
            yield from (f"    {line}" for line in wrong)


def main(arguments: list[str] | None = None) -> None:
    """Print the pass rates, and the failures of the half that is open for development."""
    parser = argparse.ArgumentParser(prog="python -m workers.evaluation.cases", description=__doc__)
    parser.add_argument("folder", type=Path, help="the folder of the cases")
    parser.add_argument("--model", choices=list(COMPONENTS), default="trained", help="the pipeline to run")
    parser.add_argument(
        "--held", action="store_true", help="list the failures of the held half, too; it is then no longer unseen"
    )
    options = parser.parse_args(arguments)
    try:
        cases = load_cases(options.folder)
    except ValueError as error:
        parser.error(str(error))
    results = run_cases(cases, Pipeline(settings.Pipeline(model=options.model)))
    sys.stdout.write("\n".join(report(cases, results, HALVES if options.held else HALVES[:1])) + "\n")


if __name__ == "__main__":
    main()
