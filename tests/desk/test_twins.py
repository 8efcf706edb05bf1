"""People who may be known twice: shown pair by pair, by what they have in common, until somebody decides."""

import pytest

from contacts import twins as looking
from contacts.companies import create_company
from contacts.matching import sort_key
from contacts.merging import cut_merge, merge_contacts
from contacts.models import Contact, Membership, NotTheSame
from contacts.twins import twins
from staff.models import Role
from staff.policy import Principal
from tests.callers import make_caller
from tests.desk.scenes import at_desk, queries_for
from tests.factories import make_user
from tests.funnel.worlds import install, person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _path() -> None:
    install()


def known(name: str, *emails: str, phone: str = "", **more) -> Contact:
    phones = [phone] if phone else []
    return person(name=name, sort_key=sort_key(name), emails=list(emails), phones=phones, **more)


def found(by: Principal, along: str) -> list[tuple]:
    return [(str(one.first), str(one.second), one.by) for one in twins(by, along=along).pairs]


def test_two_are_shown_by_what_they_have_in_common_and_not_for_a_name_alone_that_others_may_have():
    everybody = Principal(user=make_user(role=Role.ADMIN))
    known("Aino Aalto", "aino@nordlogi.fi", phone="+358401")
    known("A. Aalto", "aalto@gmail.com", phone="+358401")
    known("Eetu Elo", "eetu@nordlogi.fi"), known("Eetu Elo", "e.elo@nordlogi.fi")
    known("Ida Ilves", "ida@gmail.com"), known("Ida Ilves", "ilves@gmail.com")
    known("Olli Oja", "olli@oja.fi"), known("OLLI OJA")
    works = create_company(by=everybody, name="Virta Oy")
    for one in (known("Ulla Uoti", "ulla@a.fi"), known("Ulla Uoti", "ulla@b.fi")):
        Membership.objects.create(contact=one, company=works)

    assert found(everybody, "phone") == [("Aino Aalto", "A. Aalto", "phone")]
    assert found(everybody, "name") == [
        ("Eetu Elo", "Eetu Elo", "name_and_domain"),
        ("Olli Oja", "OLLI OJA", "name_alone"),
        ("Ulla Uoti", "Ulla Uoti", "name_and_company"),
    ]


def test_the_page_shows_somebody_of_whom_only_a_name_is_known():
    client, _admin = at_desk(Role.ADMIN)
    known("Olli Oja", "olli@oja.fi"), known("Olli Oja")

    page = client.get("/contacts/twins?along=name")

    assert (page.status_code, b"of one nothing else is known" in page.content) == (200, True)


def test_whom_one_may_not_see_is_in_no_pair():
    client, seller = at_desk(Role.SALES)
    aino = known("Aino", "a@a.fi", phone="+358401")
    hidden = known("Salla Salainen", "b@b.fi", phone="+358401", owner=make_user())

    assert found(Principal(user=seller), "phone") == []
    assert client.post(f"/contacts/{aino.pk}/twins/{hidden.pk}/apart").status_code == 404


def test_a_page_goes_on_where_the_one_before_ended(monkeypatch):
    monkeypatch.setattr(looking, "GROUPS", 3)
    monkeypatch.setattr(looking, "PAIRS", 2)
    everybody = Principal(user=make_user(role=Role.ADMIN))
    for number in range(5):
        known(f"One {number}", phone=f"+35840{number}"), known(f"Two {number}", phone=f"+35840{number}")

    pages, after = [], ""
    while True:
        one = twins(everybody, along="phone", after=after)
        pages.append([pair.first.phones[0][-1] for pair in one.pairs])
        after = one.after
        if not after:
            break

    assert pages == [["0", "1"], ["2", "3"], ["4"]]


def test_they_are_said_to_be_two_and_that_is_taken_back_at_the_desk_and_by_programs():
    client, _admin = at_desk(Role.ADMIN)
    first, second = known("Aino", phone="+358401"), known("Aino Aalto", phone="+358401")
    address = f"/contacts/{first.pk}/twins/{second.pk}"
    assert f'/contacts/{first.pk}/merge/{second.pk}"' in client.get("/contacts/twins").content.decode()

    client.post(f"{address}/apart")
    assert "Nobody is known twice" in client.get("/contacts/twins").content.decode()
    client.post(f"{address}/together")
    assert NotTheSame.objects.count() == 0
    merge = merge_contacts(first=first, second=second)
    assert "one person already" in client.post(f"{address}/apart", follow=True).content.decode()
    cut_merge(merge=merge)

    program = make_caller("contacts:merge")
    [pair] = program.get("/api/v1/twins?along=phone").json()["results"]
    assert pair == {"contacts": [first.pk, second.pk], "names": ["Aino", "Aino Aalto"], "by": "phone"}
    assert program.post("/api/v1/twins", {"contacts": [second.pk, first.pk]}).status_code == 204
    assert program.get("/api/v1/twins").json() == {"results": [], "after": ""}
    assert program.get("/api/v1/twins?along=shoe").status_code == 400


def test_the_page_costs_as_many_queries_however_many_pairs_there_are():
    client, _admin = at_desk(Role.ADMIN)
    known("Aino 0", phone="+358400"), known("Aalto 0", phone="+358400")
    few = len(queries_for(client, "/contacts/twins"))
    for number in range(1, 9):
        known(f"Aino {number}", phone=f"+35840{number}"), known(f"Aalto {number}", phone=f"+35840{number}")

    assert len(queries_for(client, "/contacts/twins")) == few
