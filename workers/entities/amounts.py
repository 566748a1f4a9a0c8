"""Dates and sums of money, found by their patterns."""

from __future__ import annotations

from typing import Final

from services.contracts import EntityType
from workers.doc.tokens import Tokens
from workers.english.lexicon import word_set

_MONTHS: Final = word_set(
    "January February March April May June July August September October November December Jan. Feb. Mar. "
    "Apr. Aug. Sept. Sep. Oct. Nov. Dec. Jan Feb Mar Apr Jun Jul Aug Sept Sep Oct Nov Dec"
)
_WEEKDAYS: Final = word_set("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")
_HOLIDAYS: Final = word_set("Christmas Easter Ramadan Diwali Thanksgiving")
_SIGNS: Final = word_set("$ € £ ¥ ₹ ₡ ₩ ₦ ₽ ₺ ₫ ₱ ฿ ₪ ₵ ₴")
# Codes and abbreviations before an amount or before its currency sign ("US$", "Rs 500").
_CODES: Final = word_set(
    "US N A C HK NT S R Rs Rs. USD EUR GBP AUD CAD CNY RMB INR Dh AED KES Sh Ksh LE RM NZ NIS SAR QAR"
)
_UNITS: Final = word_set(
    "dollar dollars euro euros pound pounds yen yuan rupee rupees peso pesos rouble roubles ruble rubles rand "
    "cedi cedis naira shilling shillings dirham dirhams riyal riyals dinar dinars franc francs won ringgit "
    "baht kwacha real reais lira krona kroner shekel shekels birr taka"
)
_SCALES: Final = word_set("million billion trillion thousand crore crores lakh lakhs bn mn m b k mil")
_YEARS: Final = range(1000, 2200)
_MAX_DAY: Final = 31
# Words before a month, and before a year, that make a date of it.
_BEFORE_MONTH: Final = word_set(
    "in on since until till by from last this next early late mid mid- of during before after for and to"
)
_BEFORE_YEAR: Final = word_set(
    "in since until till by from of during before after between and for year early late around through back "
    "fiscal season"
)


def find_amounts(tokens: Tokens) -> list[tuple[int, int, EntityType]]:
    """Return the dates and sums of money as (start, end, type), in order and without overlaps."""
    amounts = []
    i = 0
    while i < len(tokens):
        end = _date_end(tokens, i)
        label = EntityType.DATE
        if end == i:
            end, label = _money_end(tokens, i), EntityType.MONEY
        if end > i:
            amounts.append((i, end, label))
            i = end
        else:
            i += 1
    return amounts


def _begins_with_digit(word: str) -> bool:
    return bool(word) and word[0].isdecimal()


def _is_day(word: str) -> bool:
    digits = word[:-2] if word[-2:] in ("st", "nd", "rd", "th") else word
    return digits.isascii() and digits.isdecimal() and len(digits) <= 2 and 0 < int(digits) <= _MAX_DAY  # noqa: PLR2004  # two digits


def _is_year(word: str) -> bool:
    return len(word) == 4 and word.isascii() and word.isdecimal() and int(word) in _YEARS  # noqa: PLR2004  # four digits


def _date_end(tokens: Tokens, i: int) -> int:  # noqa: C901, PLR0911, PLR0912  # one branch for each way to write a date
    """Return the end of the date that begins at token ``i``, or ``i`` if none begins there."""
    words, last = tokens.words, tokens.sentence_end[i]

    def at(k: int) -> str:
        return words[k] if k < last else ""

    word = words[i]
    if word in _WEEKDAYS:
        end = i + 1
        if at(end) == "," and at(end + 1) in _MONTHS:
            end = _date_end(tokens, end + 1)
        return end
    is_month = word in _MONTHS
    if (
        is_month
        and word in ("May", "March")
        and not (_begins_with_digit(at(i + 1)) or (i and tokens.lower[i - 1] in _BEFORE_MONTH))
    ):
        return i
    if is_month and len(word) <= 4 and word not in ("May", "June", "July") and not _begins_with_digit(at(i + 1)):  # noqa: PLR2004  # "Mar" alone is a name
        return i
    if is_month:
        end = i + 1
        if _is_day(at(end)):
            end += 1
            if at(end) in ("-", "–") and _is_day(at(end + 1)):
                end += 2
            if at(end) == "," and _is_year(at(end + 1)):
                return end + 2
        elif at(end) == "of" and _is_year(at(end + 1)):
            return end + 2
        return end + 1 if _is_year(at(end)) else end
    if _is_day(word) and at(i + 1) in _MONTHS:
        end = i + 2
        if at(end) == "," and _is_year(at(end + 1)):
            return end + 2
        return end + 1 if _is_year(at(end)) else end
    if _is_day(word) and at(i + 1) == "of" and at(i + 2) in _MONTHS:
        return i + 3
    if _is_year(word) and word[0] in "12" and tokens.at(i - 1) not in _SIGNS and at(i + 1) not in _UNITS | _SCALES:
        if tokens.at(i - 1) in _BEFORE_YEAR or (
            at(i + 1) in (",", ".", ")", ";") and word[:2] in ("19", "20") and tokens.at(i - 1) in ("(", "-", "–", "/")
        ):
            return i + 1
        return i
    if len(word) == 9 and word[4] in "-–" and _is_year(word[:4]) and _is_year(word[5:]):  # noqa: PLR2004  # 2018-2019
        return i + 1
    if len(word) == 5 and word[4] == "s" and _is_year(word[:4]) and word[:2] in ("18", "19", "20"):  # noqa: PLR2004  # 1990s
        return i + 1
    return i + 1 if word in _HOLIDAYS else i


def _money_end(tokens: Tokens, i: int) -> int:
    """Return the end of the sum of money that begins at token ``i``, or ``i`` if none begins there."""
    words, last = tokens.words, tokens.sentence_end[i]

    def at(k: int) -> str:
        return words[k] if k < last else ""

    number = i
    if at(number) in _CODES and (at(number + 1) in _SIGNS or _begins_with_digit(at(number + 1))):
        number += 1
    if at(number) in _SIGNS and _begins_with_digit(at(number + 1)):
        number += 1
    if number > i:
        end = number + 1
        while _begins_with_digit(at(end)) and len(at(end)) == 3:  # noqa: PLR2004  # thousands separated by spaces
            end += 1
        return end + 1 if at(end) in _SCALES else end
    if _begins_with_digit(at(i)):
        end = i + 1
        if at(end) in _SCALES:
            end += 1
        if at(end) in ("US", "American", "Canadian", "Australian", "Hong"):
            end += 1
        if at(end) in _UNITS:
            return end + 1
    return i
