"""Two are one, and two again: cutting a merge gives back exactly what was."""

import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connections
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contacts.ingest import retract_event
from contacts.merging import cut_merge, merge_contacts
from contacts.messages import ContactRef
from contacts.models import Contact, Event, Identity, Merge, Pending, PendingReason
from staff.policy import Principal
from tests.factories import make_contact, make_message, make_source, make_user, moment, record, undone

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("path")]

FIELDS = ("leader_id", "is_known", "name", "emails", "phones", "title", "country", "custom", "owner_id", "sort_key")


def people() -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Everything about everybody that a merge may touch."""
    identities = Identity.objects.order_by("pk").values_list("contact_id", "kind", "value", "unlinked_at")
    return list(Contact.objects.order_by("pk").values_list("pk", *FIELDS)), list(identities)


def test_two_contacts_become_one_person_led_by_the_oldest():
    first, second = make_contact(), make_contact()
    Pending.objects.all().delete()

    merge = merge_contacts(first=second, second=first, by=Principal(user=make_user()))

    assert (merge.older, merge.newer, merge.cut_at) == (first, second, None)
    assert set(Contact.objects.values_list("leader_id", flat=True)) == {first.pk}
    assert sorted(Pending.objects.values_list("contact_id", "event_id", "reason")) == [
        (first.pk, None, PendingReason.MERGE),
        (second.pk, None, PendingReason.MERGE),
    ]


def test_who_is_one_already_cannot_be_merged():
    first, second, third = make_contact(), make_contact(), make_contact()
    merge_contacts(first=first, second=second)
    merge_contacts(first=second, second=third)

    with pytest.raises(ValidationError) as refusal:
        merge_contacts(first=first, second=third)

    assert refusal.value.code == "already_one"


def test_a_merge_is_cut_once():
    merge = merge_contacts(first=make_contact(), second=make_contact())
    cut_merge(merge=merge)

    with pytest.raises(ValidationError) as refusal:
        cut_merge(merge=merge)

    assert refusal.value.code == "already_cut"


def test_a_visitor_merged_with_a_person_is_known_and_after_the_cut_a_visitor_again():
    source = make_source()
    record(source, make_message("page_viewed", ContactRef(anonymous_id="a1")))
    record(
        source, make_message("contact_created", "aino@example.com", properties={"name": "Aino", "title": "Engineer"})
    )
    before = people()
    visitor, aino = Contact.objects.order_by("pk")

    merge = merge_contacts(first=visitor, second=aino)

    visitor.refresh_from_db()
    assert (visitor.is_known, visitor.name, visitor.title, visitor.emails) == (
        True,
        "Aino",
        "Engineer",
        ["aino@example.com"],
    )
    cut_merge(merge=merge)
    assert people() == before


def test_details_chosen_in_a_merge_hold_until_somebody_changes_them_or_it_is_cut():
    source = make_source()
    record(source, make_message("contact_created", "aino@example.com", properties={"name": "A. Virtanen"}))
    record(source, make_message("contact_created", "aino@work.example", properties={"name": "Aino V."}))
    first, second = Contact.objects.order_by("pk")

    merge = merge_contacts(first=first, second=second, fields={"name": "Aino Virtanen", "country": "fi"})
    first.refresh_from_db()
    chosen = first.name, first.country
    record(source, make_message("attributes_changed", "aino@example.com", properties={"name": "Aino Korhonen"}))
    first.refresh_from_db()
    changed = first.name, first.country
    cut_merge(merge=merge)
    first.refresh_from_db()
    second.refresh_from_db()

    assert (chosen, changed) == (("Aino Virtanen", "FI"), ("Aino Korhonen", "FI"))
    assert (first.name, first.country, second.name) == ("Aino Korhonen", "", "Aino V.")


@pytest.mark.parametrize("fields", [{"shoe_size": 43}, {"email": "nonsense"}, {"owner": []}])
def test_what_is_no_detail_cannot_be_chosen(fields):
    with pytest.raises(ValidationError):
        merge_contacts(first=make_contact(), second=make_contact(), fields=fields)

    assert Merge.objects.count() == 0


def test_a_change_from_before_the_other_does_not_overwrite_it():
    source = make_source()
    for name, at in [("Aino Korhonen", "2026-03-01"), ("Aino Virtanen", "2026-02-01")]:
        message = make_message(
            "attributes_changed", "aino@example.com", properties={"name": name}, occurred_at=moment(at)
        )
        record(source, message)

    assert Contact.objects.get().name == "Aino Korhonen"


def test_taking_back_the_newest_change_brings_back_the_one_before():
    source = make_source()
    for name, at in [("Aino Virtanen", "2026-02-01"), ("Aino Korhonen", "2026-03-01")]:
        record(
            source,
            make_message("attributes_changed", "aino@example.com", properties={"name": name}, occurred_at=moment(at)),
        )

    retract_event(event=Event.objects.latest("occurred_at"))

    assert Contact.objects.get().name == "Aino Virtanen"


steps = st.lists(
    st.tuples(st.sampled_from(["merge", "merge", "cut"]), st.integers(0, 99), st.integers(0, 99)), max_size=10
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps)
def test_leaders_and_details_are_what_the_live_merges_alone_would_give(steps):
    """After any merges and cuts everything is as if only the merges that live had ever been made."""
    with undone():
        make_people(4)
        bare = list(Contact.objects.order_by("pk"))
        live: dict[int, Merge] = {}
        for what, one, other in steps:
            if what == "cut" and live:
                cut_merge(merge=live.pop(sorted(live)[one % len(live)]))
            elif what == "merge" and leader_of(bare[one % 4]) != leader_of(bare[other % 4]):
                merge = merge_contacts(first=bare[one % 4], second=bare[other % 4], fields={"title": f"t{one}"})
                live[merge.pk] = merge
        kept = [(merge.older, merge.newer, merge.fields) for merge in live.values()]
        after = people()

        for merge in Merge.objects.live():
            cut_merge(merge=merge)
        assert people()[0] == untouched(bare)
        for older, newer, fields in kept:
            merge_contacts(first=older, second=newer, fields=fields)

        assert people() == after
        assert_forest()


def leader_of(contact: Contact) -> int:
    return Contact.objects.get(pk=contact.pk).leader_id


def make_people(count: int) -> None:
    source = make_source()
    for n in range(count):
        message = make_message(
            "contact_created",
            ContactRef(email=f"p{n}@example.com"),
            properties={"name": f"Person {n}", **({"country": "FI"} if n % 2 else {"phone": f"+35840123456{n}"})},
        )
        record(source, message, make_message("page_viewed", ContactRef(email=f"p{n}@example.com")))


def untouched(people: list[Contact]) -> list[tuple[object, ...]]:
    return [(person.pk, *(getattr(person, field) for field in FIELDS)) for person in people]


def assert_forest() -> None:
    """Each person is led by their smallest id, and there is one merge less than contacts."""
    merges = list(Merge.objects.live().values_list("older_id", "newer_id"))
    leaders = dict(Contact.objects.values_list("pk", "leader_id"))
    for leader in set(leaders.values()):
        members = {member for member, its in leaders.items() if its == leader}
        assert leader == min(members)
        assert len([merge for merge in merges if set(merge) <= members]) == len(members) - 1
    assert all(leaders[older] == leaders[newer] for older, newer in merges)


@pytest.mark.django_db(transaction=True)
def test_merges_at_the_same_moment_never_make_a_ring_or_a_deadlock():
    contacts = [make_contact() for _ in range(8)]
    pairs = [random.Random(seed).sample(contacts, 2) for seed in range(60)]
    together = Barrier(6)

    def work(own: list[list[Contact]]) -> int:
        together.wait()
        made = 0
        for first, second in own:
            with suppress(ValidationError):  # the two are one already
                merge = merge_contacts(first=first, second=second)
                made += 1
                if made % 3 == 0:
                    cut_merge(merge=merge)
        connections.close_all()
        return made

    with ThreadPoolExecutor(6) as threads:
        made = sum(threads.map(work, [pairs[at::6] for at in range(6)]))

    assert Merge.objects.count() == made
    assert_forest()
