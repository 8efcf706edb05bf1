"""Costs: shared out over days without losing a cent, written down and taken back, read from exports of ad platforms."""

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.ad_days import day_of
from campaigns.ads import Export, NoSuchExport, amount_of, decoded, read_export
from campaigns.models import Campaign, Cost
from campaigns.results import spent
from campaigns.spreading import each, part_of, shares
from funnel.pictures import Picture
from funnel.spans import Days, number_of
from tests.callers import make_caller
from tests.funnel.strategies import patient

GOOGLE = """Campaign report
"1 November 2026 - 3 November 2026"
Day,Campaign,Campaign ID,Currency code,Cost,Clicks
2026-11-01,Brand search,17,EUR,"1,204.50",60
2026-11-01,Brand search,17,EUR,0.50,3
2026-11-02,Brand search,17,EUR,12.345,60
2026-11-02,Nobody knows this,18,EUR,5.00,1
2026-11-03,Brand search,17,USD,5.00,1
03/11/2026,Brand search,17,EUR,5.00,1
2026-11-03,Brand search,17,EUR,"1,234",1
2026-11-03,Brand search,17,EUR,0,0
Total: Account,--,--,EUR,"1,227.35",125
"""
META = "Campaign name;Amount spent (EUR);Reporting starts;Reporting ends\nKesäkuntoon;100,00;2026-11-01;2026-11-03\n"


@patient
@given(st.integers(1, 10**14), st.integers(1, 400), st.lists(st.integers(0, 400), max_size=3))
def test_however_a_period_is_cut_its_parts_add_up_to_the_sum(total, days, cuts):
    first = date(2026, 1, 1)
    last = first + timedelta(days=days - 1)
    edges = sorted({0, days, *(cut for cut in cuts if cut < days)})
    parts = [
        part_of(total, first, last, since=first + timedelta(days=a), until=first + timedelta(days=b - 1))
        for a, b in pairwise(edges)
    ]

    assert sum(parts) == sum(shares(total, first, last)) == total
    assert max(shares(total, first, last)) - min(shares(total, first, last)) <= 1
    assert part_of(total, first, last, since=first - timedelta(days=9), until=last + timedelta(days=9)) == total
    assert part_of(total, first, last, since=last + timedelta(days=1), until=last + timedelta(days=9)) == 0


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(3))
def test_the_database_shares_costs_out_by_the_same_law(seed):
    campaign = Campaign.objects.create(key="fair", name="Fair")
    begin = date(2026, 1, 1)
    costs = [
        (10**seed * 997 + 31 * number, begin + timedelta(days=5 * number), begin + timedelta(days=8 * number + seed))
        for number in range(6)
    ]
    for total, first, last in costs:
        Cost.objects.create(campaign=campaign, first_on=first, last_on=last, sum_minor=total)
    spans = [(begin + timedelta(days=a), begin + timedelta(days=b)) for a, b in ((0, 6), (7, 7), (8, 60), (100, 120))]

    found = spent(Picture.now(), [Days(number_of(a), number_of(b)) for a, b in spans])

    expected = [sum(part_of(*cost, since=a, until=b) for cost in costs) for a, b in spans]
    assert [found.get((place, campaign.pk), 0) for place in range(len(spans))] == expected


def test_what_one_person_cost_is_rounded_to_the_nearest_cent():
    assert [each(100, 3), each(200, 3), each(5, 2), each(0, 4), each(100, 0)] == [33, 67, 3, 0, None]


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1234.56", "1234.56"),
        ("1,234.56", "1234.56"),
        ("1.234,56", "1234.56"),
        ("1\xa0234,5", "1234.5"),
        ("€ 12", "12"),
        ("1,234,567", "1234567"),
        ("1,234", None),
        ("12 34", None),
        ("much", None),
        ("", None),
    ],
)
def test_amounts_are_read_as_they_are_written_or_not_at_all(text, amount):
    found = amount_of(text)

    assert (None if found is None else str(found)) == amount


def test_dates_that_could_be_read_two_ways_are_not_read():
    assert [day_of(text) for text in ("2026-11-03", "3.11.2026", "Nov 3, 2026")] == [date(2026, 11, 3)] * 3
    assert day_of("03/11/2026") is None


def test_an_export_is_known_by_its_header_in_whatever_encoding():
    assert [read_export(decoded(text)).platform for text in (GOOGLE.encode("utf-16"), META.encode("cp1252"))] == [
        "google-ads",
        "meta",
    ]
    [line] = read_export(META).lines
    assert (line.name, line.currency, line.first, line.last) == (
        "Kesäkuntoon",
        "EUR",
        date(2026, 11, 1),
        date(2026, 11, 3),
    )


