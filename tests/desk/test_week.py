"""The week of tasks: whose, on which day, and what is done to many of them at once and taken back."""

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from django.utils import timezone

from contacts.models import Contact, Task
from contacts.tasking import add_task
from crm.desk.today.many import AT_ONCE
from staff.models import Role, User, WorkWeek
from staff.policy import Principal
from tests.desk.scenes import at_desk, queries_for
from tests.factories import make_team, make_user
from tests.funnel.worlds import install, person

pytestmark = pytest.mark.django_db
MONDAY = timezone.localdate() + timedelta(days=7 - timezone.localdate().weekday())  # of the week to come


@pytest.fixture(autouse=True)
def _ground() -> None:
    install()


def due(day: date, hour: int = 9) -> datetime:
    return timezone.make_aware(datetime.combine(day, time(hour)))


def task(title: str, day: date, by: User, **fields: Any) -> Task:
    contact: Contact = fields.pop("contact", None) or person(name="Aino")
    return add_task(contact=contact, by=Principal(user=by), title=title, due_at=due(day), **fields)


def titles(client: Any, **asked: str) -> list[list[str]]:
    """What stands on each day of the week to come."""
    week = client.get("/tasks", {"day": MONDAY.isoformat()} | asked).context["week"]
    return [[one.title for one in day.tasks] for day in week.days]


def said(client: Any) -> Any:
    *_before, last = client.get("/tasks").context["messages"]
    return last


def test_the_week_shows_each_task_on_its_day_and_in_the_hands_one_asks_for():
    team = make_team("North")
    client, user = at_desk(Role.MANAGER, team=team)
    mate, other = make_user(team=team), make_user(role=Role.MANAGER)
    gone = make_user(is_active=False, role=Role.MANAGER)
    task("Mine", MONDAY, user)
    task("Hers", MONDAY + timedelta(days=2), user, assignee=mate)
    task("Another team's", MONDAY + timedelta(days=6), user, assignee=other)
    Task.objects.filter(pk=task("Orphan", MONDAY, user).pk).update(assignee=gone)
    task("Next week's", MONDAY + timedelta(days=7), user)

    assert titles(client) == [["Mine"], [], [], [], [], [], []]
    assert titles(client, whose="team") == [["Mine"], [], ["Hers"], [], [], [], []]
    assert titles(client, whose="all") == [["Mine", "Orphan"], [], ["Hers"], [], [], [], ["Another team's"]]
    assert titles(client, whose="nobody") == [["Orphan"], [], [], [], [], [], []]
    assert titles(client, whose=str(mate.pk)) == [[], [], ["Hers"], [], [], [], []]
    mate.is_away = True
    mate.save()
    assert titles(client, whose="nobody") == [["Orphan"], [], ["Hers"], [], [], [], []]


def test_the_headline_names_the_week_it_tells_of():
    client, user = at_desk()
    number = MONDAY.isocalendar().week

    def headline(language: str, **asked: str) -> str:
        User.objects.filter(pk=user.pk).update(language=language)
        page = client.get("/tasks", asked).content.decode()
        return page.partition('<h1 class="t-display up-4">')[2].partition("</h1>")[0]

    to_come = MONDAY.isoformat()
    said = [headline(language, **asked) for asked in ({"day": to_come}, {}) for language in ("en", "fi")]
    task("First", MONDAY, user)
    assert said == [
        f"Nothing is to be done in week {number}.",
        f"Viikolla {number} ei ole tehtävää.",
        "Nothing is to be done this week.",
        "Tällä viikolla ei ole tehtävää.",
    ]
    assert headline("en", day=to_come) == f"1 task is to be done in week {number}."
    assert headline("fi", day=to_come) == f"1 tehtävä viikolla {number}."


def test_a_seller_sees_no_task_about_people_of_others():
    client, user = at_desk(Role.SALES)
    foreign = make_user(team=make_team())
    admin = make_user(role=Role.ADMIN)
    task("Foreign", MONDAY, admin, contact=person(name="Theirs", owner=foreign), assignee=foreign)
    task("Mine", MONDAY, user)

    assert titles(client, whose="all") == [["Mine"], [], [], [], [], [], []]
    assert titles(client, whose=str(foreign.pk)) == [[]] * 7


def test_what_is_late_stands_above_this_week_and_days_off_are_named():
    client, user = at_desk()
    week = [[[540, 1020]]] * 5 + [[], []]
    WorkWeek.objects.create(time_zone="Europe/Helsinki", week=week, holidays={MONDAY.isoformat(): "Epiphany"})
    task("Long ago", MONDAY - timedelta(days=30), user)

    now, coming = (client.get("/tasks", asked).context["week"] for asked in ({}, {"day": MONDAY.isoformat()}))
    assert ([one.title for one in now.late], list(coming.late)) == (["Long ago"], [])
    assert [(day.off, day.is_workday) for day in coming.days] == [
        ("Epiphany", True), *[("", True)] * 4, *[("", False)] * 2
    ]  # fmt: skip


