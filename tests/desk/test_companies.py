"""Companies at the desk: the list, the page of one, its people, its network, and whom an address proposes."""

import csv
import io
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from django.utils import timezone, translation

from contacts.companies import create_company, join_company, update_company
from contacts.company_marks import mark_companies
from contacts.erasing import erase_contact
from contacts.models import Company, Contact, CustomField, Joining, Membership, NotThere, Task, Tie
from contacts.network import add_tie, network_of
from contacts.services import NewContact, create_contact
from contacts.tasking import add_task, finish_task
from crm.desk.companies.headline import headline
from crm.desk.companies.people import people_of
from crm.desk.people.vocabulary import words
from funnel.advancing import advance_everything
from funnel.breadth import Breadth, Group, breadth_of
from funnel.company_counts import miscounted_companies, work_off_company_marks
from funnel.models import CompanyBreadth, Stage
from staff.models import AuditRecord, Role
from staff.policy import Principal
from tests.callers import make_caller
from tests.desk.scenes import ago, asker, at_desk, buyer, queries_for
from tests.factories import make_user
from tests.funnel.worlds import happened, install, person

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()


@pytest.fixture(autouse=True)
def _path() -> None:
    install()


def company(name="Nordlogi Oy", **fields) -> Company:
    return create_company(by=Principal(), name=name, **fields)


def place(contact, where, role="", **more) -> Membership:
    return Membership.objects.create(contact=contact, company=where, role=role, **more)


def test_breadth_counts_each_person_once_at_their_stage_and_only_whom_one_sees():
    _client, seller = at_desk(Role.SALES)
    nordlogi, other = company(), company("Other")
    place(buyer(ago(3), name="Buyer"), nordlogi, "decision_maker")
    place(asker(ago(3), name="Asker"), nordlogi)
    place(asker(ago(3), name="Foreign", owner=make_user()), nordlogi, "user")
    place(asker(ago(3), name="Gone"), nordlogi, until=TODAY)
    place(asker(ago(3), name="To come"), nordlogi, since=TODAY + timedelta(days=9))
    twice = buyer(ago(2), name="Twice")
    place(person(name="The same", leader=twice), nordlogi)
    place(twice, nordlogi, "influencer")
    advance_everything()
    stages = {stage.pk: stage.key for stage in Stage.objects.in_use()}

    breadths = breadth_of(Principal(user=seller), [nordlogi.pk, other.pk], today=TODAY)

    assert {(one.role, stages[one.stage or 0], one.people) for one in breadths[nordlogi.pk].groups} == {
        ("decision_maker", "customer", 1),
        ("influencer", "customer", 1),
        ("", "lead", 1),
    }
    assert breadths[other.pk].groups == ()
    for principal in (Principal(user=seller), Principal(user=make_user(role=Role.MANAGER))):
        counted = breadth_of(principal, [nordlogi.pk], today=TODAY)[nordlogi.pk]
        assert set(people_of(principal, nordlogi, most=9).breadth(nordlogi.pk).groups) == set(counted.groups)


@pytest.mark.parametrize(
    ("at", "english"),
    [
        ([], "Nobody who works here now is known yet."),
        ([("user", "customer", 3), ("", "lead", 1), ("decision_maker", "lead", 1)],
         "3 of 5 are customers; no decision maker is further than Lead."),
        ([("decision_maker", "customer", 1), ("decision_maker", "lead", 2)],
         "1 of 3 is a customer; 1 of 3 decision makers is one."),
        ([("decision_maker", "loyalty", 1), ("user", "lead", 1)],
         "1 of 2 is a customer; every decision maker is one."),
        ([("", "retargeting", 2)],
         "None of 2 is a customer, the furthest stands in Retargeting; no decision maker is known."),
        ([("decision_maker", "customer", 1)], "The only person known here is a customer."),
    ],
)  # fmt: skip
def test_one_sentence_says_how_broad_the_commitment_is(at, english):
    stages = words().all.stages
    ids = {stage.key: stage.id for stage in stages}
    groups = [Group(1, role, ids[stage], None, 1, people, None) for role, stage, people in at]

    with translation.override("en"):
        assert headline(Breadth(groups), stages) == english


