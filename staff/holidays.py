"""The public holidays of a country in a year, reckoned: fixed days, days from Easter, and Fridays and Saturdays. Pure.

Names are English, which is what calendars keep; who shows them says them in the reader's language.
"""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Final

Day = Callable[[int], date]  # of a year
FRIDAY, SATURDAY = 4, 5


def public_holidays(country: str, year: int) -> dict[date, str]:
    """The days off of everybody in the country, in order; raises KeyError for one we do not know."""
    return dict(sorted((day(year), name) for name, day in COUNTRIES[country].items()))


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (Meeus, Jones and Butcher)."""
    golden, century, of_century = year % 19, year // 100, year % 100
    leaps, left = divmod(century, 4)
    shift = (8 * century + 13) // 25
    moon = (19 * golden + century - leaps - shift + 15) % 30
    sunday = (32 + 2 * left + 2 * (of_century // 4) - moon - of_century % 4) % 7
    late = (golden + 11 * moon + 22 * sunday) // 451
    month, day = divmod(moon + sunday - 7 * late + 114, 31)
    return date(year, month, day + 1)


def _on(month: int, day: int) -> Day:
    return lambda year: date(year, month, day)


def _from_easter(days: int) -> Day:
    return lambda year: easter(year) + timedelta(days=days)


def _first(weekday: int, month: int, day: int) -> Day:
    """The first such day of the week from this day on."""

    def found(year: int) -> date:
        first = date(year, month, day)
        return first + timedelta(days=(weekday - first.weekday()) % 7)

    return found


_MAUNDY_THURSDAY: Final = {"Maundy Thursday": _from_easter(-3)}
_GOOD_FRIDAY: Final = {"Good Friday": _from_easter(-2)}
_EASTER: Final = _GOOD_FRIDAY | {"Easter Sunday": _from_easter(0), "Easter Monday": _from_easter(1)}
_ASCENSION: Final = {"Ascension Day": _from_easter(39)}
_WHIT_SUNDAY: Final = {"Whit Sunday": _from_easter(49)}
_WHIT_MONDAY: Final = {"Whit Monday": _from_easter(50)}
_NEW_YEAR: Final = {"New Year's Day": _on(1, 1)}
_EPIPHANY: Final = {"Epiphany": _on(1, 6)}
_MAY_DAY: Final = {"May Day": _on(5, 1)}
_MIDSUMMER: Final = {"Midsummer Eve": _first(FRIDAY, 6, 19), "Midsummer Day": _first(SATURDAY, 6, 20)}
_ALL_SAINTS: Final = {"All Saints' Day": _first(SATURDAY, 10, 31)}
_CHRISTMAS_EVE: Final = {"Christmas Eve": _on(12, 24)}
_CHRISTMAS: Final = {"Christmas Day": _on(12, 25), "Boxing Day": _on(12, 26)}

# By ISO 3166. Eves on which hardly anybody works count where that is the custom; days of single regions do not.
COUNTRIES: Final[dict[str, dict[str, Day]]] = {
    "FI": _NEW_YEAR | _EPIPHANY | _EASTER | _MAY_DAY | _ASCENSION | _WHIT_SUNDAY | _MIDSUMMER | _ALL_SAINTS
    | {"Independence Day": _on(12, 6)} | _CHRISTMAS_EVE | _CHRISTMAS,
    "SE": _NEW_YEAR | _EPIPHANY | _EASTER | _MAY_DAY | _ASCENSION | _WHIT_SUNDAY | {"National Day": _on(6, 6)}
    | _MIDSUMMER | _ALL_SAINTS | _CHRISTMAS_EVE | _CHRISTMAS | {"New Year's Eve": _on(12, 31)},
    "NO": _NEW_YEAR | _MAUNDY_THURSDAY | _EASTER | _MAY_DAY | {"Constitution Day": _on(5, 17)} | _ASCENSION
    | _WHIT_SUNDAY | _WHIT_MONDAY | _CHRISTMAS,
    "DK": _NEW_YEAR | _MAUNDY_THURSDAY | _EASTER | _ASCENSION | _WHIT_SUNDAY | _WHIT_MONDAY | _CHRISTMAS,
    "EE": _NEW_YEAR | {"Independence Day": _on(2, 24)} | _GOOD_FRIDAY | {"Easter Sunday": _from_easter(0)} | _MAY_DAY
    | _WHIT_SUNDAY | {"Victory Day": _on(6, 23), "Midsummer Day": _on(6, 24)}
    | {"Day of Restoration of Independence": _on(8, 20)} | _CHRISTMAS_EVE | _CHRISTMAS,
    "DE": _NEW_YEAR | _GOOD_FRIDAY | {"Easter Monday": _from_easter(1)} | _MAY_DAY | _ASCENSION | _WHIT_MONDAY
    | {"Day of German Unity": _on(10, 3)} | _CHRISTMAS,
}  # fmt: skip
