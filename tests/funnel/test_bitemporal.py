"""Whatever comes, in whatever order and however it is cut into batches: the stored history is that of the pure fold,
what was known on an earlier day stays as it was, and the roll-ups are what a recount would give.
"""

import json
from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from contacts.erasing import erase_contact, finish_erasures
from contacts.ingest import retract_event
from contacts.merging import cut_merge, merge_contacts
from contacts.messages import CLAIMED_TYPES
from contacts.models import Contact, Event, Merge, PendingReason, Trust
from funnel.advancing import advance_due, advance_everything, advance_pending
from funnel.fold import Event as Fact
from funnel.fold import State, fold
from funnel.folding import entry_of, live_transitions
from funnel.models import Playbook, Position
from funnel.publishing import mark_publications
from funnel.reading import WORLD, micros, read_playbooks
from funnel.rebuilding import check_people, check_rollups, ranges
from funnel.services import DEFAULT_PLAYBOOK
from staff.policy import Principal
from tests.funnel.worlds import happened, install, marked, person, source

pytestmark = pytest.mark.django_db

DEFAULT = json.loads(DEFAULT_PLAYBOOK.read_text())
TYPES = ["page_viewed", "content_downloaded", "order_completed", "order_refunded", "review_posted", "postponed"]
TYPES += ["disqualified", "stage_set"]
PEOPLE = 4
DAYS = 400


def another(variant: int) -> dict[str, Any]:
    """The default playbook with other points, another window, or without its first rule."""
    document = deepcopy(DEFAULT)
    if variant == 0:
        document["points"]["page_viewed"] = 7
    elif variant == 1:
        document["rules"][8]["when"][0]["at_least"] = 2
    else:
        del document["rules"][0]
    return document


who = st.integers(0, PEOPLE - 1)
steps = st.one_of(
    st.tuples(st.just("event"), who, st.sampled_from(TYPES), st.integers(0, DAYS), st.booleans()),
    st.tuples(st.just("event"), who, st.sampled_from(TYPES), st.integers(0, DAYS), st.booleans()),
    st.tuples(st.just("event"), who, st.sampled_from(TYPES), st.integers(0, DAYS), st.booleans()),
    st.tuples(st.just("advance"), st.integers(1, 3)),
    st.tuples(st.just("advance"), st.integers(1, 3)),
    st.tuples(st.just("retract"), st.integers(0, 30)),
    st.tuples(st.just("merge"), who, who),
    st.tuples(st.just("cut"), st.integers(0, 3)),
    st.tuples(st.just("publish"), st.integers(0, DAYS), st.integers(0, 2)),
    st.tuples(st.just("known"), who),
    st.tuples(st.just("erase"), who),
    st.tuples(st.just("picture"), st.integers(0, DAYS)),
    st.tuples(st.just("due")),
)


