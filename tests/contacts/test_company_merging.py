"""Two companies that turn out to be one: what follows, what waits, and that cutting the merge gives all of it back."""

from datetime import date
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from contacts.companies import create_company, drop_membership, join_company, join_named, update_company
from contacts.company_merging import cut_company_merge, merge_companies
from contacts.company_twins import company_twins, say_two_companies, unsay_two_companies
from contacts.erasing import erase_contact, finish_erasures
from contacts.models import Company, CompanyMerge, Contact, Membership, NameMark, NotThere, PlaceAside, Tie
from contacts.naming_anew import work_off_name_marks
from contacts.network import add_tie, network_of
from staff.models import AuditRecord, Role
from staff.policy import Principal
from tests.factories import make_user
from tests.funnel.worlds import install, person

pytestmark = pytest.mark.django_db
US = Principal()
TODAY = date(2026, 11, 22)


@pytest.fixture(autouse=True)
def _path() -> None:
    install()


def company(name: str, **fields) -> Company:
    return create_company(by=US, name=name, **fields)


def everything() -> dict[str, list[Any]]:
    """What stands of companies, their people and their ties, but for when and how often a row was written."""
    shown = ("name", "domains", "country", "owner", "custom", "external_id", "merged_into", "search", "sort_key")
    return {
        "companies": list(Company.objects.order_by("pk").values(*shown)),
        "places": list(Membership.objects.order_by("pk").values()),
        "ties": list(Tie.objects.order_by("pk").values()),
        "not_there": list(NotThere.objects.order_by("pk").values("contact", "company")),
        "found_by": list(Contact.objects.order_by("pk").values_list("pk", "search")),
    }


def two() -> tuple[Company, Company]:
    """Nordlogi Oy, and Nordlogi Ab with a former and two present people, one of whom both know, with ties and words."""
    kept = company("Nordlogi Oy", domains=["nordlogi.fi"], country="FI")
    gone = company("Nordlogi Ab", domains=["nordlogi.se"], custom={"size": "9"}, external_id="crm-9", owner=make_user())
    partner, rival = company("Partner Oy"), company("Rival Oy")
    both = person(name="Both")
    join_company(contact=both, company=kept, by=US, title="CEO")
    join_company(contact=both, company=gone, by=US, role="decision_maker", title="VD", since=date(2024, 1, 1))
    join_company(contact=person(name="Swede"), company=gone, by=US, role="user")
    join_company(contact=person(name="Former"), company=gone, by=US, until=date(2025, 1, 1))
    add_tie(company=gone, other=partner, kind="partner", by=US)
    add_tie(company=kept, other=rival, kind="competitor", by=US)
    add_tie(company=gone, other=rival, kind="competitor", by=US)
    add_tie(company=kept, other=gone, kind="owner", by=US)
    NotThere.objects.create(contact=person(name="Stranger"), company=gone)
    return kept, gone


def around(kept: Company) -> dict[str, set[Any]]:
    places = kept.memberships.values_list("contact__name", "role", "title", "until")
    found = network_of(Principal(user=make_user(role=Role.ADMIN)), kept, today=TODAY)
    return {"places": set(places), "ties": {(one.kind, str(one.company)) for one in found if one.company}}


def test_what_stands_around_the_one_follows_to_the_other_and_cutting_gives_all_of_it_back():
    kept, gone = two()
    before = everything()

    merge = merge_companies(kept=kept, gone=gone, by=US, take=["custom.size"])

    kept.refresh_from_db()
    assert around(kept) == {
        "places": {
            ("Both", "decision_maker", "CEO", None),
            ("Swede", "user", "", None),
            ("Former", "", "", date(2025, 1, 1)),
        },
        "ties": {("partner", "Partner Oy"), ("competitor", "Rival Oy")},
    }
    assert (kept.name, kept.domains, kept.country) == ("Nordlogi Oy", ["nordlogi.fi", "nordlogi.se"], "FI")
    assert (kept.custom, kept.external_id, kept.owner) == ({"size": "9"}, "crm-9", gone.owner)
    assert NotThere.objects.get().company == kept
    admin = Principal(user=make_user(role=Role.ADMIN))
    assert [str(one) for one in Company.objects.visible_to(admin).mentioning("nordlogi ab")] == ["Nordlogi Oy"]
    assert [str(one) for one in Contact.objects.mentioning("nordlogi oy").order_by("name")] == ["Both", "Swede"]

    cut_company_merge(merge=merge, by=US)

    assert everything() == before
    assert PlaceAside.objects.count() == 0
    done = AuditRecord.objects.filter(action__in=["companies_merged", "company_merge_cut"])
    assert [(one.action, one.object_id, one.detail) for one in done.order_by("pk")] == [
        ("companies_merged", kept.pk, {"company": gone.pk}),
        ("company_merge_cut", kept.pk, {"company": gone.pk}),
    ]