def test_a_company_is_found_by_the_beginning_of_any_word_and_of_its_domain():
    client, user = at_desk()
    company("Pohjois-Savon Liikunta", domains=["savonliikunta.fi"])
    company("Aalto & Pojat Oy", owner=user)

    def names(**said):
        return [line.name for line in client.get("/companies", said).context["lines"]]

    assert names() == ["Aalto & Pojat Oy", "Pohjois-Savon Liikunta"]
    assert names(ordering="-name") == ["Pohjois-Savon Liikunta", "Aalto & Pojat Oy"]
    assert names(q="liik") == names(q="savonl") == ["Pohjois-Savon Liikunta"]
    assert names(q="unta") == []
    assert names(owner="me") == names(owner="me", team="gone") == ["Aalto & Pojat Oy"]


def test_companies_are_sorted_by_their_people_and_by_when_one_heard_last_for_whoever_sees_everybody():
    for name, people in {"Ab Two": (4, 9), "Bee One": (1,), "Cee None": ()}.items():
        of = company(name)
        for days in people:
            join_company(contact=asker(ago(days)), company=of, by=Principal())
    advance_everything()
    work_off_company_marks()

    def names(client, **said):
        answer = client.get("/companies", said)
        return [line.name[:2] for line in answer.context["lines"]], answer.context["found"].next

    manager, _user = at_desk(Role.MANAGER)
    assert names(manager, ordering="-people")[0] == ["Ab", "Be", "Ce"]
    assert names(manager, ordering="heard_on")[0] == ["Ce", "Ab", "Be"]
    first, after = names(manager, ordering="-heard_on", limit=1)
    second, after = names(manager, **dict(parse_qsl(urlsplit(after).query)))
    third, end = names(manager, **dict(parse_qsl(urlsplit(after).query)))
    assert (first + second + third, end) == (["Be", "Ab", "Ce"], None)
    seller, _user = at_desk(Role.SALES)
    assert names(seller, ordering="-people")[0] == ["Ab", "Be", "Ce"]  # by name
    assert set(seller.get("/companies").context["heads"]) == {"name", "created_at"}


def _of_every_stand(**fields: Any) -> list[Company]:
    """Companies whose people stand in different places: `Both` has a customer, and somebody else who cools."""
    made = []
    for name, people in {
        "Asking": [asker(ago(3), **fields)],
        "Both": [buyer(ago(2), **fields), buyer(ago(200), **fields)],
        "Closed": [asker(ago(9), **fields)],
        "Former": [buyer(ago(9), **fields)],
    }.items():
        made.append(company(name))
        for one in people:
            place(one, made[-1], until=TODAY if name == "Former" else None)
        if name == "Closed":
            happened(people[0], "relationship_ended", ago(1), properties={"reason": "never"})
    advance_everything()
    work_off_company_marks()
    return made


def test_companies_are_narrowed_by_where_one_of_their_people_stands_as_far_as_one_sees_them():
    client, _user = at_desk()
    _of_every_stand()
    company("Empty")

    def names(client=client, **said):
        return [line.name for line in client.get("/companies", said).context["lines"]]

    assert names(stage="lead") == ["Asking"]
    assert names(stage="customer") == names(health="active") == names(health="active", stage="customer") == ["Both"]
    assert names(health="lapsed", stage="lead") == []  # no one person is both
    assert names(quiet="30") == []
    assert names(stage="no such", health="", owner="none", q="emp") == ["Empty"]
    seller, _seller = at_desk(Role.SALES)
    assert names(seller, stage="lead") == ["Asking"]
    Contact.objects.update(owner=make_user())
    assert (names(seller, stage="lead"), names(stage="lead")) == ([], ["Asking"])


