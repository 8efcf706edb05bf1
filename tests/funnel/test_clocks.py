"""Answer clocks: whatever the order in which questions and answers become known, they are what the log says."""

from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from contacts.clocks import give_clock, take_clock, waive_answer
from contacts.erasing import erase_contact
from contacts.ingest import retract_event
from contacts.merging import cut_merge, merge_contacts
from contacts.models import AnswerClock, Contact, Event, Notice, Trust
from contacts.watching import watch_answers
from funnel.advancing import advance_everything
from staff.hours import set_work_week
from staff.models import Role
from staff.policy import Principal
from tests.factories import make_team, make_user
from tests.funnel.worlds import NOON, happened, install, person, source

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)  # NOON is a Sunday: 14 in Helsinki, and nobody is there until Monday, 9 o'clock (7 UTC)
MONDAY = NOON + 19 * HOUR


@pytest.fixture(autouse=True)
def _ground(settings: Any) -> None:
    settings.TIME_ZONE = "Europe/Helsinki"
    install()


def said(who: Contact, kind: str, at: datetime, **fields: Any) -> Event:
    """An event that we learned of at once."""
    return happened(who, kind, at, **{"recorded_at": at} | fields)


def clocks(*people: Contact) -> list[tuple[Any, ...]]:
    advance_everything()
    found = AnswerClock.objects.order_by("asked_at", "pk")
    if people:
        found = found.filter(contact__in=people)
    names = ("asked_at", "asked", "answered_at", "is_waived", "took_s", "in_time")
    return [
        tuple(
            (value - NOON) / HOUR if name.endswith("_at") and value else value
            for name, value in zip(names, row, strict=True)
        )
        for row in found.values_list(*names)
    ]


LOG: list[tuple[str, int, dict[str, Any]]] = [
    ("quote_requested", 0, {}),
    ("message_received", 1, {}),
    ("call_held", 20, {}),
    ("message_received", 21, {}),
    ("note_added", 22, {}),
    ("message_answered", 25, {}),
]
EXPECTED = [(0, 2, 20, False, 3600, True), (21, 1, 25, False, 4 * 3600, False)]


@pytest.mark.parametrize("order", [*permutations(range(6))][::37])
def test_the_order_in_which_we_learn_does_not_matter(order):
    who = person(name="Aino")
    for place in order:
        kind, hours, fields = LOG[place]
        said(who, kind, NOON + hours * HOUR, recorded_at=NOON + 30 * HOUR, **fields)
        advance_everything()

    assert clocks() == EXPECTED


def test_a_retracted_answer_lets_the_clock_go_on_and_a_retracted_question_ends_it():
    who = person(name="Aino")
    asked = said(who, "message_received", MONDAY)
    sent = said(who, "email_sent", MONDAY + HOUR, by=source("mail"))  # by a machine: no answer
    answered = said(who, "message_answered", MONDAY + 3 * HOUR)
    assert clocks() == [(19, 1, 22, False, 3 * 3600, False)]

    retract_event(event=answered)
    assert clocks() == [(19, 1, None, False, None, None)]
    retract_event(event=asked)
    assert clocks() == []
    assert sent.by_id is None


def test_a_letter_answers_only_where_one_of_us_wrote_it():
    who, by = person(name="Aino"), make_user()
    said(who, "message_received", MONDAY)
    said(who, "email_sent", MONDAY + HOUR, by_id=by.pk, campaign_key="autumn")
    said(who, "message_answered", MONDAY + HOUR, by=source("site", Trust.PUBLIC))
    assert clocks() == [(19, 1, None, False, None, None)]

    said(who, "email_sent", MONDAY + 2 * HOUR, by_id=by.pk)
    assert clocks() == [(19, 1, 21, False, 7200, True)]


def test_history_that_is_brought_in_is_no_request():
    happened(person(name="Aino"), "message_received", NOON - timedelta(days=30))

    assert clocks() == []


def test_two_who_turn_out_to_be_one_have_one_clock_until_they_are_parted():
    older, newer = person(name="Aino"), person(name="A. Virta")
    said(older, "message_received", MONDAY)
    said(newer, "message_received", MONDAY + HOUR)
    said(newer, "message_received", MONDAY + 3 * HOUR)
    apart = clocks()
    merge = merge_contacts(first=older, second=newer, source=source())
    assert clocks() == [(19, 3, None, False, None, None)]

    said(newer, "message_answered", MONDAY + 2 * HOUR)
    assert clocks() == [(19, 2, 21, False, 7200, True), (22, 1, None, False, None, None)]
    cut_merge(merge=merge)

    assert apart == [(19, 1, None, False, None, None), (20, 2, None, False, None, None)]
    assert clocks(older) == [(19, 1, None, False, None, None)]
    assert clocks(newer) == [(20, 1, 21, False, 3600, True), (22, 1, None, False, None, None)]


