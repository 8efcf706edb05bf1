"""Two companies put together at the desk and over the API: side by side, sent, told, undone; and who may not."""

import pytest

from contacts.companies import create_company, join_company, update_company
from contacts.models import Company, CompanyGiving, CompanyMerge, Membership
from funnel.advancing import advance_everything
from staff.models import Role
from staff.policy import Principal
from tests.callers import make_caller
from tests.desk.scenes import ago, asker, at_desk, buyer
from tests.factories import make_team, make_user
from tests.funnel.worlds import install

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _path() -> None:
    install()


def company(name: str, **fields) -> Company:
    return create_company(by=Principal(), name=name, **fields)


def two() -> tuple[Company, Company]:
    """The newer one has more people, so its page stays."""
    small, large = company("Nordlogi Ab", domains=["nordlogi.se"], country="SE"), company("Nordlogi Oy", country="FI")
    join_company(contact=buyer(ago(2), name="Buyer"), company=small, by=Principal(), role="decision_maker")
    for name in ("One", "Two"):
        join_company(contact=asker(ago(3), name=name), company=large, by=Principal())
    advance_everything()
    return small, large


def test_two_companies_are_seen_side_by_side_made_one_and_undone():
    client, _user = at_desk()
    small, large = two()

    whom = client.get(f"/companies/{small.pk}/merge")
    assert [str(one) for one in whom.context["found"]] == ["Nordlogi Oy"]
    beside = client.get(f"/companies/{small.pk}/merge/{large.pk}")
    assert (beside.context["kept"], [one.people for one in beside.context["around"]]) == (large, [2, 1])
    assert [(one.name, one.shown) for one in beside.context["differing"]] == [
        ("name", ("Nordlogi Oy", "Nordlogi Ab")),
        ("country", ("Finland", "Sweden")),
    ]

    answer = client.post(f"/companies/{small.pk}/merge/{large.pk}", {"f.name": "0", "f.country": "1"})

    page = client.get(answer["Location"])
    [said] = page.context["messages"]
    assert (answer["Location"], said.message) == (
        f"/companies/{large.pk}",
        "Nordlogi Oy and Nordlogi Ab are one company now.",
    )
    shown = page.context["shown"]
    assert (shown.company.country, shown.breadth.people, shown.headline) == (
        "SE",
        3,
        "1 of 3 is a customer; every decision maker is one.",
    )
    assert [one.who.name for one in shown.timeline.entries if one.entry.event] == ["Buyer", "Two", "One"]
    found = client.get("/contacts", {"filter": f'{{"field":"company","is":{small.pk}}}'})
    assert {line.name for line in found.context["rows"]} == {"Buyer", "One", "Two"}
    [sentence] = found.context["sentences"]
    assert (str(sentence.line.ask.phrase), [str(one) for one in sentence.chosen]) == ("has a place in", ["Nordlogi Oy"])
    gone = client.get(f"/companies/{small.pk}")
    assert (gone.status_code, gone["Location"]) == (302, f"/companies/{large.pk}")
    assert [line.name for line in client.get("/companies").context["lines"]] == ["Nordlogi Oy"]
    assert b"Nordlogi Ab" in client.get(f"/companies/{large.pk}/merges").content

    client.post(said.extra_tags)
    assert {line.name for line in client.get("/companies").context["lines"]} == {"Nordlogi Oy", "Nordlogi Ab"}
    assert Membership.objects.filter(company=small).get().contact.name == "Buyer"
    again = client.post(said.extra_tags)
    [refused] = [one.message for one in client.get(again["Location"]).context["messages"]][-1:]
    assert refused == "This merge has been taken back already."


def test_the_trail_says_who_was_given_a_place_and_where():
    client, _user = at_desk()
    two()

    lines = client.get("/settings/trail").context["records"]

    assert [(one["of"].word, one["of"].name) for one in lines if one["of"] and "place" in one["of"].word] == [
        ("place in a company", "Two, Nordlogi Oy"),
        ("place in a company", "One, Nordlogi Oy"),
        ("place in a company", "Buyer, Nordlogi Ab"),
    ]


