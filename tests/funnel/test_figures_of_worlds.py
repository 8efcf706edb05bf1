"""The figures over what really happens: late events, retractions, merges and cuts, visitors who become people, and
publications. Each equals a recount of the transition table, and stays as it was given."""

import time
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from django.db import connection

from contacts.ingest import retract_event
from contacts.merging import cut_merge, merge_contacts
from contacts.messages import ContactRef
from contacts.models import Contact, Event, Merge
from funnel import metrics, reports
from funnel.advancing import advance_everything
from funnel.freezing import freeze_person
from funnel.models import Position, Stage, StageCount
from funnel.pictures import Picture, path_in
from funnel.publishing import publish_playbook, save_draft, start_draft
from staff.models import ApiKey
from staff.policy import Principal
from tests.callers import Caller, make_caller
from tests.factories import make_message, make_source, record
from tests.funnel.rewritings import all_rows
from tests.funnel.test_figures_recounted import recount_of_conversions, recount_of_lengths
from tests.funnel.worlds import install

pytestmark = pytest.mark.django_db

PROGRAM = Principal(key=ApiKey(scopes=["figures:read"]))
SETTLED_AFTER = 1.1  # seconds
TYPES = ["page_viewed"] * 3 + ["ad_clicked", "content_downloaded", "postponed", "disqualified", "reopened"]
TYPES += ["order_completed"] * 3 + ["order_refunded", "referral_made"]


class Life:
    """What happens to a few people, step by step; `stamps` are the moments between the steps."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)
        self.sources = [make_source() for _ in range(2)]
        self.by = Principal()
        self.stamps: list[datetime] = []

    def go_on(self, steps: int) -> None:
        for _ in range(steps):
            self.chance.choice(
                [self.event] * 14
                + [self.become_known] * 2
                + [self.retract, self.merge, self.cut, self.publish, self.freeze]
            )()
            advance_everything()
            self.stamps.append(clock())

    def some_contact(self) -> ContactRef:
        number = self.chance.randrange(6)
        return ContactRef(anonymous_id=f"visitor{number}") if number % 2 else ContactRef(email=f"p{number}@example.com")

    def some_day(self) -> datetime:
        return datetime.now(UTC) - timedelta(days=self.chance.randrange(1, 400), hours=self.chance.randrange(24))

    def event(self) -> None:
        kind = self.chance.choice(TYPES)
        money: dict[str, Any] = {"value_minor": 1000, "currency": "EUR"} if kind.startswith("order") else {}
        properties = {"until": self.some_day().isoformat()} if kind == "postponed" else {}
        message = make_message(kind, self.some_contact(), occurred_at=self.some_day(), properties=properties, **money)
        record(self.chance.choice(self.sources), message)

    def become_known(self) -> None:
        number = self.chance.choice([1, 3, 5])
        contact = ContactRef(anonymous_id=f"visitor{number}", email=f"v{number}@example.com")
        record(self.sources[0], make_message("attributes_changed", contact, occurred_at=self.some_day()))

    def retract(self) -> None:
        if events := list(Event.objects.standing().order_by("pk")):
            retract_event(event=self.chance.choice(events))

    def merge(self) -> None:
        leaders = list(Contact.objects.leaders().order_by("pk"))
        if len(leaders) > 2:
            first, second = self.chance.sample(leaders, 2)
            merge_contacts(first=first, second=second)

    def freeze(self) -> None:
        if leaders := list(Contact.objects.leaders().order_by("pk")):
            freeze_person(contact=self.chance.choice(leaders))

    def cut(self) -> None:
        if merge := Merge.objects.live().first():
            cut_merge(merge=merge)

    def publish(self) -> None:
        draft = start_draft(name="Next", by=self.by)
        rules = list(draft.document["rules"])
        rules[8] = {**rules[8], "when": [{**rules[8]["when"][0], "at_least": self.chance.choice([1, 2, 3])}]}
        save_draft(draft=draft, seen=None, document={**draft.document, "rules": rules})
        since = self.chance.choice([None, self.some_day()])
        publish_playbook(draft=draft, since=since, by=self.by, despite_examples=True)

    def pairs(self, count: int) -> list[tuple[datetime, datetime]]:
        known = [self.chance.choice(self.stamps) for _ in range(count)]
        return [(k - timedelta(days=self.chance.choice([0, 30, 100, 250])), k) for k in known]


def clock() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]


@pytest.fixture
def caller() -> Caller:
    install()
    return make_caller("figures:read")


def answers(caller: Caller, pairs: list[tuple[datetime, datetime]]) -> list[dict[str, Any]]:
    given = []
    for as_of, known_on in pairs:
        when = f"as_of={as_of:%Y-%m-%dT%H:%M:%S.%fZ}&known_on={known_on:%Y-%m-%dT%H:%M:%S.%fZ}&group_by=source"
        for question in ("summary?", "conversions?stage=retargeting&window=60&", "time-in-stage?"):
            answer = caller.get(f"/api/v1/funnel/{question}{when}")
            assert answer.status_code == 200, answer.json()
            given.append(answer.json() | {"settled_at": None})
    return given


@pytest.mark.parametrize("seed", range(4))
def test_figures_equal_a_recount_and_stay_whatever_happens_later(caller: Caller, seed: int) -> None:
    life = Life(seed)
    life.go_on(60)
    assert {row.superseded_at is None for row in all_rows()} == {True, False}
    time.sleep(SETTLED_AFTER)
    pairs = life.pairs(8)
    first = answers(caller, pairs)
    for as_of, known_on in pairs:
        picture = Picture(as_of, known_on, known_on)
        path = path_in(picture)
        rows = metrics.picture(all_rows(), as_of=as_of, known_on=known_on)
        entries = reports.Entries(path.stages[1], window=timedelta(days=60))
        assert reports.places(picture, PROGRAM) == metrics.places(rows)
        assert reports.conversions(picture, PROGRAM, entries, path) == recount_of_conversions(rows, entries, path)
        assert reports.lengths_of_stay(picture, PROGRAM, by_source=True) == recount_of_lengths(rows, None, None)

    life.go_on(25)

    assert answers(caller, pairs) == first


@pytest.mark.parametrize("seed", range(4))
def test_the_roll_up_the_positions_and_the_moves_say_the_same(caller: Caller, seed: int) -> None:
    life = Life(seed)
    life.go_on(40)
    now = Picture(clock(), clock(), clock(), live=True)
    moves = metrics.places(row for row in all_rows() if row.superseded_at is None)

    assert reports.places(now, PROGRAM) == moves
    assert reports.counted_positions(PROGRAM) == moves
    assert sum(moves.values()) == Position.objects.live().count() > 0
    assert StageCount.objects.exists()
    assert Stage.objects.count() == 6
