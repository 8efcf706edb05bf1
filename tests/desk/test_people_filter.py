"""The filter of the list: sentences, documents, views, columns, orders, and the count beside it."""

import json
import re

import pytest
from django.db import connection, transaction
from django.http import QueryDict
from django.test import Client

from contacts.merging import merge_contacts
from contacts.models import CustomField, SavedView
from contacts.projecting import project
from contacts.services import update_contact
from contacts.tasking import add_task, finish_task
from crm.desk.people import counting
from crm.desk.people.asked import Asked
from crm.desk.people.sentences import document_of, lines_of
from crm.desk.people.vocabulary import forget, words
from funnel.advancing import advance_everything
from staff.models import Role
from staff.policy import Principal
from tests.desk.scenes import ago, asker, at_desk, buyer
from tests.factories import make_contact, make_team, make_user
from tests.funnel.worlds import happened, install, person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _path() -> None:
    install()
    CustomField.objects.create(of="contact", key="plan", label="Plan", kind="choice", choices=["small", "big"])
    CustomField.objects.create(of="contact", key="seats", label="Seats", kind="number")
    forget()


def names(client: Client, query: str) -> list[str]:
    answer = client.get(f"/contacts?{query}")
    assert answer.status_code == 200, answer.headers
    return sorted(line.name for line in answer.context["rows"])


def filtering(client: Client, document: object) -> list[str]:
    return names(client, _query(filter=json.dumps(document)))


def _query(**parameters: str) -> str:
    said = QueryDict(mutable=True)
    said.update(parameters)
    return said.urlencode()


DOCUMENTS = [
    {"field": "stage", "is": "lead"},
    {"field": "stage", "in": ["lead", "customer"]},
    {"none": [{"field": "health", "in": ["active", "cooling"]}]},
    {"field": "owner", "is": "me"},
    {"field": "task", "is": "none"},
    {"field": "known", "is_not": "phone"},
    {"field": "fit", "in": ["A", "B"]},
    {"field": "cools_within", "is": 14},
    {"field": "event", "did_not": {"type": "call_held", "times": 2, "days": 30}},
    {"field": "created_at", "at_least": {"days_ago": 7}},
    {"field": "created_at", "less_than": "2026-01-01"},
    {"field": "custom.plan", "is_not": "big"},
    {"field": "custom.seats", "at_least": 5},
    {
        "all": [
            {"field": "tag", "is": "vip"},
            {"any": [{"field": "country", "is": "FI"}, {"field": "score", "at_most": 3}]},
        ]
    },
]


@pytest.mark.parametrize("document", DOCUMENTS, ids=json.dumps)
def test_a_filter_is_said_as_sentences_that_mean_it(document):
    assert document_of(lines_of(document, words())) == document


def test_the_form_makes_a_filter_and_its_buttons_change_the_lines():
    said = _query(**{"lines": "1", "c.0.f": "stage", "c.0.o": "is", "c.0.v": "lead", "c.0.g": "0", "add": "event"})

    asked = Asked.of(QueryDict(said), words())

    assert asked.document == {"field": "stage", "is": "lead"}
    assert [(line.ask.key, line.operator, line.days) for line in asked.lines] == [
        ("stage", "is", ""),
        ("event", "did", "30"),
    ]
    fewer = Asked.of(QueryDict(f"{said}&drop=0"), words())
    assert (fewer.document, [line.ask.key for line in fewer.lines]) == (None, ["event"])


def test_people_are_found_by_what_they_are_and_by_what_they_did_and_did_not():
    client, user = at_desk(Role.MANAGER, name="Maija")
    buyer(ago(2), name="Bought", owner=user, tags=["vip"], country="FI", custom={"plan": "big", "seats": 7})
    asker(ago(40), name="Asked", custom={"plan": "small", "seats": 2})
    twice = asker(ago(3), name="Twice")
    happened(twice, "quote_requested", ago(1))
    advance_everything()

    assert filtering(client, {"field": "event", "did": {"type": "quote_requested"}}) == ["Asked", "Twice"]
    assert filtering(client, {"field": "event", "did": {"type": "quote_requested", "days": 30}}) == ["Twice"]
    assert filtering(client, {"field": "event", "did": {"type": "quote_requested", "times": 2}}) == ["Twice"]
    assert filtering(client, {"field": "event", "did_not": {"type": "quote_requested", "days": 30}}) == [
        "Asked",
        "Bought",
    ]
    assert filtering(client, {"field": "owner", "is": "me"}) == ["Bought"]
    assert filtering(client, {"field": "tag", "is": "VIP"}) == ["Bought"]
    assert filtering(client, {"field": "tag", "is_not": "vip"}) == ["Asked", "Twice"]
    assert filtering(client, {"field": "custom.plan", "is": "big"}) == ["Bought"]
    assert filtering(client, {"field": "custom.seats", "less_than": 5}) == ["Asked"]
    assert filtering(client, {"field": "stage", "is_not": "lead"}) == ["Bought"]
    buyer(ago(172), name="Cools soon")
    advance_everything()
    assert filtering(client, {"field": "cools_within", "is": 14}) == ["Cools soon"]