def test_what_came_or_changed_since_is_not_lost_when_the_merge_is_cut():
    kept, gone = two()
    merge = merge_companies(kept=kept, gone=gone, by=US)
    join_company(contact=person(name="Newcomer"), company=gone, by=US)  # by a page that was open since before
    update_company(company=Company.objects.get(pk=kept.pk), by=US, country="SE", custom={"size": "10"})
    drop_membership(membership=Membership.objects.get(contact__name="Swede"), by=US)

    cut_company_merge(merge=merge, by=US)

    kept, gone = Company.objects.get(pk=kept.pk), Company.objects.get(pk=gone.pk)
    assert (kept.country, kept.custom, gone.custom) == ("SE", {"size": "10"}, {"size": "9"})
    assert set(kept.memberships.values_list("contact__name", flat=True)) == {"Both", "Newcomer"}
    assert set(gone.memberships.values_list("contact__name", flat=True)) == {"Both", "Former"}


def test_a_merge_is_cut_after_those_that_came_later_and_a_place_that_waits_follows_then():
    first, second, third = company("A"), company("B"), company("C")
    who = person(name="Everywhere")
    for one in (second, third):
        join_company(contact=who, company=one, by=US, title=one.name)
    former = merge_companies(kept=first, gone=second, by=US)
    latter = merge_companies(kept=first, gone=third, by=US)
    assert list(first.memberships.values_list("title", flat=True)) == ["B"]

    cut_company_merge(merge=former, by=US)

    assert list(first.memberships.values_list("title", flat=True)) == ["C"]
    assert list(second.memberships.values_list("title", flat=True)) == ["B"]
    over = merge_companies(kept=second, gone=first, by=US)
    with pytest.raises(ValidationError, match="A is one with another company since"):
        cut_company_merge(merge=latter, by=US)
    cut_company_merge(merge=over, by=US)
    cut_company_merge(merge=latter, by=US)
    assert [list(it.memberships.values_list("title", flat=True)) for it in (first, second, third)] == [[], ["B"], ["C"]]
    with pytest.raises(ValidationError, match="taken back already"):
        cut_company_merge(merge=latter, by=US)


def test_a_domain_that_another_company_took_meanwhile_is_told():
    kept, gone = two()
    merge = merge_companies(kept=kept, gone=gone, by=US)
    update_company(company=kept, by=US, domains=["nordlogi.fi"])
    taker = company("Taker", domains=["nordlogi.se"])

    with pytest.raises(ValidationError) as refused:
        cut_company_merge(merge=merge, by=Principal(user=make_user(role=Role.ADMIN)))

    [error] = refused.value.error_dict["domains"]
    assert (error.code, error.message % error.params) == (
        "already_exists",
        "Another company has nordlogi.se now: Taker.",
    )
    update_company(company=taker, by=US, domains=[])
    cut_company_merge(merge=merge, by=US)
    assert Company.objects.get(pk=gone.pk).domains == ["nordlogi.se"]


def test_who_comes_by_the_name_or_the_id_of_the_one_that_is_gone_comes_to_the_other():
    kept, gone = two()
    merge_companies(kept=kept, gone=gone, by=US)
    who = person(name="Imported")

    join_named(contact_id=who.pk, name="Nordlogi AB", by=US)

    assert who.memberships.get().company == kept
    with pytest.raises(ValidationError) as refused, transaction.atomic():
        create_company(by=Principal(user=make_user(role=Role.ADMIN)), name="Nordlogi again", external_id="crm-9")
    assert refused.value.error_dict["external_id"][0].params == {"existing": kept.pk}


def test_latterthat_are_one_already_and_details_that_nobody_knows_are_refused():
    kept, gone = two()
    with pytest.raises(ValidationError, match="one company already"):
        merge_companies(kept=kept, gone=kept, by=US)
    with pytest.raises(ValidationError, match="“people” cannot be chosen"):
        merge_companies(kept=kept, gone=gone, by=US, take=["people"])
    merge_companies(kept=kept, gone=gone, by=US)
    for one, other in ((kept, gone), (gone, kept)):
        with pytest.raises(ValidationError, match="Nordlogi Ab is one with another company already"):
            merge_companies(kept=one, gone=other, by=US)
    assert CompanyMerge.objects.count() == 1


