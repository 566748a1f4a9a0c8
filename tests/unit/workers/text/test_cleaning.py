import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.text.cleaning import clean, clean_line

ANY_TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=200)
QUOTES = "“a” ‘b’ \"c\" 'd' «e» „f“"
DIFFICULT_TEXT = st.text(
    alphabet="a \t\n\r\v\f\x00\x1c\x85\u2028\u2029\u200b\u202e\ufeff\u00ad\u00a0\u0301\u0323e\u1100\u1161", max_size=60
)


@pytest.mark.parametrize(
    ("pushed", "cleaned"),
    [
        (
            "one\r\ntwo\rthree\u2028four\u2029five\vsix\fseven\x85eight",
            "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight",
        ),
        ("\ufeffzero\u200bwidth \u202eover\u202c soft\u00adhyphen\x07 \x9f", "zerowidth over softhyphen"),
        ("cafe\u0301", "café"),
        ("  one  \t two\u00a0three \n", "one two three"),
        ("one\n\n \n\u200b\n\ntwo\nthree", "one\n\ntwo\nthree"),
        (QUOTES, QUOTES),
        ("\n \u200b\n", ""),
    ],
)
def test_clean_normalizes_text(pushed: str, cleaned: str) -> None:
    assert clean(pushed) == cleaned


def test_clean_line_returns_one_line() -> None:
    assert clean_line(" Talks\r\nfail \u2028again\n\n") == "Talks fail again"


@given(ANY_TEXT | DIFFICULT_TEXT)
def test_clean_is_idempotent(text: str) -> None:
    once = clean(text)
    assert clean(once) == once


@given(ANY_TEXT | DIFFICULT_TEXT)
def test_clean_removes_invisible_characters_and_extra_white_space(text: str) -> None:
    cleaned = clean(text)
    assert {unicodedata.category(character) for character in cleaned.replace("\n", "")}.isdisjoint({"Cc", "Cf"})
    assert "\n\n\n" not in cleaned
    assert all(line == line.strip() and "  " not in line for line in cleaned.split("\n"))
    assert cleaned == cleaned.strip()


@given(st.text(alphabet=st.characters(categories=["L", "N"]), min_size=1, max_size=80))
def test_clean_keeps_letters_and_digits(text: str) -> None:
    assert clean(text) == unicodedata.normalize("NFC", text)


@pytest.mark.parametrize(
    "unit",
    [
        "a",
        "\r",
        "\u200b",
        "\n ",
        "\t",
        "\u1100\u1161",
        "\u0301\u0323",
        "a\u0327\u0301",
        "one two\n",
        "\u2028",
        "x\u00ad",
    ],
    ids=ascii,
)
def test_clean_takes_at_most_two_seconds_for_a_megabyte(unit: str) -> None:
    text = unit * (1_000_000 // len(unit))
    began = time.process_time()
    clean("a" + text)
    assert time.process_time() - began < 2


def test_clean_limits_combining_marks_per_letter() -> None:
    assert clean("e\u0301" * 1000) == "é" * 1000
    piled = clean("a" + "\u0301" * 1000)
    assert 20 < len(piled) < 40