class Story:
    """A small installation to which things happen, and the pictures that were taken of it."""

    def __init__(self) -> None:
        self.began = timezone.now() - timedelta(days=DAYS + 1)
        self.contacts = [person(known=n % 2 == 0) for n in range(PEOPLE)]
        self.pictures: list[tuple[int, Any, list[tuple[Any, ...]]]] = []

    def tell(self, step: tuple[Any, ...]) -> None:
        kind, *rest = step
        getattr(self, kind)(*rest)

    def event(self, who: int, type_: str, day: int, public: bool) -> None:
        properties = {"stage_set": {"stage": "loyalty"}, "postponed": {"until": str(self.at(day + 20).date())}}
        money: dict[str, Any] = {"value_minor": 100 * day, "currency": "EUR"} if type_.startswith("order") else {}
        happened(
            self.contacts[who],
            type_,
            self.at(day),
            by=source("site", Trust.PUBLIC) if public else source(),
            properties=properties.get(type_, {}),
            **money,
        )

    def advance(self, limit: int) -> None:
        advance_pending(limit=limit)

    def due(self) -> None:
        advance_due()

    def retract(self, number: int) -> None:
        standing = Event.objects.standing().order_by("pk")
        if number < len(standing):
            retract_event(event=standing[number])

    def merge(self, one: int, other: int) -> None:
        try:
            merge_contacts(first=self.contacts[one], second=self.contacts[other])
        except ValidationError as refusal:
            event(f"refused: {refusal.code}")

    def cut(self, number: int) -> None:
        live = Merge.objects.live().order_by("pk")
        if number < len(live):
            cut_merge(merge=live[number])

    def publish(self, day: int, variant: int) -> None:
        number = Playbook.objects.count() + 1
        Playbook.objects.create(number=number, name="Another", document=another(variant), since=self.at(day))
        mark_publications()

    def known(self, who: int) -> None:
        Contact.objects.filter(pk=self.contacts[who].pk).update(is_known=True)
        marked(self.contacts[who], PendingReason.ATTRIBUTES)

    def erase(self, who: int) -> None:
        try:
            erase_contact(contact=self.contacts[who], by=Principal())
        except ValidationError as refusal:
            event(f"refused: {refusal.code}")
        assert finish_erasures() == 0

    def picture(self, day: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            (known_on,) = cursor.fetchone()
        self.pictures.append((day, known_on, self.report(day, known_on)))

    def at(self, day: int) -> Any:
        return self.began + timedelta(days=day, microseconds=day)

    def report(self, day: int, known_on: Any) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(REPORT, {"as_of": self.at(day), "known_on": known_on})
            return cursor.fetchall()


REPORT = """
    SELECT contact_id, dimension, value, is_visitor, source_id, sum(n)
      FROM funnel_transition, LATERAL (VALUES (to_value, 1), (from_value, -1)) AS ends (value, n)
     WHERE occurred_at <= %(as_of)s AND recorded_at <= %(known_on)s
       AND (superseded_at IS NULL OR superseded_at > %(known_on)s) AND value IS NOT NULL
     GROUP BY 1, 2, 3, 4, 5 HAVING sum(n) <> 0 ORDER BY 1, 2, 3, 4, 5
"""


def computed_moves(leader: Contact) -> list[tuple[Any, ...]]:
    """The path of a person by the pure fold over all of their standing events at once."""
    position = Position.objects.filter(pk=leader.pk).first()
    if position is None or position.folded_until is None:
        return []
    events = sorted(
        Fact(
            micros(row.occurred_at),
            row.rank,
            row.key.bytes,
            row.type.key,
            row.value_minor,
            row.currency,
            row.properties,
            row.source.is_public and row.type.key not in CLAIMED_TYPES,
            row.pk,
        )
        for row in Event.objects.standing().filter(contact__leader=leader).select_related("type", "source")
    )
    _, moves = fold(State.start(), events, read_playbooks(), micros(position.folded_until))
    about = type("About", (), {"source": leader.origin_source_id, "is_visitor": is_visitor(leader)})
    return [(place, entry_of(move, about, WORLD.names())) for place, move in enumerate(moves)]  # type: ignore[arg-type]


def is_visitor(leader: Contact) -> bool:
    return not Contact.objects.filter(leader=leader, is_known=True).exists()


def stored_moves(contact: Contact) -> list[tuple[Any, ...]]:
    return [(live.seq, live.entry) for live in live_transitions([contact.pk])]


@pytest.fixture(autouse=True)
def _installed(db: None) -> None:
    install()


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(st.lists(steps, min_size=5, max_size=40))
def test_history_is_that_of_the_pure_fold_and_what_was_known_stays_so(told):
    with transaction.atomic():
        story = Story()
        for step in told:
            story.tell(step)
        advance_everything()

        for day, known_on, seen in story.pictures:
            assert story.report(day, known_on) == seen
        for contact in Contact.objects.filter(erased_at=None):
            moves = computed_moves(contact) if contact.leader_id == contact.pk else []
            assert stored_moves(contact) == moves
        assert [found.differences for found in check_people(ranges())] == [[]] * len(ranges())
        assert check_rollups() == []
        assert not Playbook.objects.filter(applied_at=None).exists()
        transaction.set_rollback(True)
