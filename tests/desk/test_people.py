"""The list of people: search, stage, pages."""

import pytest
from django.test import Client

from contacts.models import Company, Membership
from contacts.projecting import project
from crm.desk.people.vocabulary import forget
from funnel.advancing import advance_everything
from staff.models import Role
from tests.desk.scenes import ago, asker, at_desk, buyer, queries_for
from tests.factories import make_contact, make_user
from tests.funnel.worlds import happened, install, person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _path() -> None:
    install()
    forget()


def names(client: Client, **parameters: str) -> list[str]:
    return [row.name for row in client.get("/contacts", parameters).context["rows"]]


def named(name: str) -> None:
    """Somebody as the door makes them, so that search finds them."""
    contact = make_contact(name=name)
    happened(contact, "contact_created", ago(1), properties={"name": name})
    project([contact.pk])


def test_search_finds_with_and_without_accents_from_the_beginning_of_words():
    client, _user = at_desk()
    named("Åsa Hämäläinen")
    named("Matti Hamari")

    assert names(client, q="ham") == ["Matti Hamari", "Åsa Hämäläinen"]
    assert names(client, q="hämäl") == ["Åsa Hämäläinen"]
    assert names(client, q="hämari") == ["Matti Hamari"]
    assert names(client, q="asa") == ["Åsa Hämäläinen"]
    assert names(client, q="lainen") == []


@pytest.mark.parametrize("words", ["%", "' OR 1=1 --", "\x00", "\ud800", "a" * 5000, "(", ":*", "&", "🌲"])
def test_odd_words_find_nobody_and_break_nothing(words):
    client, _user = at_desk()
    named("Aino")

    answer = client.get("/contacts", {"q": words.encode("utf-8", "surrogatepass")})

    assert answer.status_code in {200, 302, 400}


def test_the_stage_narrows_the_list_and_an_unknown_one_does_not():
    client, _user = at_desk()
    buyer(ago(2), name="Buyer")
    asker(ago(2), name="Asker")
    advance_everything()

    assert names(client, stage="customer") == ["Buyer"]
    assert names(client, stage="advocate") == []
    assert names(client, stage="customer,lead") == ["Asker", "Buyer"]
    assert names(client, stage="nonsense") == ["Asker", "Buyer"]


def test_a_line_tells_stage_health_score_and_companies_they_still_have():
    client, user = at_desk()
    aino = buyer(ago(3), name="Aino", owner=user, custom={"fit": "B"}, tags=["vip"])
    for name, until in (("Nordlogi Oy", None), ("Former Oy", "2025-01-01")):
        Membership.objects.create(contact=aino, company=Company.objects.create(name=name), until=until)
    advance_everything()

    page = client.get("/contacts")
    [line] = page.context["rows"]

    assert (line.companies, line.owner, line.fit, line.tags) == ("Nordlogi Oy", user.pk, "B", ["vip"])
    for shown in ("Customer", "3 d", "Active", "Order", "vip", "Nordlogi Oy"):
        assert shown in page.text


def test_visitors_erased_people_and_members_of_others_are_not_listed():
    client, _user = at_desk()
    person(known=False)
    leader = person(name="Leader")
    person(name="Member", leader=leader)

    assert names(client) == ["Leader"]


def test_sales_see_their_own_and_what_nobody_owns():
    client, seller = at_desk(Role.SALES)
    person(name="Own", owner=seller)
    person(name="Nobody's")
    person(name="Another's", owner=make_user())

    assert sorted(names(client)) == ["Nobody's", "Own"]


def test_pages_follow_each_other_there_and_back():
    client, _user = at_desk()
    for number in range(120):
        person(name=f"Person {number:03}")

    seen, address = [], "/contacts"
    while address:
        page = client.get(address).context
        seen.append([row.name for row in page["rows"]])
        address, last = page["found"].next, page["found"]

    assert [len(page) for page in seen] == [50, 50, 20]
    assert sorted(name for page in seen for name in page) == [f"Person {number:03}" for number in range(120)]
    assert [row.name for row in client.get(last.previous).context["rows"]] == seen[1]


@pytest.mark.parametrize(
    "query", ["cursor=made-up", "cursor=", "limit=0", "limit=x", "ordering=password", "cursor=a&cursor=b"]
)
def test_an_address_somebody_made_up_leads_to_the_list(query):
    client, _user = at_desk()

    answer = client.get(f"/contacts?{query}", follow=True)

    assert (answer.status_code, answer.request["PATH_INFO"]) == (200, "/contacts")


def test_nobody_known_and_nobody_found_are_said_apart():
    client, _user = at_desk()

    assert "Nobody is known yet." in client.get("/contacts").text
    assert "Nobody is found this way." in client.get("/contacts", {"q": "zzz"}).text


def test_the_list_asks_no_more_for_60_people_than_for_3():
    client, user = at_desk()
    company = Company.objects.create(name="Nordlogi Oy")

    def asked_with(more: int) -> int:
        for number in range(more):
            contact = buyer(ago(2), name=f"Buyer {number}", owner=user)
            Membership.objects.create(contact=contact, company=company)
        advance_everything()
        return len(queries_for(client, "/contacts?limit=200"))

    assert asked_with(3) == asked_with(57) <= 4