def test_companies_are_found_by_where_somebody_stands_now_as_soon_as_they_are_counted():
    client, _user = at_desk()
    caller = make_caller("contacts:read")
    asking, both, _closed, _former = _of_every_stand()

    def names(**said):
        lines = {line.name for line in client.get("/companies", said).context["lines"]}
        answer = caller.get(f"/api/v1/companies?{urlencode(said)}").json()["results"]
        assert {one["name"] for one in answer} == lines  # the same by both doors
        return sorted(lines)

    assert (names(stage="lead"), names(health="cooling")) == (["Asking"], ["Both"])
    Membership.objects.filter(company=both).update(until=TODAY)
    place(buyer(ago(1)), asking)
    mark_companies([asking.pk, both.pk])
    advance_everything()
    work_off_company_marks()

    assert (names(stage="lead"), names(health="active"), names(health="cooling")) == (["Asking"], ["Asking"], [])
    assert miscounted_companies() == []
    CompanyBreadth.objects.filter(company=asking).update(stands=[])
    assert [company for company, _is, _should in miscounted_companies()] == [asking.pk]


def test_programs_ask_the_same_of_companies_and_more():
    caller = make_caller("contacts:read")
    _of_every_stand()

    def names(query: str):
        return [one["name"] for one in caller.get(f"/api/v1/companies?ordering=name&{query}").json()["results"]]

    assert names("stage=customer") == ["Both"]
    assert names("stage__not=customer") == ["Asking", "Closed", "Former"]
    assert names("health__in=active,lapsed") == ["Both"]
    assert names('somebody={"field":"standing","is":"closed"}') == ["Closed"]
    assert names('somebody__not={"field":"known","is":"company"}') == ["Former"]
    assert names('filter={"none":[{"field":"somebody","is":{"field":"stage","is":"lead"}}]}') == ["Both", "Former"]
    assert names(f"people__gte=2&heard_on__gte={ago(2).date()}") == ["Both"]
    for wrong in ("somebody=x", 'somebody={"field":"x","is":1}', "stage=x", "heard_on__gte=x", 'somebody={"all":[]}'):
        assert caller.get(f"/api/v1/companies?{wrong}").status_code == 400, wrong


def test_companies_are_taken_out_as_a_table_and_that_is_on_record():
    client, user = at_desk()
    CustomField.objects.create(of="company", key="plan", label="Plan", kind="text")
    _of_every_stand()
    Company.objects.filter(name="Both").update(
        name="=Both()", domains=["both.fi", "both.com"], country="FI", owner=user, custom={"plan": "Big"}
    )

    def table(answer) -> list[dict[str, str]]:
        text = b"".join(answer.streaming_content).decode("utf-8-sig")
        return list(csv.DictReader(io.StringIO(text)))

    [both] = table(client.get("/companies.csv", {"stage": "customer", "q": "", "ordering": "-people"}))
    said = ("name", "domains", "owner", "team", "people", "heard_on", "lead", "customer", "active", "plan")
    assert {name: both[name] for name in said} == {
        "name": "'=Both()", "domains": "both.fi; both.com", "owner": user.email, "team": "", "people": "2",
        "heard_on": f"{timezone.localdate(ago(2))}", "lead": "0", "customer": "2", "active": "1", "plan": "Big",
    }  # fmt: skip
    kept = AuditRecord.objects.get(action="companies_exported")
    assert kept.detail == {"companies": 1, "choice": {"stage": "customer"}}
    everyone = table(make_caller("contacts:export", "contacts:read").get("/api/v1/companies/export"))
    assert [one["name"] for one in everyone] == ["Asking", "'=Both()", "Closed", "Former"]
    seller, _seller = at_desk(Role.SALES)
    assert seller.get("/companies.csv").status_code == 403
    assert make_caller("contacts:read").get("/api/v1/companies/export").status_code == 403


def test_neither_the_list_nor_the_page_asks_more_for_many_people():
    client, _user = at_desk()
    nordlogi = company(domains=["nordlogi.fi"])

    def asked_with(more: int) -> tuple[int, int]:
        for number in range(more):
            contact = buyer(ago(2), name=f"Buyer {number}")
            place(contact, nordlogi, "user")
            add_tie(
                company=nordlogi, kind="partner", other=company(f"Partner {Company.objects.count()}"), by=Principal()
            )
        advance_everything()
        return len(queries_for(client, "/companies")), len(queries_for(client, f"/companies/{nordlogi.pk}"))

    first = asked_with(2)
    assert asked_with(20) == first
    assert first[0] <= 6, first
    assert first[1] <= 12, first