def test_people_are_found_by_what_is_to_be_done_by_how_they_are_reached_and_by_fit():
    client, user = at_desk(Role.MANAGER, name="Maija")
    late, soon, free = (person(name=name) for name in ("Late", "Soon", "Free"))
    member = person(name="Soon twice")
    by = Principal(user=user)
    merge_contacts(first=soon, second=member)
    for contact, days in ((late, 1), (late, -3), (member, -3)):
        add_task(contact=contact, by=by, title="Call", due_at=ago(days))
    finish_task(task=add_task(contact=free, by=by, title="Called", due_at=ago(1)), by=by)
    update_contact(contact=free, by=by, attributes={"phone": "+358401234567", "fit": "B"})
    advance_everything()

    asked = [("task", "planned"), ("task", "overdue"), ("task", "none"), ("known", "phone"), ("fit", "B")]
    assert [filtering(client, {"field": field, "is": value}) for field, value in asked] == [
        ["Late", "Soon"], ["Late"], ["Free"], ["Free"], ["Free"],
    ]  # fmt: skip
    page = client.get("/contacts", {"columns": "next"})
    cells = dict(re.findall(r'href="/contacts/(\d+)">.*?<td class="c-next ">(.*?)</td>', page.text))
    assert {int(key): ("Call" in cell, " warn" in cell) for key, cell in cells.items()} == {
        late.pk: (True, True), soon.pk: (True, False), free.pk: (False, False),
    }  # fmt: skip
    assert filtering(client, {"field": "task", "is_not": "overdue"}) == ["Free", "Soon"]
    assert client.get("/contacts", {"filter": '{"field": "task", "is": {}}'}).status_code == 302  # means nothing


def test_what_a_merged_contact_did_their_person_did():
    client, _user = at_desk()
    leader = person(name="Leader")
    member = person(name="Member", leader=leader)
    happened(member, "order_completed", ago(1), value_minor=100, currency="EUR")

    assert filtering(client, {"field": "event", "did": {"type": "order_completed"}}) == ["Leader"]
    assert filtering(client, {"field": "event", "did": {"type": "order_completed", "times": 1}}) == ["Leader"]
    assert filtering(client, {"field": "event", "did_not": {"type": "order_completed"}}) == []


def test_a_retracted_deed_was_not_done():
    client, _user = at_desk()
    happened(person(name="Ann"), "order_completed", ago(1), value_minor=100, currency="EUR", retracted_at=ago(-1))

    assert filtering(client, {"field": "event", "did": {"type": "order_completed"}}) == []


@pytest.mark.parametrize(
    ("ordering", "first"),
    [
        ("name", "Asked"),
        ("-created_at", "Asked"),
        ("-score", "Bought"),
        ("stage_entered_at", "Asked"),
        ("-last_event_at", "Bought"),
    ],
)
def test_the_list_is_sorted_also_by_where_people_stand(ordering, first):
    client, _user = at_desk()
    for contact in (buyer(ago(2), name="Bought"), asker(ago(40), name="Asked")):
        happened(contact, "contact_created", ago(50), properties={"name": contact.name})
        project([contact.pk])
    advance_everything()

    answer = client.get(f"/contacts?ordering={ordering}&limit=1")
    second = client.get(answer.context["found"].next)

    assert [answer.context["rows"][0].name, second.context["rows"][0].name] == sorted(
        ("Asked", "Bought"), key=lambda name: name != first
    )
    assert second.context["found"].previous is not None


def test_the_count_stands_beside_the_list_with_its_stages():
    client, _user = at_desk()
    buyer(ago(2), name="Bought"), asker(ago(2), name="Asked"), asker(ago(3), name="Too")
    advance_everything()

    counted = client.get("/contacts/count").context["counted"]

    assert (counted.total, counted.is_more) == (3, False)
    assert [(share.stage.key, share.n, share.width) for share in counted.shares] == [
        ("lead", 2, 80),
        ("customer", 1, 40),
    ]
    assert client.get("/contacts/count?q=zzz").context["counted"].total == 0


