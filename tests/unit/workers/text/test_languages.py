import pytest

from services.contracts import Article
from services.errors import PermanentError
from workers.text import to_plain_text

ENGLISH = (
    "The harbour office said on Monday that the ferry to the island would run again from next week, after "
    "engineers had repaired the engine that failed in the storm. Passengers who bought tickets for the days "
    "when it stood still will get their money back, and those who waited on the quay were thanked for their "
    "patience."
)
GERMAN = (
    "Das Hafenamt teilte am Montag mit, dass die Fähre zur Insel ab der kommenden Woche wieder fahren werde, "
    "nachdem die Techniker den im Sturm ausgefallenen Motor repariert hätten. Wer für die Tage des Stillstands "
    "einen Fahrschein gekauft habe, bekomme sein Geld zurück, und allen, die am Kai gewartet hätten, werde für "
    "ihre Geduld herzlich gedankt."
)


def warning_codes(body: str, language: str | None) -> list[str]:
    result = to_plain_text(Article(body=body, language=language))
    assert result.language == "en"
    return [warning.code for warning in result.warnings]


@pytest.mark.parametrize("declared", [None, "en", "en-GB", "EN", "eng"])
def test_english_text_is_accepted_without_warning(declared: str | None) -> None:
    assert warning_codes(ENGLISH, declared) == []


@pytest.mark.parametrize(
    ("body", "declared", "detail"),
    [
        (GERMAN, None, r"language is de \(detected with probability"),
        (GERMAN, "de-AT", r"language is de-AT \(declared\)"),
        ("Die Fähre fährt.", "de", r"language is de \(declared\)"),
        (GERMAN, "en", r"language is de \(detected with probability .*, declared en\)"),
        ("Der Minister sagte am Montag, dass die Regierung zurücktreten werde.", None, r"language is de \(detected"),
    ],
)
def test_other_language_is_rejected_with_language_and_evidence(body: str, declared: str | None, detail: str) -> None:
    with pytest.raises(PermanentError, match=detail) as caught:
        to_plain_text(Article(body=body, language=declared))
    assert caught.value.code == "language_unsupported"


def test_declared_english_is_believed_for_short_text() -> None:
    assert warning_codes("Die Fähre fährt wieder.", "en") == []


def test_certain_detection_of_english_overrides_declaration() -> None:
    assert warning_codes(ENGLISH, "fr") == ["language_mismatch"]


@pytest.mark.parametrize("body", ["Minister quits", "12 345", "Ferry to run again, office says"])
def test_short_undeclared_text_is_accepted_with_warning(body: str) -> None:
    assert warning_codes(body, None) == ["language_uncertain"]


@pytest.mark.parametrize("declared", [None, "en"])
@pytest.mark.parametrize(
    ("body", "script"),
    [
        ("港务局周一表示开往该岛的渡轮将于下周恢复。", "CJK"),
        ("قال مكتب الميناء إن العبارة ستعود الأسبوع المقبل.", "Arabic"),
        ("Управление порта сообщило, что паром снова пойдёт.", "Cyrillic"),
        ("このふねはまたらいしゅうから", "Hiragana"),
        ("여객선이 다시 다닌다", "Hangul"),
        ("Минфин (MOF) заявил", "Cyrillic"),
    ],
)
def test_text_in_other_letters_is_never_read_as_english(body: str, script: str, declared: str | None) -> None:
    with pytest.raises(PermanentError, match=f"the text is in {script} letters") as caught:
        to_plain_text(Article(title="Ferry to run again next week", body=body, language=declared))
    assert caught.value.code == "language_unsupported"


def test_english_text_may_quote_other_letters() -> None:
    assert warning_codes(f"{ENGLISH} The signs read 渡轮停运 and «Паром».", None) == []
    assert warning_codes("12 345 ½ ﬁne Ⅷ", "en") == []