def _told(export: Export) -> list[tuple[str, str, str, str, str]]:
    return [
        (line.name, line.first.isoformat(), line.last.isoformat(), str(line.amount), line.currency)
        for line in export.lines
    ]


def test_a_report_of_linkedin_is_read_with_its_month_first_whatever_day_it_is():
    text = (
        "Campaign Performance Report (in UTC)\nReport Start: 11/01/2026, Report End: 11/02/2026\n"
        "Date Generated: 11/22/2026\n\n"
        "Start Date (in UTC)\tAccount Name\tCurrency\tCampaign Group Name\tCampaign Name\tTotal Spent\tClicks\n"
        "11/1/2026\tValmennus\tEUR\tAutumn\tLeaders\t1,234.50\t9\n"
        "11/2/2026\tValmennus\tEUR\tAutumn\tLeaders\t10.25\t4\nTotal\t\t\t\t\t1,244.75\t13\n"
    )

    export = read_export(decoded(text.encode("utf-16")))

    assert (export.platform, export.passed_over, export.unusable) == ("linkedin", 1, [])
    assert _told(export) == [
        ("Leaders", "2026-11-01", "2026-11-01", "1234.50", "EUR"),
        ("Leaders", "2026-11-02", "2026-11-02", "10.25", "EUR"),
    ]


def test_days_with_slashes_are_read_where_the_file_shows_their_order_and_only_there():
    head = "Gregorian date,Campaign,Spend,Account currency\n"

    def read(*days: str) -> list[str]:
        found = read_export(head + "".join(f"{day},Search,5.00,EUR\n" for day in days))
        return [line.first.isoformat() for line in found.lines]

    assert read("11/3/2026", "11/23/2026") == ["2026-11-03", "2026-11-23"]
    assert read("3/11/2026", "23/11/2026") == ["2026-11-03", "2026-11-23"]
    assert read("3/11/2026", "4/11/2026") == []
    assert read("23/11/2026", "11/23/2026", "4/11/2026") == []


GOOGLE_HEAD = "Campaign status,Campaign,Currency code,Start date,End date,Cost\nEnabled,Brand,EUR,2024-01-01,--,90.00\n"


@pytest.mark.parametrize(
    ("above", "first"),
    [
        ("1 November 2026 - 21 November 2026", "2026-11-01"),
        ('"November 1, 2026 - November 21, 2026"', "2026-11-01"),
        ("1. marraskuuta 2026 – 21. marraskuuta 2026", "2026-11-01"),
        ("2026-11-01 - 2026-11-21", "2026-11-01"),
    ],
)
def test_a_report_of_google_without_days_is_of_those_that_stand_above_it(above, first):
    export = read_export(f"Campaign report\n{above}\n{GOOGLE_HEAD}")

    assert _told(export) == [("Brand", first, "2026-11-21", "90.00", "EUR")]


def test_weeks_and_months_are_of_the_days_that_the_report_is_of():
    above = "Campaign report\n1 November 2026 - 12 November 2026\n"
    by_week = above + "Week,Campaign,Currency code,Cost\n2026-10-26,A,EUR,1.00\n2026-11-09,A,EUR,2.00\n,A,EUR,3.00\n"
    by_month = "Month,Campaign,Cost\nNovember 2026,A,4.00\n2026-02,A,5.00\n"

    weeks, months = read_export(by_week), read_export(by_month)

    assert [line[1:3] for line in _told(weeks)] == [("2026-11-01", "2026-11-01"), ("2026-11-09", "2026-11-12")]
    assert [(one.number, one.reason) for one in weeks.unusable] == [(6, "no_date")]
    assert [line[1:3] for line in _told(months)] == [("2026-11-01", "2026-11-30"), ("2026-02-01", "2026-02-28")]


def test_a_report_of_no_days_says_so():
    with pytest.raises(NoSuchExport) as refused:
        read_export(f"Campaign report\nAll time\n{GOOGLE_HEAD.replace('Start date,End date', 'Budget,Status')}")

    assert refused.value.lacks_days


