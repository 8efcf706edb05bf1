"""How many people a company has and when one was heard of last, as lists sort by it."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from contacts.companies import create_company, drop_membership, join_company, update_membership
from contacts.company_marks import mark_places_of_today
from contacts.erasing import erase_contact, finish_erasures
from contacts.ingest import retract_event
from contacts.merging import cut_merge, merge_contacts
from contacts.models import NEVER, Company, Membership
from funnel.advancing import advance_everything
from funnel.breadth import breadth_of
from funnel.company_counts import work_off_company_marks
from staff.models import Role
from staff.policy import Principal
from tests.desk.scenes import ago, asker, buyer
from tests.factories import make_user
from tests.funnel.worlds import happened, install

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _path() -> None:
    install()


def counted() -> dict[str, tuple[int, date]]:
    """What is kept with each company, after whoever works off what is to be done; it is what a look at all says."""
    advance_everything()
    work_off_company_marks()
    kept = {one.name: (one.people, one.heard_on) for one in Company.objects.all()}
    ids = dict(Company.objects.values_list("pk", "name"))
    looked_at = breadth_of(Principal(user=make_user(role=Role.MANAGER)), ids, today=timezone.localdate())
    assert kept == {
        ids[pk]: (one.people, timezone.localdate(one.touched_at) if one.touched_at else NEVER)
        for pk, one in looked_at.items()
    }
    return kept


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


def day(days: float) -> date:
    return timezone.localdate(ago(days))
