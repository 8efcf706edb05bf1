"""Today and the inbox: who waits, what is due, what came in; and how soon we answer."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from contacts.models import AnswerClock, Event, Task
from contacts.tasking import add_task
from funnel.advancing import advance_everything
from staff.models import Role, User, WorkWeek
from staff.policy import Principal
from staff.worktime import DAY_MIN
from tests.desk.scenes import ago, at_desk, queries_for
from tests.factories import make_team, make_user
from tests.funnel.worlds import happened, install, person

pytestmark = pytest.mark.django_db
ALWAYS = [[[0, DAY_MIN]]] * 7


@pytest.fixture(autouse=True)
def _ground() -> None:
    """Everybody works round the clock here, so that the tests do not depend on the hour."""
    install()
    WorkWeek.objects.create(team=None, time_zone="Europe/Helsinki", week=ALWAYS)


def asks(hours: float, name: str, text: str = "What does it cost?", **fields: Any) -> Event:
    at = timezone.now() - timedelta(hours=hours)
    who = person(name=name, **fields)
    return happened(who, "message_received", at, recorded_at=at, properties={"text": text})


def test_the_headline_counts_who_waits_and_what_is_overdue():
    client, user = at_desk()
    empty = client.get("/today").context["headline"]
    asks(3.21, "Aino")
    asks(1, "Onni")
    advance_everything()
    add_task(contact=person(name="Sari"), by=Principal(user=user), title="Call", due_at=ago(1))

    assert empty == "Nobody waits and nothing is due. Good."
    assert client.get("/today").context["headline"] == (
        "2 people wait for an answer, the oldest for 3 h 12 min. 1 task is overdue."
    )


def test_the_inbox_shows_whose_time_runs_out_first_and_hides_whom_somebody_answered():
    client, user = at_desk(Role.SALES)
    mine, other = asks(1, "Mine", owner=user), asks(3, "Other")
    asks(2, "Foreign", owner=make_user(team=make_team()))
    advance_everything()

    def shown(address: str) -> list[tuple[str, bool, str]]:
        lines = client.get(address).context["inbox"].lines
        return [(one.name, one.is_overdue, one.words) for one in lines]

    waiting = [("Other", True, "What does it cost?"), ("Mine", False, "What does it cost?")]
    assert shown("/inbox") == waiting
    assert (shown("/inbox?whose=mine"), shown("/inbox?whose=nobody")) == (waiting[1:], waiting[:1])
    happened(other.contact, "call_held", ago(0), by_id=user.pk)  # recorded, and not folded yet
    assert shown("/inbox?cursor=made-up") == waiting[1:]
    assert mine.contact.owner == user


def test_who_waits_for_somebody_on_leave_or_gone_stands_with_those_nobody_has():
    client, _user = at_desk(Role.ADMIN)
    away, left, here = make_user(name="Away"), make_user(name="Left"), make_user(name="Here")
    for hours, name, owner in ((1, "Aino", away), (2, "Onni", left), (3, "Sari", here), (4, "Nobody's", None)):
        asks(hours, name, owner=owner)
    advance_everything()
    User.objects.filter(pk=away.pk).update(is_away=True)
    User.objects.filter(pk=left.pk).update(is_active=False)

    page = client.get("/inbox?whose=nobody")

    lines = page.context["inbox"].lines
    assert [(one.name, one.is_gone) for one in lines] == [("Nobody's", False), ("Onni", True), ("Aino", True)]
    assert page.text.count("(not there)") == 2


def test_somebody_takes_gives_and_waives_and_takes_that_back():
    client, user = at_desk(name="Laura")
    helper = make_user(name="Mikko")
    asks(1, "Aino")
    advance_everything()
    clock = AnswerClock.objects.get()
    client.post(f"/inbox/{clock.pk}/take")
    taken = AnswerClock.objects.get().holder
    client.post(f"/inbox/{clock.pk}/give", {"to": helper.pk})
    assert f'name="seen" value="{helper.pk}"' in client.get("/inbox").content.decode()
    client.post(f"/inbox/{clock.pk}/take", {"seen": ""})
    given = AnswerClock.objects.get().holder
    page = client.post(f"/inbox/{clock.pk}/waive", follow=True)
    advance_everything()
    waived = AnswerClock.objects.get()
    said = list(page.context["messages"])[-1]
    client.post("/undo", {"token": said.extra_tags})
    advance_everything()

    assert (taken, given, str(said)) == (user, helper, "Aino needs no answer.")
    assert (waived.is_waived, waived.answered_by, AnswerClock.objects.get().is_running) == (True, user, True)


def test_taking_and_giving_an_answer_are_undone_unless_somebody_has_it_meanwhile():
    client, user = at_desk(name="Laura")
    mikko, elina = make_user(name="Mikko"), make_user(name="Elina")
    asks(1, "Aino")
    advance_everything()
    clock = AnswerClock.objects.get()

    def done(deed: str, **posted: Any) -> Any:
        client.post(f"/inbox/{clock.pk}/{deed}", posted)
        *_before, said = client.get("/inbox").context["messages"]
        return said

    def undone(said: Any) -> tuple[str, User | None]:
        client.post(said.extra_tags)
        *_before, answer = client.get("/inbox").context["messages"]
        return str(answer), AnswerClock.objects.get().holder

    taken = undone(done("take"))
    done("give", to=mikko.pk)
    given = undone(done("give", to=elina.pk))
    late = done("give", to=elina.pk)
    done("take")

    assert taken == ("Whoever owns Aino answers.", None)
    assert given == ("Mikko answers Aino.", mikko)
    assert undone(late) == ("Laura has it meanwhile.", user)
    client.post(f"/inbox/{clock.pk}/restore?was=made-up")
    assert AnswerClock.objects.get().holder == user


def test_a_task_that_comes_again_leaves_the_next_one_and_undo_takes_it_back():
    client, user = at_desk()
    contact = person(name="Aino")
    by = Principal(user=user)
    due = timezone.now().replace(microsecond=0) - timedelta(days=1)
    task = add_task(contact=contact, by=by, title="Ask how it goes", due_at=due, repeat="P2W")
    client.post(f"/tasks/{task.pk}/done")
    coming = Task.objects.get(follows=task)
    client.post(f"/tasks/{task.pk}/reopen")

    assert (timezone.localdate(coming.due_at) - timezone.localdate(due), coming.repeat) == (timedelta(days=14), "P2W")
    assert list(Task.objects.open()) == [task]


def test_a_task_is_put_off_to_a_day_that_is_still_to_come_and_that_is_undone():
    client, user = at_desk()
    by = Principal(user=user)
    now = timezone.now().replace(microsecond=0)
    late = add_task(contact=person(), by=by, title="Late", due_at=now - timedelta(days=3))
    soon = add_task(contact=person(), by=by, title="Soon", due_at=now + timedelta(days=2), remind_at=now)
    for task in (late, soon):
        client.post(f"/tasks/{task.pk}/postpone/1")
        task.refresh_from_db()

    today = timezone.localdate()
    assert [timezone.localdate(task.due_at) - today for task in (late, soon)] == [timedelta(days=1), timedelta(days=3)]
    assert soon.due_at - (soon.remind_at or now) == timedelta(days=2)

    *_before, said = client.get("/today").context["messages"]
    client.post(said.extra_tags)
    soon.refresh_from_db()
    assert (soon.due_at, soon.remind_at) == (now + timedelta(days=2), now)


def test_today_shows_mine_with_what_nobody_has_or_all_one_sees():
    client, user = at_desk(Role.SALES)
    mate, by = make_user(name="Elina"), Principal(user=make_user(role=Role.ADMIN))
    mine, nobodys = person(name="Aino", owner=user), person(name="Onni")
    team = make_team()
    User.objects.filter(pk__in=[user.pk, mate.pk]).update(team=team)
    hers = person(name="Sari", owner=mate, team=team)
    for who, assignee in ((mine, user), (nobodys, None), (hers, mate)):
        add_task(contact=who, by=by, title=f"Call {who}", due_at=ago(1), assignee=assignee)
        happened(who, "message_received", ago(1), properties={"text": "Well?"})
    advance_everything()

    def shown(whose: str) -> list[Any]:
        context = client.get("/today", {"whose": whose}).context
        tasks = [(task.title, task.who_name) for task in context["tasks"].overdue]
        return [context["headline"], sorted(tasks), sorted(one.name for one in context["first"])]

    assert shown("mine") == [
        "2 people wait for an answer, the oldest for 1 d. 1 task is overdue.",
        [("Call Aino", user.name or user.email)],
        ["Aino", "Onni"],
    ]
    assert shown("all") == [
        "3 people wait for an answer, the oldest for 1 d. 3 tasks are overdue.",
        [("Call Aino", user.name or user.email), ("Call Onni", ""), ("Call Sari", "Elina")],
        ["Aino", "Onni", "Sari"],
    ]
    drawn = client.get("/today", {"whose": "all"}).content.decode()
    assert "Elina" in drawn
    assert "nobody has it" in drawn


def test_more_overdue_tasks_than_are_shown_are_not_counted_as_if_they_were_all():
    client, user = at_desk()
    who, by = person(name="Sari"), Principal(user=user)
    for number in range(61):
        add_task(contact=who, by=by, title=f"Call {number}", due_at=ago(number + 1))

    context = client.get("/today").context
    assert context["headline"] == "More than 60 tasks are overdue."
    assert [len(context["tasks"].overdue), context["tasks"].has_more] == [60, True]


def test_ones_own_tasks_stand_before_a_few_of_others():
    client, user = at_desk()
    who, by, mate = person(name="Sari"), Principal(user=user), make_user()
    for number in range(61):
        add_task(contact=who, by=by, title=f"Theirs {number}", due_at=ago(number + 2), assignee=mate)
    add_task(contact=who, by=by, title="Mine", due_at=ago(1))

    tasks = client.get("/today").context["tasks"]
    drawn = client.get("/today").content.decode()
    assert [task.title for task in tasks.shown(tasks.overdue)][:2] == ["Mine", "Theirs 60"]
    assert (len(tasks.shown(tasks.overdue)), tasks.hides_some) == (6, True)
    assert "More stand in the week of tasks." in drawn


def test_what_came_in_is_new_leads_moves_and_recalls_each_with_its_cause():
    client, _user = at_desk(name="Laura")
    lead, buyer, back, later = (person(name=name) for name in ("Lead", "Buyer", "Back", "Later"))
    happened(lead, "quote_requested", ago(0.2))
    happened(buyer, "quote_requested", ago(9))
    happened(buyer, "order_completed", ago(0.1), value_minor=100, currency="EUR")
    happened(back, "order_completed", ago(9), value_minor=100, currency="EUR")
    happened(back, "order_refunded", ago(0.15))
    happened(later, "quote_requested", ago(5))
    happened(later, "postponed", ago(4), properties={"until": timezone.localdate().isoformat()})
    advance_everything()
    came = client.get("/today").context["came"]

    def told(lines: Any) -> list[tuple[str, str]]:
        return [(one.name, one.cause.type.key if one.cause else "") for one in lines]

    assert told(came.leads) == [("Lead", "quote_requested")]
    assert told(came.moves) == [("Buyer", "order_completed"), ("Back", "order_refunded")]


def test_the_report_measures_what_was_answered_and_tells_the_rest_apart():
    team = make_team("North")
    client, user = at_desk(name="Laura", team=team)
    for hours, answered in ((5, 4), (6, 3), (7, 1)):
        asked = asks(hours, f"Asked {hours} h ago", team=team)
        at = timezone.now() - timedelta(hours=answered)
        happened(asked.contact, "message_answered", at, recorded_at=at, by_id=user.pk)
    asks(2, "Waits", team=team)
    advance_everything()
    context = client.get("/inbox/answers").context
    by = {table.name: table.lines for table in context["tables"]}
    [figures] = by["team"]
    csv = client.get("/inbox/answers/team.csv").text.splitlines()

    assert (figures.label, figures.n, figures.median_text, figures.in_time, figures.running) == (
        "North",
        3,
        "3 h",
        1,
        1,
    )
    assert [(one.label, one.n) for one in by["person"]] == [("Laura", 3), ("Nobody yet", 0)]
    assert [(one.label, one.n) for one in by["source"]] == [("shop", 3)]
    assert csv[1] == "North,3,180.0,324.0,1,0,1"


@pytest.mark.parametrize(("address", "most"), [("/today", 26), ("/inbox", 16), ("/inbox/answers", 18)])
def test_a_page_asks_as_much_for_many_as_for_one(address, most):
    client, user = at_desk(Role.SALES)
    asks(1, "First", owner=user)
    advance_everything()
    few = len(queries_for(client, address))
    for number in range(8):
        asks(number, f"One more {number}", owner=user)
        happened(person(owner=user), "quote_requested", ago(0.1))
        add_task(contact=person(owner=user), by=Principal(user=user), title="Call", due_at=ago(1))
    advance_everything()

    many = len(queries_for(client, address))
    assert many - few <= 3
    assert many <= most