@pytest.mark.django_db
def test_a_file_is_foreseen_then_read_once_and_a_corrected_one_replaces_its_costs():
    caller = make_caller()
    search = Campaign.objects.create(key="search", name="Search", channel="paid")
    meaning = {"Brand search": "search"}

    def send(text: str, **said: object) -> dict[str, Any]:
        answer = caller.post("/api/v1/campaigns/cost-files", {"text": text, **said})
        assert answer.status_code == 200, answer.json()
        found: dict[str, Any] = answer.json()
        return found

    foreseen = send(GOOGLE)
    assert (foreseen["added"], foreseen["unknown"]) == (0, ["Brand search", "Nobody knows this"])
    assert not Cost.objects.exists()
    done = send(GOOGLE, meaning=meaning, dry_run=False)

    assert (done["added"], done["changed"], done["unchanged"], done["passed_over"]) == (2, 0, 0, 2)
    assert done["totals"] == [{"amount": "1217.35", "currency": "EUR"}]
    assert [(one["line"], one["reason"]) for one in done["unusable"]] == [
        (8, "other_currency"),
        (9, "no_date"),
        (10, "no_amount"),
    ]
    assert list(Cost.objects.order_by("pk").values_list("sum_minor", flat=True)) == [120500, 1235]
    assert Campaign.objects.get(pk=search.pk).other_names == ["Brand search"]

    again = send(GOOGLE, dry_run=False)  # what the name means is known by now
    assert (again["added"], again["changed"], again["unchanged"]) == (0, 0, 2)
    corrected = send(GOOGLE.replace("12.345", "20.00"), dry_run=False)
    assert (corrected["added"], corrected["changed"], corrected["unchanged"]) == (0, 1, 1)
    standing = Cost.objects.standing().order_by("first_on").values_list("sum_minor", flat=True)
    assert list(standing) == [120500, 2000]
    assert Cost.objects.count() == 3


@pytest.mark.django_db
def test_a_day_counts_once_whether_a_report_is_cut_by_days_weeks_or_months():
    caller = make_caller()
    Campaign.objects.create(key="search", name="Search")
    Campaign.objects.create(key="other", name="Other")

    def send(head: str, *lines: str) -> tuple[int, int, int, list[tuple[str, str]]]:
        body = {"text": "\n".join([f"{head},Campaign,Cost", *lines, ""]), "dry_run": False}
        done = caller.post("/api/v1/campaigns/cost-files", body).json()
        left = [(one["reason"], one["text"]) for one in done["unusable"]]
        return done["added"], done["replaced"], done["unchanged"], left

    def stands() -> list[tuple[str, str, int]]:
        rows = Cost.objects.standing().filter(campaign__key="search").order_by("first_on")
        return [(f"{one.first_on:%d.%m}", f"{one.last_on:%d.%m}", one.sum_minor) for one in rows]

    assert send("Day", "2026-11-01,Search,1.00", "2026-11-30,Search,2.00", "2026-11-02,Other,9.00") == (3, 0, 0, [])
    month = ("Month", "2026-11,Search,3.50")
    assert send(*month) == (1, 2, 0, [])
    assert stands() == [("01.11", "30.11", 350)]
    assert send(*month) == (0, 0, 1, [])

    told = "Search | 2026-11-01 – 2026-11-30 | 3.50 EUR | costs.csv"
    by_week = ("Week", "2026-11-23,Search,1.00", "2026-11-30,Search,5.00", "2026-12-07,Search,6.00")
    assert send(*by_week) == (1, 0, 0, [("counted_already", told)] * 2)
    assert stands() == [("01.11", "30.11", 350), ("07.12", "13.12", 600)]

    days = ("Day", "2026-11-01,Search,1.25", "2026-11-30,Search,2.25")
    assert send(*days) == (2, 1, 0, [])
    assert stands() == [("01.11", "01.11", 125), ("30.11", "30.11", 225), ("07.12", "13.12", 600)]
    assert Cost.objects.get(sum_minor=350).withdrawn_at is not None
    assert Cost.objects.standing().filter(campaign__key="other").count() == 1


@pytest.mark.django_db
def test_a_cost_is_written_down_taken_back_once_and_stays_known():
    caller = make_caller()
    Campaign.objects.create(key="fair", name="Fair", currency="SEK")
    body = {"first_on": "2026-11-01", "last_on": "2026-11-30", "amount": "250.10", "note": "Stand"}

    made = caller.post("/api/v1/campaigns/fair/costs", body)
    taken = caller.post(f"/api/v1/costs/{made.json()['id']}/withdraw", {})

    assert made.status_code == 201
    assert made.json()["cost"] == {"amount": "250.10", "currency": "SEK"}
    assert taken.json() | {"withdrawn_at": None} == made.json()
    assert caller.post(f"/api/v1/costs/{made.json()['id']}/withdraw", {}).status_code == 422
    assert caller.get("/api/v1/campaigns/fair/costs").json()["results"] == [taken.json()]
    for wrong in ({"amount": "1.234"}, {"amount": "0"}, {"last_on": "2026-10-01"}, {"first_on": "2006-11-01"}):
        assert caller.post("/api/v1/campaigns/fair/costs", body | wrong).status_code == 422


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["Name,Value\nA,1\n", "x" * 100_000])
def test_a_file_that_is_no_export_is_refused_in_words(text):
    refusal = make_caller().post("/api/v1/campaigns/cost-files", {"text": text})

    assert refusal.status_code == 422
    assert [error["pointer"] for error in refusal.json()["errors"]] == ["/text"]
