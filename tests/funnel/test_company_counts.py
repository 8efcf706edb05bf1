"""What is kept with a company: how many of its people stand where, and when one of them was heard of last."""

from datetime import date, timedelta

import msgspec
import pytest
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from contacts.companies import create_company, drop_membership, join_company, update_membership
from contacts.company_marks import mark_places_of_today
from contacts.erasing import erase_contact, finish_erasures
from contacts.ingest import retract_event
from contacts.merging import cut_merge, merge_contacts
from contacts.models import NEVER, Company, Event, Membership, Merge
from funnel.advancing import advance_everything
from funnel.breadth import Bought, bought_by, breadth_counted, people_at
from funnel.company_counts import miscounted_companies, work_off_company_marks
from funnel.company_people import LARGE
from funnel.rebuilding import check_companies, recount_companies
from staff.models import Role, User
from staff.policy import Principal
from tests.desk.scenes import ago, asker, buyer
from tests.factories import undone
from tests.funnel.worlds import happened, install

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _path() -> None:
    install()


def work_off(large: int = LARGE) -> None:
    advance_everything()
    work_off_company_marks(large=large)


def differing(large: int = LARGE) -> list[str]:
    """The companies with which something else is kept than a look at all of their people says."""
    today, manager = timezone.localdate(), Principal(user=User(role=Role.MANAGER))
    companies = list(Company.objects.select_related("breadth").order_by("pk"))
    looked_at = breadth_counted(manager, [one.pk for one in companies], today=today)
    found = []
    for one in companies:
        breadth = looked_at[one.pk]
        groups = {group[1:-1] for group in breadth.groups}
        said = (breadth.people, breadth.heard_on or NEVER, groups, one.people <= large)
        held = {tuple(group) for group in one.breadth.held}
        kept = (one.people, one.heard_on, held, one.breadth.front is None)
        if kept != said or (one.breadth.front is not None and not _bought_is_kept(one, manager)):
            found.append(one.name)
    return found


def _bought_is_kept(one: Company, by: Principal) -> bool:
    kept = msgspec.convert(one.breadth.bought, Bought)
    return kept == bought_by(people_at(by, one, today=timezone.localdate()))


def counted() -> dict[str, tuple[int, date]]:
    """What is kept with each company, after whoever works off what is to be done; it is what a look at all says."""
    work_off()
    assert (differing(), miscounted_companies()) == ([], [])
    return {one.name: (one.people, one.heard_on) for one in Company.objects.all()}


def test_counts_of_a_company_follow_whatever_changes_them():
    nordlogi, other = (create_company(by=Principal(), name=name) for name in ("Nordlogi", "Other"))
    first, second = buyer(ago(9), name="First"), asker(ago(3), name="Second")
    place = join_company(contact=first, company=nordlogi, by=Principal())
    join_company(contact=second, company=nordlogi, by=Principal())
    assert counted() == {"Nordlogi": (2, day(3)), "Other": (0, NEVER)}

    newest = happened(first, "page_viewed", ago(1))
    assert counted()["Nordlogi"] == (2, day(1))
    retract_event(event=newest)
    assert counted()["Nordlogi"] == (2, day(3))

    happened(second, "relationship_ended", ago(2))
    assert counted()["Nordlogi"] == (1, day(2))
    update_membership(membership=place, by=Principal(), until=timezone.localdate())
    assert counted()["Nordlogi"] == (0, day(2))

    merge = merge_contacts(first=first, second=second)
    join_company(contact=first, company=other, by=Principal())
    counted()
    cut_merge(merge=merge)
    assert counted()["Other"] == (1, day(9))
    drop_membership(membership=Membership.objects.get(company=other), by=Principal())
    erase_contact(contact=second, by=Principal())
    finish_erasures()
    assert counted() == {"Nordlogi": (0, NEVER), "Other": (0, NEVER)}


def test_a_place_that_begins_today_is_counted_though_nobody_writes_it_down():
    nordlogi = create_company(by=Principal(), name="Nordlogi")
    coming = join_company(
        contact=asker(ago(3)), company=nordlogi, by=Principal(), since=timezone.localdate() + timedelta(days=1)
    )
    assert counted() == {"Nordlogi": (0, NEVER)}
    Membership.objects.filter(pk=coming.pk).update(since=timezone.localdate())  # a day later

    mark_places_of_today()

    assert counted() == {"Nordlogi": (1, day(3))}


def test_what_was_miscounted_is_found_and_counted_again():
    nordlogi = create_company(by=Principal(), name="Nordlogi")
    join_company(contact=asker(ago(3)), company=nordlogi, by=Principal())
    kept = counted()
    Company.objects.update(people=7)
    [difference] = check_companies()
    assert (difference.what, difference.stored[:3], difference.computed[:3]) == (f"company {nordlogi.pk}", "[7,", "[1,")

    recount_companies()

    assert (check_companies(), counted()) == ([], kept)


HAPPENS = ("order_completed", "quote_requested", "relationship_ended", "reopened", "page_viewed")
ROLES = ("", "decision_maker", "user")
doing = st.tuples(st.sampled_from(("event", "event", "join", "end", "merge", "cut", "retract", "erase")),
                  st.integers(0, 9), st.integers(0, 9))  # fmt: skip


@settings(max_examples=8)
@given(st.lists(st.lists(doing, max_size=6), min_size=1, max_size=3))
def test_what_is_kept_is_what_a_plain_count_gives_whatever_was_done(rounds):
    with undone():
        companies = [create_company(by=Principal(), name=name) for name in ("Nordlogi", "Other")]
        people = [asker(ago(20 + number), name=f"Person {number}") for number in range(4)]
        for number, one in enumerate(people):
            join_company(contact=one, company=companies[number % 2], by=Principal(), role=ROLES[number % 3])
        for doings in rounds:
            for what, one, other in doings:
                _do(what, people, companies, one, other)
            work_off(large=2)
            assert (differing(large=2), miscounted_companies()) == ([], [])


def _do(what, people, companies, one, other):
    person, company = people[one % 4], companies[other % 2]
    person.refresh_from_db()
    if what == "erase" and one == other and not person.erased_at:
        erase_contact(contact=person, by=Principal())
        finish_erasures()
    elif person.erased_at:
        return
    elif what == "event":
        happened(person, HAPPENS[other % 5], ago(9 - one / 2), value_minor=100 * other, currency="EUR")
    elif what == "retract" and (event := Event.objects.filter(contact=person, retracted_at=None).last()):
        retract_event(event=event)
    elif what == "join" and not Membership.objects.current().filter(contact=person, company=company).exists():
        join_company(contact=person, company=company, by=Principal(), role=ROLES[other % 3])
    elif what == "end" and (place := Membership.objects.current().filter(contact=person).first()):
        update_membership(membership=place, by=Principal(), until=timezone.localdate())
    elif what == "merge":
        them = people[other % 4]
        them.refresh_from_db()
        if them.leader_id != person.leader_id and not them.erased_at:
            merge_contacts(first=person, second=them)
    elif what == "cut" and (merge := Merge.objects.live().filter(older=person).first()):
        cut_merge(merge=merge)


def day(days: float) -> date:
    return timezone.localdate(ago(days))