def test_a_place_is_given_changed_and_ended_and_each_is_undone():
    client, _user = at_desk()
    nordlogi, aino = company(), person(name="Aino")
    page = f"/companies/{nordlogi.pk}"

    def said(answer):
        [one] = client.get(answer["Location"]).context["messages"]
        return str(one), one.extra_tags

    words, undo = said(client.post(f"{page}/people/new", {"person": f"Aino (#{aino.pk})", "role": "user"}))
    given = Membership.objects.get()
    assert (words, given.contact, given.role) == ("Aino has a place in Nordlogi Oy.", aino, "user")

    _words, undo_change = said(client.post(f"/memberships/{given.pk}", {"role": "opponent", "title": "CFO"}))
    assert Membership.objects.values_list("role", "title").get() == ("opponent", "CFO")
    _words, undo_end = said(client.post(f"/memberships/{given.pk}/end"))
    assert Membership.objects.get().until == TODAY
    client.post(undo_end)
    assert Membership.objects.values_list("role", "until").get() == ("opponent", None)
    client.post(undo_change)
    assert Membership.objects.values_list("role", "title").get() == ("user", "")
    client.post(undo)
    assert not Membership.objects.exists()
    assert client.post(undo_end.replace("was=", "was=x")).status_code == 404


def test_an_address_proposes_and_joins_only_by_a_companys_own_domain():
    client, user = at_desk()
    by = Principal(user=user)
    nordlogi = company(domains=["nordlogi.fi", "gmail.com"])

    def newcomer(email):
        return create_contact(by=by, new=NewContact(attributes={"name": email.split("@")[0], "email": email}))

    petri, jenni = newcomer("petri@nordlogi.fi"), newcomer("jenni@nordlogi.fi")
    newcomer("free@gmail.com")
    newcomer("mail@sub.nordlogi.fi")
    page = f"/companies/{nordlogi.pk}"

    def proposed():
        return {one.name for one in client.get(page).context["shown"].proposed}

    assert (proposed(), Membership.objects.count()) == ({"petri", "jenni"}, 0)
    client.post(f"{page}/proposed/decline", {"contact": petri.pk})
    assert (proposed(), NotThere.objects.get().contact) == ({"jenni"}, petri)
    answer = client.post(f"{page}/proposed/join", {"contact": jenni.pk})
    [said] = client.get(answer["Location"]).context["messages"]
    assert (proposed(), Membership.objects.get().contact) == (set(), jenni)
    client.post(said.extra_tags)
    assert (proposed(), Membership.objects.count()) == ({"jenni"}, 0)

    update_company(company=nordlogi, by=by, joining=Joining.JOIN)
    assert Membership.objects.count() == 0
    aino = newcomer("aino@nordlogi.fi")
    newcomer("another@gmail.com")
    joined = Membership.objects.get()
    assert (joined.contact, joined.by_domain) == (aino, True)
    assert Contact.objects.mentioning("nordlogi oy").get() == aino
    client.post(f"/memberships/{joined.pk}/end")
    create_contact(by=by, new=NewContact(attributes={"name": "Aino", "phone": "+358401234567"}))
    assert Membership.objects.count() == 1

    update_company(company=nordlogi, by=by, joining=Joining.NOTHING)
    assert proposed() == set()