def test_many_are_done_put_off_moved_or_given_at_once_and_all_of_it_is_undone():
    client, user = at_desk()
    mate = make_user()
    first = task("First", MONDAY, user, remind_at=due(MONDAY, 8), repeat="P1W")
    second = task("Second", MONDAY + timedelta(days=1), user)
    both = [first.pk, second.pk]
    before = list(Task.objects.order_by("pk").values("due_at", "remind_at", "assignee", "done_at"))

    def after(**posted: Any) -> list[Any]:
        client.post("/tasks/many", {"task": both} | posted)
        now = Task.objects.open().order_by("due_at", "pk").values_list("title", "due_at", "assignee")
        found = [(title, timezone.localdate(at) - MONDAY, who) for title, at, who in now]
        message = said(client)
        client.post(message.extra_tags)
        assert list(Task.objects.order_by("pk").values("due_at", "remind_at", "assignee", "done_at")) == before
        return [str(message), *found]

    day, me = timedelta(days=1), user.pk
    assert after(deed="done") == ["2 tasks are done.", ("First", 7 * day, me)]  # it comes again
    assert after(deed="day") == ["2 tasks are put off.", ("First", day, me), ("Second", 2 * day, me)]
    assert after(deed="week") == ["2 tasks are put off.", ("First", 7 * day, me), ("Second", 8 * day, me)]
    friday = (MONDAY + 4 * day).isoformat()
    assert after(deed="move", day=friday)[1:] == [("First", 4 * day, me), ("Second", 4 * day, me)]
    assert after(deed="give", to=mate.pk) == [
        f"{mate} has 2 tasks more.", ("First", timedelta(), mate.pk), ("Second", day, mate.pk)
    ]  # fmt: skip


def test_undo_of_moving_or_changing_a_task_has_it_come_again_as_it_did():
    client, user = at_desk()
    bill = task("Bill", date(2027, 1, 31), user, repeat="P1M")
    client.post(f"/tasks/{bill.pk}/done")
    [february] = Task.objects.open()

    def comes_again() -> list[Any]:
        february.refresh_from_db()
        return [timezone.localdate(february.due_at), february.repeat_day, february.turn_on]

    as_it_was = comes_again()
    change = {"title": "Bill", "kind": "todo", "due": "2027-02-15", "at_time": "09:00", "repeat": "P1M"}
    for address, posted in [
        ("/tasks/many", {"task": [february.pk], "deed": "day"}),
        (f"/tasks/{february.pk}/postpone/7", {}),
        (f"/tasks/{february.pk}/change", change | {"assignee": user.pk}),
    ]:
        client.post(address, posted)
        assert comes_again() != as_it_was
        client.post(said(client).extra_tags)
        assert comes_again() == as_it_was == [date(2027, 2, 28), 31, None]


def test_the_task_of_somebody_who_left_is_put_off_and_changed_and_stays_theirs_until_it_is_given():
    client, user = at_desk()
    gone = make_user(name="Gone")
    theirs = task("Call", MONDAY, user, assignee=gone)
    User.objects.filter(pk=gone.pk).update(is_active=False)
    client.post("/tasks/many", {"task": [theirs.pk], "deed": "day"})
    put_off = str(said(client))
    form = client.get(f"/tasks/{theirs.pk}/change").context["form"]
    offered = [str(label) for _value, label in form["assignee"].field.choices]
    changed = {"title": "Call again", "kind": "todo", "due": MONDAY.isoformat(), "at_time": "10:00"}
    client.post(f"/tasks/{theirs.pk}/change", changed | {"assignee": gone.pk})
    theirs.refresh_from_db()

    assert put_off == "1 task is put off."
    assert offered[0] == "nobody"
    assert "Gone" in offered
    assert (theirs.title, theirs.due_at, theirs.assignee) == ("Call again", due(MONDAY, 10), gone)


def test_what_cannot_be_given_is_said_and_the_rest_is_given():
    client, user = at_desk()
    mate = make_user(role=Role.SALES, team=make_team())
    hers = task("Hers to see", MONDAY, user, contact=person(name="Aino", owner=mate))
    foreign = task("Not hers", MONDAY, user, contact=person(name="Onni", owner=make_user(team=make_team())))

    client.post("/tasks/many", {"task": [hers.pk, foreign.pk], "deed": "give", "to": mate.pk})

    assert str(said(client)) == f"{mate} has 1 task more. {mate} does not see this person."
    assert list(Task.objects.order_by("pk").values_list("assignee", flat=True)) == [mate.pk, user.pk]


@pytest.mark.parametrize(
    ("posted", "words"),
    [
        ({"deed": "done"}, "Choose some tasks first."),
        ({"deed": "done", "task": range(1, AT_ONCE + 2)}, f"No more than {AT_ONCE} tasks at once."),
        ({"deed": "move", "day": "2026-02-30"}, "Say to which day."),
        ({"deed": "give", "to": "x"}, "Say to whom."),
        ({"deed": "give", "to": "9" * 40}, "Say to whom."),
    ],
)
def test_a_deed_that_cannot_be_is_refused_in_words(posted, words):
    client, user = at_desk()
    one = task("One", MONDAY, user)
    if "Choose" not in words:
        posted = {"task": [one.pk]} | posted

    client.post("/tasks/many", posted)

    assert str(said(client)) == words
    assert Task.objects.open().get().due_at == one.due_at


def test_an_undo_that_somebody_made_up_or_that_is_anothers_changes_nothing():
    client, user = at_desk()
    one = task("One", MONDAY, user)
    client.post("/tasks/many", {"task": [one.pk], "deed": "week"})
    theirs = said(client).extra_tags
    other, _somebody = at_desk()
    for address in (theirs, "/tasks/many/restore?was=made:up"):
        other.post(address)
        assert str(said(other)) == "This cannot be undone any more."

    one.refresh_from_db()
    assert timezone.localdate(one.due_at) == MONDAY + timedelta(days=7)


def test_a_week_asks_as_much_for_many_tasks_as_for_one():
    client, user = at_desk(Role.ADMIN)
    for number in range(3):
        task(f"Task {number}", MONDAY, user)
    few = len(queries_for(client, f"/tasks?day={MONDAY}&whose=all"))
    for number in range(20):
        task(f"More {number}", MONDAY, user, contact=person(name=f"Somebody {number}"), assignee=make_user())

    assert len(queries_for(client, f"/tasks?day={MONDAY}&whose=all")) == few
