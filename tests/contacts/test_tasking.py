"""Tasks: what somebody means to do for a person, and who may."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import override_settings
from django.utils import timezone

from contacts.merging import merge_contacts
from contacts.models import Task
from contacts.tasking import (
    add_task,
    change_task,
    drop_task,
    finish_task,
    move_task,
    postpone_task,
    reopen_task,
)
from staff.models import AuditRecord, Role
from staff.policy import Principal
from tests.factories import make_contact, make_team, make_user

pytestmark = pytest.mark.django_db
TOMORROW = timezone.now() + timedelta(days=1)


def principal(role: Role = Role.ADMIN, **fields) -> Principal:
    return Principal(user=make_user(role=role, **fields))


def test_a_task_is_its_makers_unless_somebody_is_named():
    jukka, laura = principal(), make_user()
    aino = make_contact(name="Aino")

    own = add_task(contact=aino, by=jukka, title="  Send the \n offer ", due_at=TOMORROW)
    hers = add_task(contact=aino, by=jukka, title="Call", kind="call", due_at=TOMORROW, assignee=laura)

    assert (own.title, own.kind, own.assignee, own.created_by) == ("Send the offer", "todo", jukka.user, jukka.user)
    assert list(Task.objects.open().for_user(laura)) == [hers]
    assert list(Task.objects.open().due_by(TOMORROW - timedelta(seconds=1))) == []


def test_a_task_is_done_once_and_can_be_taken_up_again():
    jukka = principal()
    task = add_task(contact=make_contact(), by=jukka, title="Call", due_at=TOMORROW)

    done = finish_task(task=task, by=jukka)
    with pytest.raises(ValidationError) as again:
        finish_task(task=task, by=jukka)

    assert (done.done_by, again.value.code) == (jukka.user, "already_done")
    assert not Task.objects.open().exists()
    assert reopen_task(task=task, by=jukka).done_at is None
    with pytest.raises(ValidationError) as twice:
        reopen_task(task=task, by=jukka)
    assert twice.value.code == "not_done"


def test_a_task_says_what_and_reminds_before_it_is_due():
    jukka, aino = principal(), make_contact()

    refused = {}
    wrong: dict[str, dict[str, Any]] = {
        "no title": {"title": " "},
        "late reminder": {"title": "Call", "remind_at": TOMORROW + timedelta(hours=1)},
        "no such kind": {"title": "Call", "kind": "sing"},
        "too long": {"title": "x" * 201},
    }
    for name, said in wrong.items():
        with pytest.raises(ValidationError) as error:
            add_task(contact=aino, by=jukka, due_at=TOMORROW, **said)
        refused[name] = list(error.value.message_dict)

    assert refused == {
        "no title": ["title"],
        "late reminder": ["remind_at"],
        "no such kind": ["kind"],
        "too long": ["title"],
    }
    assert not Task.objects.exists()


def test_nobody_is_given_a_task_about_somebody_they_do_not_see():
    jukka, elses = principal(), make_contact(owner=make_user(team=make_team()))
    stranger = make_user(role=Role.SALES)

    with pytest.raises(ValidationError) as refusal:
        add_task(contact=elses, by=jukka, title="Call", due_at=TOMORROW, assignee=stranger)

    assert list(refusal.value.message_dict) == ["assignee"]


def test_tasks_are_seen_by_those_who_see_the_person():
    jukka, seller = principal(), principal(Role.SALES)
    elses, own = make_contact(owner=make_user()), make_contact(owner=seller.user)
    add_task(contact=elses, by=jukka, title="Call", due_at=TOMORROW)
    task = add_task(contact=own, by=jukka, title="Call", due_at=TOMORROW)

    assert list(Task.objects.visible_to(seller)) == [task]
    assert Task.objects.visible_to(jukka).count() == 2


def test_tasks_of_merged_contacts_are_the_persons():
    jukka = principal()
    first, second = make_contact(), make_contact()
    task = add_task(contact=second, by=jukka, title="Call", due_at=TOMORROW)

    merge_contacts(first=first, second=second)

    assert list(Task.objects.about(first.pk)) == [task]


def test_what_was_done_to_a_task_is_on_the_trail():
    jukka = principal()
    task = add_task(contact=make_contact(), by=jukka, title="Call", due_at=TOMORROW)
    changed = change_task(task=task, by=jukka, title="Call at ten")
    finish_task(task=task, by=jukka)
    drop_task(task=task, by=jukka)

    trail = AuditRecord.objects.filter(object_kind="task").order_by("pk")
    assert changed.title == "Call at ten"
    assert list(trail.values_list("action", flat=True)) == ["task_added", "task_changed", "task_done", "task_dropped"]
    assert not Task.objects.exists()


def test_a_task_of_the_31st_stays_one_though_its_words_are_changed_in_a_shorter_month():
    jukka, zone = principal(), timezone.get_default_timezone()
    year = timezone.localdate().year + 1
    due = datetime(year, 1, 31, 9, tzinfo=zone)
    task = add_task(contact=make_contact(), by=jukka, title="Pay the rent", due_at=due, repeat="P1M")
    finish_task(task=task, by=jukka)
    february = Task.objects.get(follows=task)
    change_task(task=february, by=jukka, title="Pay the rent, and the heating")
    finish_task(task=Task.objects.get(pk=february.pk), by=jukka)
    march = Task.objects.get(follows=february)

    days = [timezone.localtime(one.due_at, zone).strftime("%d.%m. %H") for one in (february, march)]
    assert [days[0][:5] in {"28.02", "29.02"}, days[1]] == [True, "31.03. 09"]


@pytest.mark.parametrize(
    ("repeat", "due_on", "put_off_by", "next_on"),
    [
        ("P1M", date(2027, 1, 31), 1, date(2027, 2, 28)),  # into February, and February's is still to come
        ("P1M", date(2027, 1, 31), 28, date(2027, 3, 31)),  # to the day of February's: this one stands for both
        ("P1M", date(2027, 2, 28), 1, date(2027, 3, 28)),
        ("P3M", date(2027, 1, 31), 1, date(2027, 4, 30)),
        ("P1Y", date(2028, 2, 29), 1, date(2029, 2, 28)),
        ("P1W", date(2027, 3, 1), 2, date(2027, 3, 8)),  # a Monday's is one of Mondays, though done on a Wednesday
        ("P1W", date(2027, 3, 1), 7, date(2027, 3, 15)),
    ],
)
def test_a_task_that_was_put_off_comes_again_on_its_own_day(repeat: str, due_on: date, put_off_by: int, next_on: date):
    jukka, zone = principal(), timezone.get_default_timezone()
    due = datetime.combine(due_on, time(9), zone)
    task = add_task(contact=make_contact(), by=jukka, title="Bill", due_at=due, repeat=repeat)
    finish_task(task=postpone_task(task=task, by=jukka, days=put_off_by), by=jukka)

    assert Task.objects.get(follows=task).due_at == datetime.combine(next_on, time(9), zone)


def test_a_task_of_the_31st_that_is_put_off_in_each_month_is_one_of_the_31st_in_the_end():
    jukka, zone = principal(), timezone.get_default_timezone()
    task = add_task(
        contact=make_contact(), by=jukka, title="Bill", due_at=datetime(2027, 1, 31, 9, tzinfo=zone), repeat="P1M"
    )
    days = []
    for _month in range(5):
        days.append(timezone.localdate(task.due_at, zone).strftime("%d.%m."))
        finish_task(task=postpone_task(task=task, by=jukka, days=1), by=jukka)
        task = Task.objects.get(follows=task)

    assert days == ["31.01.", "28.02.", "31.03.", "30.04.", "31.05."]


def test_a_task_that_is_changed_to_another_day_comes_again_on_that_day():
    jukka, zone = principal(), timezone.get_default_timezone()
    monday = datetime(2027, 3, 1, 9, tzinfo=zone)
    task = add_task(contact=make_contact(), by=jukka, title="Report", due_at=monday, repeat="P1W")
    put_off = postpone_task(task=task, by=jukka, days=1)
    finish_task(task=change_task(task=put_off, by=jukka, due_at=monday + timedelta(days=3)), by=jukka)

    assert Task.objects.get(follows=task).due_at == monday + timedelta(days=10)


def test_a_task_taken_up_again_after_the_next_one_was_done_leaves_no_second_one_behind():
    jukka = principal()
    task = add_task(contact=make_contact(), by=jukka, title="Report", due_at=TOMORROW, repeat="P1W")
    finish_task(task=task, by=jukka)
    following = Task.objects.get(follows=task)
    finish_task(task=following, by=jukka)
    reopen_task(task=task, by=jukka)
    finish_task(task=task, by=jukka)

    assert list(Task.objects.open().values_list("follows", flat=True)) == [following.pk]
    assert Task.objects.count() == 3


def test_a_task_keeps_its_hour_when_it_is_moved_over_the_change_of_the_clocks():
    jukka, helsinki = principal(), ZoneInfo("Europe/Helsinki")
    due = datetime(2027, 3, 26, 9, tzinfo=helsinki)  # a Friday before the clocks go forward
    remind_at = due - timedelta(minutes=30)
    task = add_task(contact=make_contact(), by=jukka, title="Call", due_at=due, remind_at=remind_at)
    with override_settings(TIME_ZONE="Europe/Helsinki"):
        moved = move_task(task=task, by=jukka, day=date(2027, 3, 29))

    assert (moved.due_at, moved.remind_at) == (
        datetime(2027, 3, 29, 9, tzinfo=helsinki),
        datetime(2027, 3, 29, 8, 30, tzinfo=helsinki),
    )


def test_the_database_takes_no_reminder_after_the_end():
    task = add_task(contact=make_contact(), by=principal(), title="Call", due_at=TOMORROW)

    with pytest.raises(IntegrityError, match="task_reminds_before_it_is_due"), transaction.atomic():
        Task.objects.filter(pk=task.pk).update(remind_at=TOMORROW + timedelta(days=1))