def test_no_answer_needed_is_an_event_and_its_undo_a_retraction():
    who, user = person(name="Aino"), make_user(role=Role.MANAGER)
    by = Principal(user=user)
    said(who, "message_received", NOON)
    clocks()
    clock = AnswerClock.objects.get()
    first, again = waive_answer(clock=clock, by=by), waive_answer(clock=clock, by=by)
    assert (first.pk, first.by, [row[3] for row in clocks()]) == (again.pk, user, [True])

    retract_event(event=first)
    assert clocks() == [(0, 1, None, False, None, None)]
    second = waive_answer(clock=AnswerClock.objects.get(), by=by)
    assert second.pk != first.pk
    assert [row[3] for row in clocks()] == [True]


def test_erasing_leaves_no_clock_and_no_notice(django_capture_on_commit_callbacks):
    who, boss = person(name="Aino"), make_user(role=Role.ADMIN)
    said(who, "message_received", NOON)
    clocks()
    watch_answers()
    assert Notice.objects.count() > 0
    with django_capture_on_commit_callbacks(execute=True):
        erase_contact(contact=who, by=Principal(user=boss))

    assert (list(AnswerClock.objects.all()), list(Notice.objects.all())) == ([], [])


def test_another_calendar_moves_the_deadlines_of_running_clocks_only():
    team = make_team()
    boss = make_user(role=Role.ADMIN)
    who, done = person(name="Aino", team=team), person(name="Onni", team=team)
    for one in (who, done):
        said(one, "message_received", MONDAY)
    said(done, "message_answered", MONDAY + 3 * HOUR)
    before = clocks(done)
    week = [[(9 * 60, 17 * 60)]] * 5 + [[], []]
    set_work_week(
        team=team, by=Principal(user=boss), time_zone="Europe/Helsinki", week=week,
        holidays={"2026-03-02": "Day off"}, target_minutes=60,
    )  # fmt: skip

    clock = AnswerClock.objects.get(contact=who)
    assert (clock.due_at, clock.late_at) == (MONDAY + 25 * HOUR, MONDAY + 26 * HOUR)
    assert clocks(done) == before


def test_each_is_told_once_of_what_is_overdue():
    team, other = make_team(), make_team()
    boss, chief = make_user(role=Role.MANAGER, team=team), make_user(role=Role.MANAGER, team=other)
    owner, helper = make_user(team=team), make_user(team=team)
    who = person(name="Aino", owner=owner)
    said(who, "message_received", NOON)
    clocks()
    given = give_clock(clock=AnswerClock.objects.get(), by=Principal(user=boss), to=helper)
    first, second = watch_answers(), watch_answers()

    told = sorted(Notice.objects.values_list("user", "kind", "contact"))
    assert (given.holder, first, second) == (helper, 2, 0)
    tells = {"to_answer": [helper], "overdue": [helper, boss], "late": [boss, chief]}
    assert told == sorted((user.pk, kind, who.pk) for kind, users in tells.items() for user in users)


def test_where_there_is_no_manager_the_admins_are_told():
    admin, owner = make_user(role=Role.ADMIN), make_user()
    said(person(owner=owner), "message_received", NOON)
    clocks()
    watch_answers()

    assert list(Notice.objects.filter(kind="overdue").order_by("user").values_list("user", flat=True)) == [
        admin.pk, owner.pk
    ]  # fmt: skip


def test_nobody_is_told_of_somebody_who_was_answered_though_that_is_not_folded_yet():
    who = person(owner=make_user())
    said(who, "message_received", NOON)
    clocks()
    said(who, "message_answered", NOON + HOUR)

    assert (watch_answers(), Notice.objects.count()) == (0, 0)
    advance_everything()
    assert watch_answers() == 0


def test_whoever_takes_what_somebody_else_took_meanwhile_is_told_so():
    first, second = (Principal(user=make_user(role=Role.ADMIN, name=name)) for name in ("Aino", "Onni"))
    said(person(), "message_received", NOON)
    clocks()
    clock = AnswerClock.objects.get()
    take_clock(clock=clock, by=first, seen=None)
    with pytest.raises(ValidationError) as refusal:
        take_clock(clock=clock, by=second, seen=None)
    still = AnswerClock.objects.get()
    knowing = take_clock(clock=clock, by=second, seen=still.holder_id).holder

    assert (refusal.value.messages, still.holder, knowing) == (["Aino has it meanwhile."], first.user, second.user)