def test_the_network_is_told_from_both_ends():
    client, user = at_desk()
    by = Principal(user=user)
    nordlogi, holding, rival = company(), company("Holding"), company("Rival")
    boss = person(name="Boss")
    former, future = person(name="Former"), person(name="Future")
    place(former, nordlogi, until=TODAY - timedelta(days=9))
    place(former, rival)
    place(future, nordlogi, since=TODAY + timedelta(days=9))
    for said in (
        {"whom": "Holding", "kind": "owner"},
        {"whom": f"Rival (#{rival.pk})", "kind": "competitor"},
        {"whom": f"Boss (#{boss.pk})", "kind": "owner"},
    ):
        assert client.post(f"/companies/{nordlogi.pk}/ties/new", said).status_code == 302, said
    assert (
        client.post(f"/companies/{rival.pk}/ties/new", {"whom": "Nordlogi Oy", "kind": "competitor"}).status_code == 422
    )

    def around(one):
        return [
            (it.kind, str(it.company or it.contact), str(it.elsewhere or "")) for it in network_of(by, one, today=TODAY)
        ]

    assert around(nordlogi) == [
        ("competitor", "Rival", ""),
        ("owner", "Holding", ""),
        ("owner", "Boss", ""),
        ("future_employee", "Future", ""),
        ("former_employee", "Former", "Rival"),
    ]
    assert around(holding) == [("owned", "Nordlogi Oy", "")]
    assert around(rival) == [("competitor", "Nordlogi Oy", "")]
    tie = Tie.objects.get(kind="competitor")
    client.post(f"/ties/{tie.pk}/end")
    assert Tie.objects.get(pk=tie.pk).until == TODAY
    client.post(f"/ties/{tie.pk}/resume")
    assert Tie.objects.get(pk=tie.pk).until is None
    assert boss.ties.count() == 1


def test_a_company_is_made_and_changed_and_one_like_it_is_named_before():
    client, _user = at_desk()
    nordlogi = company(domains=["nordlogi.fi"])

    alike = client.get("/companies/new/alike", {"name": "Nordlogi Ab"}).text
    assert f"/companies/{nordlogi.pk}" in alike
    assert f"/companies/{nordlogi.pk}" in client.get("/companies/new/alike", {"domains": "www.nordlogi.fi"}).text
    assert "Nordlogi" not in client.get("/companies/new/alike", {"name": "Aalto"}).text

    said = {"name": "Aalto", "domains": "AALTO.fi; info@aalto.com", "joining": "join", "country": "Suomi"}
    answer = client.post("/companies/new", said)
    made = Company.objects.get(name="Aalto")
    assert (answer["Location"], made.domains, made.joining, made.country) == (
        f"/companies/{made.pk}", ["aalto.fi", "aalto.com"], "join", "FI",
    )  # fmt: skip
    refused = client.post("/companies/new", said | {"domains": "no domain, nordlogi.fi"})
    taken = client.post("/companies/new", said | {"domains": "nordlogi.fi"})
    assert (refused.status_code, taken.status_code, Company.objects.count()) == (422, 422, 2)
    stale = client.post(f"/companies/{made.pk}/edit", said | {"name": "Aalto Oy", "version": made.version})
    again = client.post(f"/companies/{made.pk}/edit", said | {"name": "Third", "version": made.version})
    assert (stale.status_code, again.status_code, Company.objects.get(pk=made.pk).name) == (302, 422, "Aalto Oy")


def test_a_company_tells_what_is_to_be_done_with_its_people_and_takes_in_somebody_new():
    client, user = at_desk()
    by = Principal(user=user)
    nordlogi, aino, gone = company(), person(name="Aino"), person(name="Gone")
    place(aino, nordlogi)
    place(gone, nordlogi, until=TODAY)
    place(person(name="The same", leader=aino), nordlogi)
    for number, about in enumerate([aino, gone, *[aino] * 6]):
        add_task(contact=about, by=by, title=f"Call {number}", due_at=ago(-1 - number))
    finish_task(task=Task.objects.get(title="Call 2"), by=by)

    told = client.get(f"/companies/{nordlogi.pk}/tasks").context
    assert ([str(one) for one in told["tasks"]], told["has_more"]) == ([f"Call {n}" for n in (0, 3, 4, 5, 6, 7)], False)
    of_all = make_caller("contacts:read").get(f"/api/v1/tasks?company={nordlogi.pk}&open=true").json()["results"]
    assert {one["title"] for one in of_all} == {f"Call {n}" for n in (0, 3, 4, 5, 6, 7)}
    assert (
        f"/contacts/new?company={nordlogi.name.replace(' ', '%20')}"
        in client.get(f"/companies/{nordlogi.pk}/people/new").text
    )
    assert 'value="Nordlogi Oy"' in client.get("/contacts/new", {"company": nordlogi.name}).text