def test_a_detail_chosen_beside_the_other_is_nothing_where_that_one_says_nothing():
    client, _user = at_desk()
    small, large = two()
    Company.objects.filter(pk=large.pk).update(country="")

    client.post(f"/companies/{small.pk}/merge/{large.pk}", {"f.name": "0", "f.country": "0"})

    assert Company.objects.get(pk=large.pk).country == ""


def test_pairs_are_shown_and_said_to_be_two():
    client, _user = at_desk()
    small, large = two()

    def shown():
        return [one.pair for one in client.get("/companies/twins").context["pairs"]]

    assert shown() == [(small, large)]
    client.post(f"/companies/{small.pk}/twins/{large.pk}/apart")
    assert shown() == []
    client.post(f"/companies/{small.pk}/twins/{large.pk}/together")
    assert shown() == [(small, large)]


def test_a_seller_makes_one_only_of_companies_they_see():
    client, seller = at_desk(Role.SALES)
    mine, theirs = company("Mine", owner=seller), company("Theirs", owner=make_user())

    assert client.get(f"/companies/{mine.pk}/merge/{theirs.pk}").status_code == 404
    assert client.post(f"/companies/{mine.pk}/merge/{theirs.pk}").status_code == 404
    assert CompanyMerge.objects.count() == 0


def test_programs_merge_and_cut_and_find_the_one_by_the_id_of_the_other():
    caller = make_caller("contacts:read", "contacts:merge", "contacts:write")
    small, large = two()

    pairs = caller.get("/api/v1/company-twins").json()
    assert pairs == {
        "results": [{"companies": [small.pk, large.pk], "names": ["Nordlogi Ab", "Nordlogi Oy"], "common": "nordlogi"}],
        "after": "",
    }
    answer = caller.post("/api/v1/company-merges", {"kept": large.pk, "gone": small.pk, "take": ["country"]})
    merge = answer.json()
    assert (answer.status_code, merge["places"], merge["domains"], merge["fields"]) == (
        201,
        1,
        ["nordlogi.se"],
        {"country": ["FI", "SE"]},
    )
    assert caller.get(f"/api/v1/companies/{small.pk}").json()["id"] == large.pk
    assert [one["id"] for one in caller.get("/api/v1/companies").json()["results"]] == [large.pk]
    refused = caller.post("/api/v1/company-merges", {"kept": large.pk, "gone": small.pk})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "already_one")

    taker = caller.post("/api/v1/companies", {"name": "Taker", "domains": ["nordlogi.se"]})
    assert (taker.status_code, taker.json()["existing"]) == (409, large.pk)
    caller.patch(f"/api/v1/companies/{large.pk}", {"domains": []})
    taker = caller.post("/api/v1/companies", {"name": "Taker", "domains": ["nordlogi.se"]}).json()
    conflict = caller.post(f"/api/v1/company-merges/{merge['id']}/cut")
    assert (conflict.status_code, conflict.json()["existing"]) == (409, taker["id"])
    caller.patch(f"/api/v1/companies/{taker['id']}", {"domains": []})

    cut = caller.post(f"/api/v1/company-merges/{merge['id']}/cut").json()
    assert cut["cut_at"] is not None
    assert caller.get(f"/api/v1/companies/{small.pk}").json()["domains"] == ["nordlogi.se"]
    assert [one["id"] for one in caller.get("/api/v1/company-merges").json()["results"]] == [merge["id"]]
    assert caller.post("/api/v1/company-twins", {"companies": [small.pk, large.pk]}).status_code == 204
    assert caller.get("/api/v1/company-twins").json()["results"] == []


