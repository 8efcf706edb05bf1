"""Real purchases and a real funnel come out as people who counted them by other means say."""

import csv
import os
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from funnel.fold import Event, State, fold
from funnel.rules import Playbook, Playbooks
from funnel.state import DAY
from tests.funnel.people import DEFAULT

DATA = Path(os.environ.get("REAL_DATA", Path(__file__).parents[3] / "shared" / "data"))
BOOKS = Playbooks([Playbook.parse(DEFAULT, 1, None)])

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"there is no real data in {DATA}: set REAL_DATA")


def moment(year, month, day, hour=0, minute=0):
    return int(datetime(year, month, day, hour, minute, tzinfo=UTC).timestamp()) * 1_000_000


def purchases():
    people: dict[str, list[Event]] = {}
    for number, line in enumerate((DATA / "cdnow/CDNOW_sample.txt").read_text().split("\n"), 1):
        if line.strip():
            customer, _, day, _, dollars = line.split()
            at = moment(int(day[:4]), int(day[4:6]), int(day[6:]), 12)
            cents = round(float(dollars) * 100)
            event = Event(at, 3, number.to_bytes(16, "big"), "order_completed", cents, "USD", {}, False, number)
            people.setdefault(customer, []).append(event)
    return [sorted(log, key=lambda event: event[:3]) for log in people.values()]


def test_cdnow_customers_and_their_health():
    folded = [fold(State.start(), log, BOOKS, moment(1998, 6, 30, 23, 59)) for log in purchases()]

    states = [state for state, _ in folded]
    moves = Counter((move.from_, move.to) for _, some in folded for move in some if move.dimension == "health")
    assert Counter(state.stage for state in states) == {"loyalty": 1094, "customer": 1263}
    assert Counter(state.health for state in states) == {"active": 577, "cooling": 186, "lapsed": 1594}
    assert sum(order.value or 0 for state in states for order in state.orders) == 24_409_194
    assert moves == {
        (None, "active"): 2357,
        ("active", "cooling"): 2711,
        ("cooling", "lapsed"): 1934,
        ("cooling", "active"): 591,
        ("lapsed", "active"): 340,
    }


def rows(name):
    with (DATA / "olist" / name).open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)


def read_moment(text):
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000


def test_olist_leads_become_customers():
    people: dict[str, list[Event]] = {}
    origins: dict[str, str] = {}
    for row in rows("olist_marketing_qualified_leads_dataset.csv"):
        key = row["mql_id"].encode()[:16]
        people[row["mql_id"]] = [Event(read_moment(row["first_contact_date"]), 2, key, "form_submitted")]
        origins[row["mql_id"]] = row["origin"]
    for row in rows("olist_closed_deals_dataset.csv"):
        key = row["mql_id"].encode()[16:32]
        people[row["mql_id"]].append(Event(read_moment(row["won_date"]), 3, key, "order_completed"))

    stages: Counter[tuple[str, str | None]] = Counter()
    for person, log in people.items():
        state, _ = fold(State.start(), sorted(log, key=lambda event: event[:3]), BOOKS, moment(2019, 1, 1) + DAY)
        stages[origins[person] or "blank", state.stage] += 1

    assert sum(number for (_, stage), number in stages.items() if stage == "lead") == 7158
    assert {origin: number for (origin, stage), number in stages.items() if stage == "customer"} == {
        "organic search": 271,
        "paid search": 195,
        "social": 75,
        "unknown": 179,
        "direct traffic": 56,
        "email": 15,
        "referral": 24,
        "other": 4,
        "display": 6,
        "other publicities": 3,
        "blank": 14,
    }
