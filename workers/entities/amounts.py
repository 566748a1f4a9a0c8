"""Dates and sums of money: the entities that have a pattern of their own."""

from __future__ import annotations

from typing import Final

from services.contracts import EntityType
from workers.doc.tokens import Tokens
from workers.english.lexicon import listed

MONTHS: Final = listed(
    "January February March April May June July August September October November December Jan. Feb. Mar. "
    "Apr. Aug. Sept. Sep. Oct. Nov. Dec. Jan Feb Mar Apr Jun Jul Aug Sept Sep Oct Nov Dec"
)
WEEKDAYS: Final = listed("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")
_HOLIDAYS: Final = listed("Christmas Easter Ramadan Diwali Thanksgiving")
# Letters that stand before an amount, with or without a currency sign.
_SIGNS: Final = listed("$ € £ ¥ ₹ ₡ ₩ ₦ ₽ ₺ ₫ ₱ ฿ ₪ ₵ ₴")
_CODES: Final = listed(
    "US N A C HK NT S R Rs Rs. USD EUR GBP AUD CAD CNY RMB INR Dh AED KES Sh Ksh LE RM NZ NIS SAR QAR"
)
_UNITS: Final = listed(
    "dollar dollars euro euros pound pounds yen yuan rupee rupees peso pesos rouble roubles ruble rubles rand "
    "cedi cedis naira shilling shillings dirham dirhams riyal riyals dinar dinars franc francs won ringgit "
    "baht kwacha real reais lira krona kroner shekel shekels birr taka"
)
_SCALES: Final = listed("million billion trillion thousand crore crores lakh lakhs bn mn m b k mil")
_YEARS: Final = range(1000, 2200)
DAYS: Final = 31


def amounts(tokens: Tokens) -> list[tuple[int, int, EntityType]]:
    """Return the dates and sums of ``tokens`` in order, none overlapping."""
    found = []
    i = 0
    while i < len(tokens):
        end = _date(tokens, i)
        label = EntityType.DATE
        if end == i:
            end, label = _money(tokens, i), EntityType.MONEY
        if end > i:
            found.append((i, end, label))
            i = end
        else:
            i += 1
    return found


def _number(word: str) -> bool:
    return bool(word) and word[0].isdecimal()


def _day(word: str) -> bool:
    digits = word[:-2] if word[-2:] in ("st", "nd", "rd", "th") else word
    return digits.isascii() and digits.isdecimal() and len(digits) <= 2 and 0 < int(digits) <= DAYS  # noqa: PLR2004  # two digits


def _year(word: str) -> bool:
    return len(word) == 4 and word.isascii() and word.isdecimal() and int(word) in _YEARS  # noqa: PLR2004  # four digits


def _date(tokens: Tokens, i: int) -> int:  # noqa: C901, PLR0911, PLR0912  # one branch for each way to write a date
    """Return the end of the date that begins at ``i``, or ``i``."""
    words, last = tokens.words, tokens.last[i]

    def at(k: int) -> str:
        return words[k] if k < last else ""

    word = words[i]
    if word in WEEKDAYS:
        end = i + 1
        if at(end) == "," and at(end + 1) in MONTHS:
            end = _date(tokens, end + 1)
        return end
    month = word in MONTHS
    if month and word in ("May", "March") and not (_number(at(i + 1)) or (i and tokens.lower[i - 1] in _DATE_BEFORE)):
        return i
    if month and len(word) <= 4 and word not in ("May", "June", "July") and not _number(at(i + 1)):  # noqa: PLR2004  # "Mar" alone is a name
        return i
    if month:
        end = i + 1
        if _day(at(end)):
            end += 1
            if at(end) in ("-", "–") and _day(at(end + 1)):
                end += 2
            if at(end) == "," and _year(at(end + 1)):
                return end + 2
        elif at(end) == "of" and _year(at(end + 1)):
            return end + 2
        return end + 1 if _year(at(end)) else end
    if _day(word) and at(i + 1) in MONTHS:
        end = i + 2
        if at(end) == "," and _year(at(end + 1)):
            return end + 2
        return end + 1 if _year(at(end)) else end
    if _day(word) and at(i + 1) == "of" and at(i + 2) in MONTHS:
        return i + 3
    if _year(word) and word[0] in "12" and tokens.at(i - 1) not in _SIGNS and at(i + 1) not in _UNITS | _SCALES:
        if tokens.at(i - 1) in _YEAR_BEFORE or (
            at(i + 1) in (",", ".", ")", ";") and word[:2] in ("19", "20") and tokens.at(i - 1) in ("(", "-", "–", "/")
        ):
            return i + 1
        return i
    if len(word) == 9 and word[4] in "-–" and _year(word[:4]) and _year(word[5:]):  # noqa: PLR2004  # 2018-2019
        return i + 1
    if len(word) == 5 and word[4] == "s" and _year(word[:4]) and word[:2] in ("18", "19", "20"):  # noqa: PLR2004  # 1990s
        return i + 1
    return i + 1 if word in _HOLIDAYS else i


_DATE_BEFORE: Final = listed(
    "in on since until till by from last this next early late mid mid- of during before after for and to"
)
_YEAR_BEFORE: Final = listed(
    "in since until till by from of during before after between and to for year the early late around about than through back"
) - {"than", "about", "the", "to"} | {"until", "fiscal", "season"}


def _money(tokens: Tokens, i: int) -> int:
    """Return the end of the sum of money that begins at ``i``, or ``i``."""
    words, last = tokens.words, tokens.last[i]

    def at(k: int) -> str:
        return words[k] if k < last else ""

    sign = i
    if at(sign) in _CODES and (at(sign + 1) in _SIGNS or _number(at(sign + 1))):
        sign += 1
    if at(sign) in _SIGNS and _number(at(sign + 1)):
        sign += 1
    if sign > i:
        end = sign + 1
        while _number(at(end)) and len(at(end)) == 3:  # noqa: PLR2004  # groups of thousands parted by spaces
            end += 1
        return end + 1 if at(end) in _SCALES else end
    if _number(at(i)):
        end = i + 1
        if at(end) in _SCALES:
            end += 1
        if at(end) in ("US", "American", "Canadian", "Australian", "Hong"):
            end += 1
        if at(end) in _UNITS:
            return end + 1
    return i