def test_a_place_that_waits_is_forgotten_with_the_person():
    kept, gone = two()
    merge = merge_companies(kept=kept, gone=gone, by=US)
    erase_contact(contact=Contact.objects.get(name="Both"), by=US)
    finish_erasures()

    assert PlaceAside.objects.count() == 0
    cut_company_merge(merge=merge, by=US)
    assert set(Membership.objects.values_list("contact__name", flat=True)) == {"Swede", "Former"}


def test_pairs_are_proposed_by_name_but_for_its_form_and_by_domains_below_until_they_are_said_to_be_two():
    admin = Principal(user=make_user(role=Role.ADMIN))
    oy, ab = company("Nordlogi Oy", domains=["nordlogi.fi"]), company("NORDLOGI, Ab.")
    shop = company("The shop", domains=["shop.nordlogi.fi"])
    company("Nordlogi Cargo Oy")
    company("Oy")

    def pairs(along: str) -> list[Any]:
        return [(one.first, one.second, one.common) for one in company_twins(admin, along=along).pairs]

    assert pairs("name") == [(oy, ab, "nordlogi")]
    assert pairs("domain") == [(oy, shop, "nordlogi.fi")]
    say_two_companies(by=admin, first=ab, second=oy)
    assert pairs("name") == []
    unsay_two_companies(by=admin, first=oy, second=ab)
    merge_companies(kept=oy, gone=ab, by=admin)
    assert pairs("name") == []


def test_pairs_are_told_page_by_page():
    admin = Principal(user=make_user(role=Role.ADMIN))
    for number in range(40):
        for form in ("Oy", "Ab"):
            company(f"Firma {number:02} {form}")

    first = company_twins(admin, along="name")
    rest = company_twins(admin, along="name", after=first.after)

    assert (len(first.pairs), first.after, len(rest.pairs), rest.after) == (25, "firma 24", 15, "")


def test_who_are_many_are_found_by_the_new_name_when_a_worker_comes_by(monkeypatch):
    monkeypatch.setattr("contacts.naming_anew.AT_ONCE", 1)
    kept, gone = two()
    before, erased = everything(), person(name="Erased")
    join_company(contact=erased, company=gone, by=US)

    def found(name: str) -> set[str]:
        return set(Contact.objects.listed().mentioning(name).values_list("name", flat=True))

    merge = merge_companies(kept=kept, gone=gone, by=US)
    erase_contact(contact=erased, by=US)
    assert ("Swede" in found("nordlogi oy"), "Swede" in found("nordlogi ab")) == (False, True)
    assert (work_off_name_marks(), NameMark.objects.count()) == (3, 0)
    assert (found("nordlogi oy"), found("nordlogi ab")) == ({"Both", "Swede"}, set())

    cut_company_merge(merge=merge, by=US)
    work_off_name_marks()
    finish_erasures()
    found_by = {pk: search for pk, search in everything()["found_by"] if pk != erased.pk}
    assert found_by == dict(before["found_by"])
    update_company(company=gone, by=US, name="Svealogi Ab")
    assert work_off_name_marks() == 2
    assert found("svealogi") == {"Both", "Swede"}


def test_a_merge_asks_no_more_of_the_database_the_more_people_follow():
    def merged(number: int) -> int:
        kept, gone = company(f"Kept {number}"), company(f"Gone {number}")
        for place in range(number):
            both = person(name=f"Both {place}")
            join_company(contact=both, company=kept, by=US)
            join_company(contact=both, company=gone, by=US, role="user", title="Engineer")
            join_company(contact=person(name=f"There {place}"), company=gone, by=US)
        with CaptureQueriesContext(connection) as asked:
            merge = merge_companies(kept=kept, gone=gone, by=US)
        with CaptureQueriesContext(connection) as asked_to_cut:
            cut_company_merge(merge=merge, by=US)
        return len(asked) + len(asked_to_cut)

    assert merged(2) == merged(9)


def test_what_is_chosen_holds_also_where_it_is_nothing():
    kept = company("Nordlogi Oy", external_id="erp-1")
    gone = company("Nordlogi Ab", country="SE", custom={"size": "9"}, external_id="crm-9")

    merge = merge_companies(kept=kept, gone=gone, by=US, keep=["country", "custom.size"], take=["external_id"])

    kept.refresh_from_db()
    assert (kept.country, kept.custom, kept.external_id) == ("", {}, "crm-9")
    assert merge.fields == {"external_id": ["erp-1", "crm-9"]}
    cut_company_merge(merge=merge, by=US)
    with pytest.raises(ValidationError) as refused:
        merge_companies(kept=kept, gone=gone, by=US, keep=["country"], take=["country"])
    assert refused.value.message_dict == {"keep": ["“country” cannot be chosen."]}