def test_several_are_given_an_owner_at_once_and_each_has_its_own_again():
    client, user = at_desk()
    other, team = make_user(), make_team()
    first, second, third = company("A", owner=other), company("B"), company("C", owner=user, team=team)
    chosen = {"id": [first.pk, second.pk]}

    assert client.get("/companies/give", chosen).context["number"] == 2
    refused = client.post("/companies/give", chosen)
    assert (refused.status_code, refused.context["error"]) == (422, "Choose an owner or a team.")
    answer = client.post("/companies/give", chosen | {"p.owner": user.pk, "p.team": team.pk, "q": "a"})
    [said] = client.get(answer["Location"]).context["messages"]
    assert (answer["Location"], said.message) == ("/companies?q=a", "2 companies are given.")
    assert set(Company.objects.values_list("owner", "team")) == {(user.pk, team.pk)}

    everybody = client.post("/companies/give", {"all": "1", "owner": "me", "p.owner": "none"})
    [all_given] = list(client.get(everybody["Location"]).context["messages"])[-1:]
    assert Company.objects.filter(owner=None, team=team).count() == 3
    client.post(all_given.extra_tags)
    update_company(company=second, by=Principal(), owner_id=other.pk)
    back = client.post(said.extra_tags)
    [told] = [one.message for one in client.get(back["Location"]).context["messages"]][-1:]
    assert told == "1 company is as it was. 1 was given away since and stays."
    assert list(Company.objects.order_by("name").values_list("owner", "team")) == [
        (other.pk, None),
        (other.pk, team.pk),
        (user.pk, team.pk),
    ]
    stranger, _user = at_desk()
    assert stranger.post(said.extra_tags).status_code == 404
    assert client.post(said.extra_tags).status_code == 302
    assert third.pk not in CompanyGiving.objects.order_by("pk").values_list("before", flat=True)[0]


def test_a_seller_gives_only_companies_they_see_and_hears_how_many_are_found():
    client, seller = at_desk(Role.SALES)
    mine, theirs = company("Mine", owner=seller), company("Theirs", owner=make_user())

    client.post("/companies/give", {"id": [mine.pk, theirs.pk], "p.owner": "none"})

    assert dict(Company.objects.values_list("name", "owner")) == {"Mine": None, "Theirs": theirs.owner_id}
    admin, _user = at_desk()
    counts = [admin.get("/companies/count", asked).context["total"] for asked in ({}, {"owner": "none"}, {"q": "zzz"})]
    assert counts == [2, 1, 0]


def test_two_chosen_in_the_list_are_put_beside_each_other():
    client, _user = at_desk()
    small, large = two()
    assert client.get("/companies/merge", {"id": [small.pk, large.pk]})["Location"].endswith(
        f"/{small.pk}/merge/{large.pk}"
    )
    assert client.get("/companies/merge", {"id": [small.pk]})["Location"] == "/companies"


def test_programs_give_several_companies_and_take_it_back():
    caller, owner = make_caller("contacts:read", "contacts:write"), make_user()
    first, second = company("A"), company("B", owner=owner)
    ids = [first.pk, second.pk, 10**9]

    given = caller.post("/api/v1/companies/give", {"companies": ids, "owner": owner.pk}).json()
    assert (given["changed"], set(Company.objects.values_list("owner", flat=True))) == (1, {owner.pk})
    refused = caller.post("/api/v1/companies/give", {"companies": ids, "team": 10**9})
    assert [(one["pointer"], one["code"]) for one in refused.json()["errors"]] == [("/team", "unknown")]
    undone = caller.post(f"/api/v1/companies/given/{given['id']}/undo").json()
    assert (undone, Company.objects.get(pk=first.pk).owner) == ({"id": given["id"], "changed": 1}, None)
    assert caller.post(f"/api/v1/companies/given/{given['id']}/undo").status_code == 422
    assert make_caller("contacts:write").post(f"/api/v1/companies/given/{given['id']}/undo").status_code == 404