def test_the_story_of_a_company_is_paged_and_narrowed():
    client, _user = at_desk()
    nordlogi = company()
    for number in range(45):
        place(asker(ago(50 - number), name=f"Asker {number}"), nordlogi)
    advance_everything()
    address = f"/companies/{nordlogi.pk}"

    first = client.get(address).context["shown"].timeline
    rest = client.get(address, {"cursor": first.older}).context["shown"].timeline
    asked = [one.who.name for page in (first, rest) for one in page.entries if one.entry.event]
    assert asked == [f"Asker {number}" for number in reversed(range(45))]
    assert rest.older is None
    moves = client.get(address, {"kind": "moves"}).context["shown"].timeline
    assert ([one.entry.to_name for one in moves.entries], bool(moves.older)) == (["Lead"] * 30, True)
    assert {(one.entry.why.number, one.entry.why.cause.type.key) for one in moves.entries} == {(7, "quote_requested")}
    assert client.get(address, {"kind": "orders"}).context["shown"].timeline.entries == []


def test_the_page_of_a_large_company_says_what_reading_all_its_people_says():
    client, _admin = at_desk()
    nordlogi = company()
    for number in range(6):
        make, role = (buyer if number % 2 else asker), ("", "user", "decision_maker")[number % 3]
        join_company(
            contact=make(ago(200 - 30 * number), name=f"{number}"), company=nordlogi, by=Principal(), role=role
        )
    advance_everything()

    def shown():
        it = client.get(f"/companies/{nordlogi.pk}").context["shown"]
        story = [(one.at, one.who) for one in it.timeline.entries]
        return it.headline, it.matrix, it.people, it.health, it.to_care_for, it.bought, it.breadth.heard_on, story

    read = shown()
    work_off_company_marks(large=5)
    assert Company.objects.get().breadth.front is not None
    assert shown() == read
    assert (len(read[2]), read[5].orders, len(read[7])) == (6, 3, 12)


def test_whoever_was_erased_is_not_in_the_story_of_a_large_company_before_it_is_counted_again():
    client, admin = at_desk()
    nordlogi = company()
    gone, stays = (buyer(ago(9 - number), name=f"Buyer {number}") for number in range(2))
    for one in (gone, stays):
        join_company(contact=one, company=nordlogi, by=Principal())
    advance_everything()
    work_off_company_marks(large=1)

    erase_contact(contact=gone, by=Principal(user=admin))
    shown = client.get(f"/companies/{nordlogi.pk}").context["shown"]

    assert gone.pk in (Company.objects.get().breadth.liveliest or ())
    assert {one.who.id for one in shown.timeline.entries} == {one.person for one in shown.people} == {stays.pk}


@pytest.mark.parametrize("large", [5, 200])
def test_the_people_of_a_company_are_shown_part_by_part(large):
    client, _user = at_desk()
    nordlogi = company()
    for number in range(70):
        role = "user" if number < 65 else "decision_maker"
        join_company(contact=person(name=f"Person {number:02}"), company=nordlogi, by=Principal(), role=role)
    advance_everything()
    work_off_company_marks(large=large)
    address = f"/companies/{nordlogi.pk}"

    seen, asked = [], ""
    while True:
        shown = client.get(f"{address}?{asked}").context["shown"]
        seen.append([one.name for one in shown.people])
        if not shown.has_more:
            break
        asked = shown.narrowed.more
    of_role = client.get(address, {"role": "user", "skip": "60"}).context["shown"]

    assert [len(one) for one in seen] == [30, 30, 10]
    assert sorted(name for part in seen for name in part) == [f"Person {number:02}" for number in range(70)]
    assert (len(of_role.people), of_role.has_more, of_role.breadth.people) == (5, False, 70)
    assert client.get(address, {"skip": "9" * 18}).context["shown"].people == []
    assert asked == "skip=60"
