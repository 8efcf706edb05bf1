"""New leads are given away fairly, once, and never over a decision; notices; hours; the mail of the morning."""

import threading
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
from django.core import mail
from django.db import connection, transaction
from django.utils import timezone

from contacts.models import AnswerClock, Contact, Event, Notice, NoticeKind
from contacts.noticing import notify
from contacts.services import update_contact
from crm.assigning import assign_lead, save_rule, undo_assignment
from crm.models import Assignment, AssignmentTurn, MorningMail
from crm.morning import send_morning_mails
from funnel.advancing import advance_everything
from funnel.effects import run_due_effects
from staff.models import Role, Team, User, WorkWeek
from staff.policy import Principal
from tests.callers import make_caller
from tests.campaigns.mail_server import mail_server
from tests.desk.scenes import asker, at_desk
from tests.factories import make_team, make_user
from tests.funnel.worlds import happened, install, person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _ground() -> None:
    install()


def crew(*names: str, **fields: Any) -> tuple[Team, list[User], Principal]:
    team = make_team("North")
    boss = Principal(user=make_user(role=Role.MANAGER, name="Boss"))
    return team, [make_user(name=name, team=team, **fields) for name in names], boss


def new_lead(**fields: Any) -> Contact:
    contact = asker(timezone.now() - timedelta(seconds=5), **fields)
    advance_everything()
    return contact


def owners(contacts: list[Contact]) -> list[str]:
    found = Contact.objects.filter(pk__in=[one.pk for one in contacts]).order_by("pk")
    return [str(one.owner) if one.owner else "" for one in found.select_related("owner")]


def test_leads_go_round_and_whoever_is_away_is_passed_over(settings):
    settings.SETTLE_WINDOW_S = 0
    team, [aino, _onni, sari], boss = crew("Aino", "Onni", "Sari")
    save_rule(by=boss, team=team, method="round_robin")
    leads = [new_lead() for _ in range(2)]
    run_due_effects()
    User.objects.filter(pk=sari.pk).update(is_away=True)
    leads += [new_lead() for _ in range(3)]
    run_due_effects()
    run_due_effects()

    assert owners(leads) == ["Aino", "Onni", "Aino", "Onni", "Aino"]
    assert Notice.objects.filter(user=aino, kind="given").count() == 3


def test_a_rule_is_changed_by_a_program_and_on_the_page_for_the_leads_to_come():
    team, _people, boss = crew("Aino")
    rule = save_rule(by=boss, team=team, method="round_robin", countries=["SE"])
    other = make_team("South")
    client, _user = at_desk(Role.ADMIN)
    address = f"/api/v1/assignment-rules/{rule.pk}"

    answer = make_caller().patch(address, {"countries": ["SE", "FI"], "place": 3})
    assert answer.json() == {
        "id": rule.pk, "place": 3, "sources": [], "countries": ["FI", "SE"], "team": team.pk, "method": "round_robin",
    }  # fmt: skip
    refused = make_caller().patch(address, {"method": "by_lot", "team": 0})
    assert {error["pointer"] for error in refused.json()["errors"]} == {"/method", "/team"}
    form = client.get(f"/settings/assignment?rule={rule.pk}").context["form"]
    said = {name: form[name].value() for name in form.fields}
    assert said["countries"] == "FI, SE"
    client.post(f"/settings/assignment?rule={rule.pk}", said | {"team": other.pk, "countries": ""})
    [now] = make_caller().get("/api/v1/assignment-rules").json()["results"]
    assert now == answer.json() | {"team": other.pk, "countries": []}


def test_the_least_busy_gets_the_next_one():
    team, [aino, onni], boss = crew("Aino", "Onni")
    for _ in range(2):
        new_lead(owner=aino)
    new_lead(owner=onni)
    save_rule(by=boss, team=team, method="least_busy")
    leads = [new_lead() for _ in range(3)]
    for lead in leads:
        assign_lead(lead.pk)
        advance_everything()

    assert owners(leads) == ["Onni", "Aino", "Onni"]


