"""The public holidays of a country, reckoned and never typed in."""

from datetime import date

from crm.desk.today.hours import KNOWN
from staff.holidays import COUNTRIES, easter, public_holidays


def test_easter_falls_where_the_tables_have_it():
    known = ["1900-04-15", "1954-04-18", "1981-04-19", "2000-04-23", "2024-03-31", "2026-04-05", "2038-04-25"]

    assert [easter(int(day[:4])).isoformat() for day in known] == known


def test_the_days_off_of_finland_are_those_of_its_calendar():
    assert [f"{day:%d.%m.} {name}" for day, name in public_holidays("FI", 2026).items()] == [
        "01.01. New Year's Day",
        "06.01. Epiphany",
        "03.04. Good Friday",
        "05.04. Easter Sunday",
        "06.04. Easter Monday",
        "01.05. May Day",
        "14.05. Ascension Day",
        "24.05. Whit Sunday",
        "19.06. Midsummer Eve",
        "20.06. Midsummer Day",
        "31.10. All Saints' Day",
        "06.12. Independence Day",
        "24.12. Christmas Eve",
        "25.12. Christmas Day",
        "26.12. Boxing Day",
    ]


def test_every_day_lies_in_its_year_and_has_a_name_that_pages_say_in_the_readers_language():
    for country in COUNTRIES:
        for year in range(1900, 2200):
            days = public_holidays(country, year)
            assert {day.year for day in days} == {year}
            assert set(days.values()) <= set(KNOWN)
    assert public_holidays("SE", 2026)[date(2026, 6, 6)] == "National Day"
