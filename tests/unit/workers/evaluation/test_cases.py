from __future__ import annotations

from pathlib import Path

import pytest

from services.settings import Pipeline as Settings
from workers.evaluation.cases import Case, CaseId, Findings, failures, load_cases, main, pass_rate, report, run_cases
from workers.pipeline.pipeline import Pipeline

OSEI, MENSAH, BANK = ("Ama Osei", "Osei"), ("Kofi Mensah",), ("Tarva Bank",)
NOTHING = Findings((), ())
AGAINST = Findings(((OSEI, "opposes", MENSAH),), ((OSEI, "accuse", "Kofi Mensah of theft"),))


def case(**expected: object) -> Case:
    return Case.model_validate({"text": "Ama Osei accused Kofi Mensah of theft.", **expected})


@pytest.mark.parametrize(
    ("expected", "findings", "wrong"),
    [
        ({"stances": [("Osei", "opposes", "Mensah")]}, AGAINST, []),
        ({"stances": [("Osei", "opposes", "Mensah")]}, NOTHING, ["missing: Osei opposes Mensah"]),
        # A part of a word is not a name.
        ({"stances": [("Ose", "opposes", "Mensah")]}, AGAINST, ["missing: Ose opposes Mensah"]),
        (
            {"stances": [("Osei", "supports", "Mensah")]},
            AGAINST,
            ["missing: Osei supports Mensah", "must not be found: Ama Osei opposes Kofi Mensah"],
        ),
        (
            {"stances": [("Mensah", "opposes", "Osei")]},
            AGAINST,
            ["missing: Mensah opposes Osei", "must not be found: Ama Osei opposes Kofi Mensah"],
        ),
        ({"mutual": [("Mensah", "opposes", "Osei")]}, AGAINST, []),
        ({"mutual": [("Mensah", "opposes", "Osei")]}, NOTHING, ["missing, either way: Mensah opposes Osei"]),
        ({"any_of": [("Osei", "opposes", "Mensah"), ("Osei", "supports", "Mensah")]}, AGAINST, []),
        ({"any_of": [("Osei", "supports", "Bank")]}, AGAINST, ["missing any of: Osei supports Bank"]),
        ({"neutral": [("Osei", "Mensah")]}, AGAINST, ["must not be found: Ama Osei opposes Kofi Mensah"]),
        ({"neutral": [("Mensah", "Osei")]}, AGAINST, ["must not be found: Ama Osei opposes Kofi Mensah"]),
        ({"neutral": [("Osei", "Mensah")], "maybe": [("Osei", "opposes", "Mensah")]}, AGAINST, []),
        ({"neutral": [("Osei", "Bank")]}, AGAINST, []),
        ({"never": [("Osei", "opposes", "Mensah")]}, AGAINST, ["must not be found: Osei opposes Mensah"]),
        ({"never": [("Osei", "supports", "Mensah")]}, AGAINST, []),
        ({"said": [("Osei", "accuse", "theft")]}, AGAINST, []),
        ({"said": [("*", "deny|accuse", "*")]}, AGAINST, []),
        ({"said": [("Osei", "deny", "theft")]}, AGAINST, ["not said: Osei / deny / theft"]),
        ({"unsaid": [("Osei", "accuse", "*")]}, AGAINST, ["must not be said: Osei / accuse / *"]),
        ({"unsaid": [("Mensah", "*", "*")]}, AGAINST, []),
    ],
)
def test_failures_list_each_difference_between_case_and_findings(
    expected: dict[str, object], findings: Findings, wrong: list[str]
) -> None:
    assert failures(case(**expected), findings) == wrong


def test_the_article_itself_can_hold_a_stance() -> None:
    own = Findings(((("(article)",), "opposes", BANK),), ())
    assert failures(case(stances=[("(article)", "opposes", "Bank")]), own) == []
    assert failures(case(neutral=[("(article)", "Bank")]), own) == ["must not be found: (article) opposes Tarva Bank"]


def test_cases_are_read_run_and_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for half, side in (("open", "opposes"), ("held", "supports")):
        (tmp_path / half).mkdir()
        (tmp_path / half / "blame.toml").write_text(
            f'[[case]]\ntext = "Ama Osei accused Kofi Mensah of theft."\nstances = [["Osei", "{side}", "Mensah"]]\n'
            '[[case]]\ntext = "The bridge opened in 1954."\nneutral = [["Osei", "Mensah"]]\n'
        )
    cases = load_cases(tmp_path)
    results = run_cases(cases, Pipeline(Settings(model="rules")))
    assert [bool(wrong) for wrong in results.values()] == [False, False, True, False]
    assert (pass_rate(results), pass_rate(results, "open"), pass_rate(results, "held")) == (0.75, 1.0, 0.5)
    lines = list(report(cases, results, ["open"]))
    assert "blame                      2/2       1/2" in lines
    assert "no stance expected      100.0%    100.0%    100.0% of 2" in lines
    assert not any("Kofi Mensah" in line for line in lines)  # the held half stays unseen
    main([str(tmp_path), "--model", "rules", "--held"])
    assert "held/blame 1: Ama Osei accused Kofi Mensah of theft." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('[[case]]\ntext = ""', "text"),
        ('[[case]]\ntext = "A"\nstance = []', "stance"),
        ("[[case]", "one.toml"),
        ("", "case"),
    ],
)
def test_invalid_case_file_is_an_error_that_names_the_fault(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open" / "one.toml").write_text(content)
    with pytest.raises(ValueError, match=message):
        load_cases(tmp_path)


def test_folder_without_cases_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        main([str(tmp_path)])


def test_case_id_is_shown_as_path_and_number() -> None:
    assert str(CaseId("open", "passive", 2)) == "open/passive 2"