def test_a_decision_of_a_person_is_never_overwritten_and_undo_leaves_the_lead_free():
    team, [aino], boss = crew("Aino")
    other = make_user(name="Other", team=team)
    rule = save_rule(by=boss, team=team, method="round_robin", countries=["FI"])
    taken, freed, foreign = new_lead(country="FI"), new_lead(country="FI"), new_lead(country="SE")
    update_contact(contact=taken, by=boss, attributes={"owner": other.pk})
    update_contact(contact=freed, by=boss, attributes={"owner": None, "name": "Free"})
    lead = new_lead(country="FI")
    given = [assign_lead(one.pk) for one in (taken, foreign, lead)]
    assert [one.user if one else None for one in given] == [None, None, aino]

    [assignment] = Assignment.objects.all()
    undo_assignment(assignment=assignment, by=boss)
    event = Event.objects.get(pk=assignment.event_id)
    assert (assign_lead(lead.pk), owners([taken, foreign, lead])) == (None, ["Other", "", ""])
    assert (event.properties["by_rule"]["rule"], event.retracted_at is None) == (rule.pk, False)


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_give_each_lead_once_and_keep_the_turns_even():
    team, people, boss = crew("Aino", "Onni", "Sari")
    rule = save_rule(by=boss, team=team, method="round_robin")
    leads = [new_lead() for _ in range(6)]

    def work(order: list[Contact]) -> None:
        try:
            for lead in order:
                with transaction.atomic():
                    assign_lead(lead.pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(order,)) for order in (leads, leads[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(owners(leads)) == sorted(2 * [str(user) for user in people])
    assert list(AssignmentTurn.objects.filter(rule=rule).values_list("given", flat=True)) == [2, 2, 2]


def test_the_bell_counts_lists_and_forgets_what_was_read():
    client, user = at_desk(Role.SALES, name="Aino")
    mine, foreign = person(name="Mine"), person(name="Foreign", owner=make_user(team=make_team()))
    for number, contact in enumerate((mine, foreign, mine)):
        notify([user], NoticeKind.GIVEN, f"given:{number}", contact_id=contact.pk)
    notify([user], NoticeKind.GIVEN, "given:0", contact_id=mine.pk)
    before, listed = client.get("/notices/bell").context["unread"], client.get("/notices").context["notices"]
    opened = client.post(f"/notices/{listed[0].notice.pk}/open")
    after = client.get("/notices/bell").context["unread"]
    client.post("/notices/read")

    assert [one.text for one in listed] == 2 * ["Mine is a new lead, and yours."]
    assert (before, after, client.get("/notices/bell").context["unread"]) == (2, 1, 0)
    assert opened.headers["Location"] == f"/contacts/{mine.pk}"


def test_hours_are_set_by_page_and_read_by_programs():
    client, _user = at_desk(Role.MANAGER)
    team = make_team("Night")
    form: dict[str, Any] = {f"day_{number}": "22-6" for number in range(7)}
    form |= {"time_zone": "Europe/Helsinki", "target_minutes": 60, "holidays": "2026-12-24 Christmas Eve\n"}
    wrong = client.post(f"/settings/hours/{team.pk}", form | {"day_0": "from nine"})
    offered = client.post(f"/settings/hours/{team.pk}", form | {"take": "1", "country": "FI"})
    saved = client.post(f"/settings/hours/{team.pk}", form)
    told = make_caller("contacts:read").get(f"/api/v1/work-hours/{team.pk}").json()

    assert (wrong.status_code, saved.status_code) == (422, 302)
    assert "Write hours as 9-17" in wrong.text
    year = timezone.localdate().year
    lines = offered.context["form"]["holidays"].value().splitlines()
    assert (offered.status_code, len(lines)) == (200, len({*lines, "2026-12-24 Christmas Eve"}))
    assert {f"{year}-12-06 Independence Day", f"{year + 1}-01-06 Epiphany"} <= set(lines)
    assert told == {
        "team": team.pk,
        "time_zone": "Europe/Helsinki",
        "week": 7 * [["22:00-06:00"]],
        "holidays": {"2026-12-24": "Christmas Eve"},
        "target_minutes": 60,
    }


def test_programs_see_who_waits_give_and_end_it():
    user = make_user(role=Role.SALES)
    at = timezone.now() - timedelta(hours=1)
    asked = happened(person(name="Aino"), "message_received", at, recorded_at=at)
    advance_everything()
    api = make_caller()
    [told] = api.get("/api/v1/answers?open=true").json()["results"]
    given = api.put(f"/api/v1/answers/{told['id']}/holder", {"holder": user.pk}).json()
    ended = api.post(f"/api/v1/answers/{told['id']}/waive")
    advance_everything()

    assert (told["question"], told["holder"], given["holder"], ended.status_code) == (asked.pk, None, user.pk, 200)
    assert api.get("/api/v1/answers?open=true").json()["results"] == []
    assert api.get("/api/v1/answers/figures?by=source").json()["results"][0]["ended"] == 1
    assert AnswerClock.objects.get().is_waived


MORNING = datetime(2026, 11, 23, 5, 40, tzinfo=UTC)  # Monday, 7:40 in Helsinki


def early_birds(settings: Any) -> tuple[User, User]:
    settings.TIME_ZONE = "Europe/Helsinki"
    WorkWeek.objects.create(team=None, time_zone="Europe/Helsinki", week=[[[540, 1020]]] * 5 + [[]] * 2)
    busy, idle = (make_user(role=Role.SALES, name=name, wants_morning_mail=True) for name in ("Busy", "Idle"))
    make_user(name="London", wants_morning_mail=True, time_zone="Europe/London")
    make_user(name="Does not want it")
    at = timezone.now() - timedelta(hours=3)
    said = {"text": "Do you take vouchers?"}
    happened(person(name="Aino", owner=busy), "message_received", at, recorded_at=at, properties=said)
    advance_everything()
    return busy, idle


def test_the_morning_mail_goes_once_to_whom_something_waits_for(settings):
    busy, idle = early_birds(settings)
    with mail_server(settings) as server:
        on_sunday = send_morning_mails(MORNING - timedelta(days=1))
        first, again = send_morning_mails(MORNING), send_morning_mails(MORNING + timedelta(minutes=5))

    assert (on_sunday, first, again) == (0, 2, 0)
    assert dict(MorningMail.objects.values_list("user", "state")) == {busy.pk: "sent", idle.pk: "nothing"}
    [letter] = [message_from_bytes(sent, policy=default) for sent in server.letters]
    assert letter["To"] == busy.email
    assert 'Aino: "Do you take vouchers?"' in letter.get_content()


def test_a_morning_mail_waits_for_its_server_until_noon_and_goes_once(settings):
    busy, _idle = early_birds(settings)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", 1, 5
    mails = MorningMail.objects.filter(user=busy)

    def tried(hours: float) -> Any:
        mails.update(next_at=timezone.now() - timedelta(seconds=1))
        send_morning_mails(MORNING + timedelta(hours=hours))
        return mails.values_list("state", flat=True).get()

    assert [tried(hours) for hours in (0, 1, 2, 2.5, 3, 3.5)] == ["retry"] * 6
    with mail_server(settings) as server:
        assert [tried(4), tried(4), len(server.letters)] == ["sent", "sent", 1]

    mails.update(state="retry")
    assert tried(4.5) == "failed"  # it is past noon
    mails.update(state="queued", reason="")
    assert tried(7) == "nothing"  # nothing was sent since the morning: it is no news any more


def test_a_worker_that_dies_with_the_mail_in_hand_leaves_it_uncertain_and_nobody_sends_it_again(settings):
    busy, _idle = early_birds(settings)
    lapsed = timezone.now() - timedelta(seconds=1)
    MorningMail.objects.create(user=busy, day=MORNING.date(), state="sending", lease_until=lapsed)
    send_morning_mails(MORNING)

    assert (MorningMail.objects.get(user=busy).state, mail.outbox) == ("uncertain", [])
