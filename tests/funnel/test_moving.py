"""People moved by a decision: what is recorded, who is refused and why, and what two at once come to."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from contacts.ingest import retract_event
from contacts.models import Contact, Event, Pending, Source, Trust
from funnel.advancing import advance_everything
from funnel.models import Stage
from funnel.moving import Moved, Refused, move_contacts, said_of
from staff.models import Role
from staff.policy import Principal
from tests.callers import make_caller
from tests.factories import make_team, make_user
from tests.funnel.worlds import happened, install, path_of, person, stage_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _path() -> None:
    install()


def somebody(role: Role = Role.ADMIN, **fields: Any) -> Principal:
    return Principal(user=make_user(role=role, **fields))


def lead(name: str = "Aino", **fields: Any) -> Contact:
    contact = person(name=name, **fields)
    happened(contact, "quote_requested")
    advance_everything()
    return contact


def codes(results: list[Moved | Refused]) -> list[str]:
    return [one.code if isinstance(one, Refused) else "moved" for one in results]


def test_a_move_is_recorded_with_its_author_what_they_saw_and_why():
    aino, jukka = lead(), somebody()

    [moved] = move_contacts(jukka, [aino.pk], "customer", "  Paid in cash ")

    assert isinstance(moved, Moved)
    assert moved == Moved(aino.pk, moved.event_id, "Aino", "lead", "customer")
    event = Event.objects.get(pk=moved.event_id)
    assert (event.type.key, event.source.key, event.by) == ("stage_set", "staff", jukka.user)
    assert event.properties == {"stage": "customer", "from": "lead", "reason": "Paid in cash"}
    assert stage_of(aino) == "lead"
    advance_everything()
    assert stage_of(aino) == "customer"


def test_undoing_a_move_is_retracting_its_event():
    aino = lead()
    [moved] = move_contacts(somebody(), [aino.pk], "customer")
    assert isinstance(moved, Moved)
    advance_everything()

    retract_event(event=Event.objects.get(pk=moved.event_id))
    advance_everything()

    assert path_of(aino) == [(None, "prospecting"), ("prospecting", "lead")]


def test_each_of_several_gets_a_result_in_order_and_a_repeated_one_gets_one():
    aino, matti = lead(), lead("Matti")
    happened(matti, "order_completed", value_minor=100, currency="EUR")
    advance_everything()

    results = move_contacts(somebody(), [matti.pk, 10**12, aino.pk, matti.pk], "customer")

    assert [one.contact_id for one in results] == [matti.pk, 10**12, aino.pk]
    assert codes(results) == ["already_there", "not_found", "moved"]
    assert said_of(results) == ("2 people stay: Matti stands in Customer already. There is no such person.")


def test_who_was_moved_by_another_meanwhile_is_not_moved_and_it_is_said_where_they_stand():
    aino = lead()
    [first] = move_contacts(somebody(), [aino.pk], "customer", seen={aino.pk: "lead"})

    [second] = move_contacts(somebody(), [aino.pk], "advocate", seen={aino.pk: "lead"})

    assert isinstance(first, Moved)
    assert second == Refused(
        aino.pk,
        "stage_changed",
        "Somebody moved Aino meanwhile: they stand in Customer now.",
        stage="customer",
    )
    [again] = move_contacts(somebody(), [aino.pk], "advocate", seen={aino.pk: "customer"})
    assert isinstance(again, Moved)
    advance_everything()
    assert path_of(aino)[-2:] == [("lead", "customer"), ("customer", "advocate")]


def test_erased_merged_closed_and_unknown_people_stay_and_each_is_told_why():
    aino = lead()
    erased, merged, visitor = lead("Erased"), lead("Member"), person(known=False)
    Contact.objects.filter(pk=erased.pk).update(erased_at=timezone.now())
    Contact.objects.filter(pk=merged.pk).update(leader=aino)
    closed = lead("Closed")
    happened(closed, "disqualified", properties={"reason": "never"})
    advance_everything()

    results = move_contacts(somebody(), [erased.pk, merged.pk, visitor.pk, closed.pk], "customer")

    assert codes(results) == ["erased", "merged", "visitor", "closed"]
    assert [one.leader for one in results if isinstance(one, Refused)] == [None, aino.pk, None, None]
    assert not Event.objects.filter(type__key="stage_set").exists()


@pytest.mark.parametrize(("stage", "code"), [("nonsense", "unknown_stage"), ("customer", "archived_stage")])
def test_nobody_comes_to_a_stage_that_is_archived_or_was_never_there(stage: str, code: str):
    aino = lead()
    Stage.objects.filter(key="customer").update(archived_at=timezone.now())

    assert codes(move_contacts(somebody(), [aino.pk], stage)) == [code]
    assert not Pending.objects.exists()


def test_whoever_may_only_look_and_a_public_key_move_nobody():
    aino = lead()
    public = Source.objects.create(key="site", name="Site", trust=Trust.PUBLIC)

    assert codes(move_contacts(somebody(Role.READ_ONLY), [aino.pk], "customer")) == ["forbidden"]
    assert codes(move_contacts(Principal(key=make_caller(source=public).key), [aino.pk], "customer")) == ["forbidden"]
    assert not Pending.objects.exists()


def test_sales_move_their_own_and_their_teams_and_others_are_not_there():
    seller = somebody(Role.SALES, team=make_team())
    assert seller.user
    own = lead("Own", owner=seller.user)
    teams = lead("Team's", team=seller.user.team)
    others = lead("Other's", owner=make_user())

    results = move_contacts(seller, [own.pk, teams.pk, others.pk], "customer")

    assert codes(results) == ["moved", "moved", "not_found"]


def test_a_program_moves_in_the_name_of_its_source():
    aino, caller = lead(), make_caller()

    [moved] = move_contacts(Principal(key=caller.key), [aino.pk], "customer")

    assert isinstance(moved, Moved)
    event = Event.objects.get(pk=moved.event_id)
    assert (event.source.key, event.by_id) == ("shop", None)


def test_many_are_moved_with_as_many_statements_as_one():
    people, jukka = [lead(f"Person {number}").pk for number in range(30)], somebody()
    move_contacts(jukka, people[:1], "customer")

    with CaptureQueriesContext(connection) as asked:
        results = move_contacts(jukka, people[1:], "customer")

    assert codes(results) == ["moved"] * 29
    assert len(asked) == 3  # the source, where they stand, the decisions