def test_more_than_the_bound_is_said_honestly(monkeypatch):
    client, _user = at_desk()
    for number in range(4):
        person(name=f"Person {number}")
    exact = counting._split

    def slow(people, within_ms=counting.EXACT_WITHIN_MS):
        if within_ms == counting.EXACT_WITHIN_MS:
            with connection.cursor() as cursor, transaction.atomic():
                cursor.execute("SET LOCAL statement_timeout = 1")
                cursor.execute("SELECT pg_sleep(1)")
        return exact(people, within_ms)

    monkeypatch.setattr(counting, "_split", slow)
    monkeypatch.setattr(counting, "BOUND", 2)
    answer = client.get("/contacts/count")

    assert "more than" in answer.text
    assert (answer.context["counted"].total, answer.context["counted"].is_more) == (2, True)


def test_columns_are_chosen_and_kept_in_the_address():
    client, _user = at_desk()
    make_contact(name="Ann", custom={"plan": "big"}, country="FI")

    answer = client.get("/contacts?column=country&column=custom.plan")

    assert re.findall(r'<th scope="col" class="[^"]* c-([^"]+)"', answer.text) == ["country", "custom.plan"]
    assert answer.context["query"] == "columns=country%2Ccustom.plan"
    assert "big" in answer.text


# --- Views ------------------------------------------------------------------------------------------------------------


def test_a_view_is_kept_opened_changed_shared_and_deleted():
    client, user = at_desk(team=make_team())
    buyer(ago(1), name="Bought"), asker(ago(1), name="Asked")
    advance_everything()
    asked = _query(filter='{"field":"stage","is":"lead"}', q="", ordering="name")

    kept = client.post(
        "/contacts/views/new", {"asked": asked, "name": " My  leads ", "shared": "team", "is_default": "on"}
    )
    [view] = SavedView.objects.all()

    assert (view.name, view.owner, view.shared, view.team, view.is_default) == (
        "My leads",
        user,
        "team",
        user.team,
        True,
    )
    assert client.get(kept.headers["Location"]).headers["Location"] == f"/contacts?view={view.pk}"
    assert [line.name for line in client.get("/contacts", follow=True).context["rows"]] == ["Asked"]
    assert names(client, "view=everyone") == ["Asked", "Bought"]
    client.post(f"/contacts/views/{view.pk}/save", {"asked": _query(q="bought")})
    view.refresh_from_db()
    assert (view.filter, view.words, view.name) == (None, "bought", "My leads")
    client.post(f"/contacts/views/{view.pk}", {"delete": "1"})
    assert not SavedView.objects.exists()


def test_views_are_seen_by_whom_they_are_shared_with():
    team = make_team()
    owner = make_user(role=Role.MANAGER, team=team)
    for name, shared in (("Mine", "nobody"), ("Ours", "team"), ("All", "everybody")):
        SavedView.objects.create(owner=owner, name=name, shared=shared, team=team if shared == "team" else None)

    def tabs(client: Client) -> list[str]:
        return [tab.view.name for tab in client.get("/contacts?view=everyone").context["tabs"]]

    assert tabs(at_desk(team=team)[0]) == ["All", "Ours"]
    assert tabs(at_desk()[0]) == ["All"]
    stranger, _user = at_desk()
    assert stranger.get(f"/contacts/views/{SavedView.objects.get(name='All').pk}").status_code == 404


def test_a_view_without_a_name_or_of_a_name_one_has_is_refused_and_what_was_typed_stays():
    client, user = at_desk()
    SavedView.objects.create(owner=user, name="Leads")

    for name in ("", "leads"):
        answer = client.post("/contacts/views/new", {"asked": "q=ann", "name": name})
        assert (answer.status_code, answer.context["asked"], bool(answer.context["errors"]["name"])) == (
            422,
            "q=ann",
            True,
        )
    assert SavedView.objects.count() == 1


def test_who_may_not_share_keeps_views_for_oneself():
    client, _user = at_desk(Role.READ_ONLY)

    answer = client.post("/contacts/views/new", {"asked": "", "name": "Mine", "shared": "everybody"})

    assert (answer.status_code, list(answer.context["errors"])) == (422, ["shared"])


def test_a_part_of_the_page_is_answered_to_htmx_with_the_address_it_has_now():
    client, _user = at_desk()

    answer = client.get(
        "/contacts?lines=1&c.0.f=country&c.0.g=0&c.0.v=FI", headers={"HX-Request": "true", "HX-Target": "people"}
    )

    assert answer.headers["HX-Push-Url"] == "/contacts?filter=%7B%22field%22%3A%22country%22%2C%22is%22%3A%22FI%22%7D"
    assert "<html" not in answer.text


def test_a_filter_of_a_program_that_sentences_cannot_say_is_kept_as_it_is():
    document = {"none": [{"all": [{"field": "country", "is": "FI"}, {"field": "owner", "is": 1}]}]}
    asked = Asked.of(QueryDict(_query(filter=json.dumps(document))), words())

    assert (asked.is_rich, asked.document) == (True, document)
