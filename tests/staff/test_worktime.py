"""Business time against a walk minute by minute; and the days on which clocks change, over midnight, and holidays."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from staff.worktime import DAY_MIN, WorkTime, span_of, span_text

HELSINKI = "Europe/Helsinki"
OFFICE = WorkTime(HELSINKI, (((540, 1020),),) * 5 + ((),) * 2, frozenset({date(2026, 12, 24), date(2026, 12, 25)}))
NIGHT = WorkTime(HELSINKI, (((22 * 60, 30 * 60),),) * 7)

moments = st.integers(0, 730 * 86_400).map(
    lambda seconds: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
lengths = st.integers(0, 60 * 60 * 24 * 70).map(lambda seconds: timedelta(seconds=seconds))
spans = st.tuples(st.integers(0, DAY_MIN - 1), st.integers(1, DAY_MIN)).map(lambda pair: (pair[0], pair[0] + pair[1]))
weeks = st.lists(st.lists(spans, max_size=2).map(tuple), min_size=7, max_size=7).map(tuple).filter(any)
zones = st.sampled_from([HELSINKI, "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"])
holidays = st.frozensets(st.dates(date(2026, 1, 1), date(2027, 12, 31)), max_size=20)
calendars = st.builds(WorkTime, zones, weeks, holidays)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(calendars, moments, lengths)
def test_what_is_due_after_so_much_business_time_is_so_much_business_time_away(calendar, start, length):
    due = calendar.after(start, length)

    assert calendar.between(start, due) == length
    assert due == start or calendar.between(start, due - timedelta(seconds=1)) < length


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(calendars, moments, lengths, lengths)
def test_business_time_adds_up_and_is_never_longer_than_time(calendar, start, first, second):
    middle, end = start + first, start + first + second

    assert calendar.between(start, end) == calendar.between(start, middle) + calendar.between(middle, end)
    assert timedelta() <= calendar.between(start, end) <= end - start


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(calendars, moments, st.integers(1, 60 * 30))
def test_it_is_the_minutes_in_which_somebody_is_there(calendar, start, minutes):
    start = start.replace(second=0)
    days = [start.date() + timedelta(days=number) for number in range(-3, 5)]
    open_spans = [span for day in days for span in calendar.spans_on(day)]
    walked = [start + timedelta(minutes=number) for number in range(minutes)]
    there = sum(any(opens <= minute < closes for opens, closes in open_spans) for minute in walked)

    assert calendar.between(start, start + timedelta(minutes=minutes)) == timedelta(minutes=there)


@pytest.mark.parametrize(
    ("calendar", "asked", "hours", "due"),
    [
        (OFFICE, "2026-11-20T16:30+02:00", 2, "2026-11-23T10:30+02:00"),  # over the weekend
        (OFFICE, "2026-12-23T16:30+02:00", 1, "2026-12-28T09:30+02:00"),  # over two holidays and a weekend
        (OFFICE, "2026-03-27T16:00+02:00", 2, "2026-03-30T10:00+03:00"),  # the clock goes forward on Sunday
        (NIGHT, "2026-03-28T23:00+02:00", 6, "2026-03-29T06:00+03:00"),  # a night of seven hours
        (NIGHT, "2026-10-24T23:00+03:00", 6, "2026-10-25T04:00+02:00"),  # a night of nine
        (NIGHT, "2026-11-20T12:00+02:00", 8, "2026-11-21T06:00+02:00"),
    ],
)
def test_deadlines_by_hand(calendar, asked, hours, due):
    assert calendar.after(at(asked), timedelta(hours=hours)) == at(due)


def test_spans_are_read_as_people_write_them():
    written = ("9-17", "08:30–16.15", "22-6", "0-24")

    assert [span_of(text) for text in written] == [(540, 1020), (510, 975), (1320, 1800), (0, 1440)]
    assert [span_text(span_of(text)) for text in written] == [
        "09:00-17:00",
        "08:30-16:15",
        "22:00-06:00",
        "00:00-00:00",
    ]


@pytest.mark.parametrize("text", ["", "9", "9-", "25-26", "9:60-10", "-1-3", "noon-5"])
def test_what_is_no_span_is_refused(text):
    with pytest.raises(ValueError) as refused:  # noqa: PT011
        span_of(text)
    assert refused.type is ValueError
